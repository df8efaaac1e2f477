import type { ElementCode } from 'kinescope-chat/contract'
import { IDENTITY_SCENARIOS } from './identity-scenarios.js'
import type { Answer, Expectation, Scenario, Setup, Step, Text } from './scenario.js'

/** The part of a scenario that its name doesn't already tell. */
interface Sketch {
  title: Text
  about: Text
  setup?: Setup
  steps?: readonly Step[]
  expect?: Expectation
  within?: number
}

const text = (en: string, ru: string): Text => ({ en, ru })
const scripted = (...endpoint: Answer[]): Setup => ({ endpoint })
const readyFirst: Step = { do: 'wait-for', state: 'ready' }

/** A short-lived token, refreshed after five seconds instead of after most of an hour. */
const SHORT = { kind: 'token', ttl: 60, refreshIn: 5 } as const
const LONG = { kind: 'token' } as const
/** The tester starts to type before this token is refreshed, and leaves the chat before it expires. */
const TYPING = { kind: 'token', ttl: 90, refreshIn: 15 } as const
const TYPE_SECONDS = 12
const LEAVE_SECONDS = 45

/** One scenario for each code that can reach a page: a code without one doesn't compile. */
const BY_CODE: Record<ElementCode, Sketch> = {
  'sign-in-required': {
    title: text('A signed-out visitor', 'Посетитель не вошёл'),
    about: text('You are signed out; the site’s /me answers 401.', 'Вы вышли; /me сайта отвечает 401.'),
    setup: { visitor: 'signed-out' },
  },
  'name-required': {
    title: text('A guest without a name', 'Гость без имени'),
    about: text('The token server asks for a name first.', 'Сервер токенов сначала спрашивает имя.'),
    setup: { visitor: 'signed-out', identity: { sources: 'guest', asksNames: true, brings: 'nothing' } },
  },
  'access-denied': {
    title: text('A banned visitor', 'Посетитель заблокирован'),
    about: text('The site’s /me answers 403.', '/me сайта отвечает 403.'),
    setup: { visitor: 'banned' },
  },
  'event-not-allowed': {
    title: text('A stream outside the list', 'Трансляции нет в списке'),
    about: text('The token server’s CHAT_EVENTS lacks this stream.', 'Трансляции нет в CHAT_EVENTS сервера.'),
    setup: { event: 'unlisted' },
  },
  'origin-not-allowed': {
    title: text('A page outside the list', 'Страницы нет в списке'),
    about: text(
      'A second token server behind this site’s proxy. Its CHAT_ALLOWED_ORIGINS lacks this page.',
      'Второй сервер за прокси этого сайта. В его CHAT_ALLOWED_ORIGINS нет этой страницы.',
    ),
    setup: { server: 'other-origin' },
  },
  'bad-request': {
    title: text('A malformed request', 'Неверный запрос'),
    about: text(
      'An event-id of 5,000 characters: more than the server reads.',
      'event-id из 5000 знаков: больше, чем читает сервер.',
    ),
    setup: { event: 'oversized' },
  },
  'identity-expired': {
    title: text('Identity token expired', 'Токен идентификации истёк'),
    about: text(
      'The identity token expired while you watched. The chat stays, and a banner offers to reload the page.',
      'Токен идентификации истёк во время просмотра. Чат остаётся, баннер предлагает обновить страницу.',
    ),
    setup: scripted(SHORT, { kind: 'problem', status: 401, code: 'identity-expired' }),
    steps: [readyFirst],
    expect: { events: ['ready', 'error'], frames: 1 },
    within: 40,
  },
  'rate-limited': {
    title: text('Too many requests', 'Слишком много запросов'),
    about: text(
      'A second token server with a very low limit gets several requests. The open chat stays.',
      'Второй сервер с очень низким лимитом получает запросы подряд. Открытый чат остаётся.',
    ),
    setup: { server: 'low-limit' },
    steps: [readyFirst, ...Array.from({ length: 4 }, (): Step => ({ do: 'reload' }))],
    expect: { state: 'refreshing', events: ['ready', 'error'], frames: 1 },
  },
  'identity-unavailable': {
    title: text('The identity endpoint fails', 'Сайт не может определить посетителя'),
    about: text('The site’s /me answers 500.', '/me сайта отвечает 500.'),
    setup: { visitor: 'unknowable' },
  },
  overloaded: {
    title: text('The token server is overloaded', 'Сервер перегружен'),
    about: text(
      '503 with Retry-After, from the scripted endpoint.',
      '503 с Retry-After от сценарного сервера.',
    ),
    setup: scripted({ kind: 'problem', status: 503, code: 'overloaded', retryAfter: '7' }),
  },
  'server-error': {
    title: text('An error in the server', 'Ошибка сервера'),
    about: text('500, from the scripted endpoint.', '500 от сценарного сервера.'),
    setup: scripted({ kind: 'problem', status: 500, code: 'server-error' }),
  },
  'key-unavailable': {
    title: text('No signing key', 'Нет ключа подписи'),
    about: text('503, from the scripted endpoint.', '503 от сценарного сервера.'),
    setup: scripted({ kind: 'problem', status: 503, code: 'key-unavailable' }),
  },
  'key-not-registered': {
    title: text('The key isn’t registered', 'Ключ не зарегистрирован'),
    about: text(
      'The token server’s key was created and never registered.',
      'Ключ сервера создан, но не зарегистрирован.',
    ),
    setup: { server: 'unregistered-key' },
  },
  'key-expired': {
    title: text('The key has expired', 'Срок ключа истёк'),
    about: text(
      'At Kinescope, the expires_at of the token server’s key has passed.',
      'В Kinescope срок ключа сервера (expires_at) истёк.',
    ),
    setup: { server: 'expired-key' },
  },
  'event-not-found': {
    title: text('A stream that doesn’t exist', 'Трансляции не существует'),
    about: text(
      'The token server’s list has a stream that Kinescope doesn’t have.',
      'В списке сервера есть трансляция, которой нет в Kinescope.',
    ),
    setup: { server: 'unknown-stream', event: 'unknown' },
  },
  'token-malformed': {
    title: text('Not a token', 'Не токен'),
    about: text('The token in the response isn’t a JWT.', 'Токен в ответе — не JWT.'),
    setup: scripted({ kind: 'token', raw: 'this-is-no-token' }),
  },
  'claim-missing': {
    title: text('A token without a name', 'Токен без имени'),
    about: text('The username claim is missing.', 'Нет поля username.'),
    setup: scripted({ kind: 'token', claims: { username: undefined } }),
  },
  'bad-algorithm': {
    title: text('A token signed with HS256', 'Токен с подписью HS256'),
    about: text('Kinescope takes RS256 only.', 'Kinescope принимает только RS256.'),
    setup: scripted({ kind: 'token', header: { alg: 'HS256' } }),
  },
  'bad-audience': {
    title: text('The audience “Chat”', 'Получатель «Chat»'),
    about: text('aud must be "chat", in lower case.', 'aud должен быть "chat", строчными.'),
    setup: scripted({ kind: 'token', claims: { aud: 'Chat' } }),
  },
  'wrong-event': {
    title: text('A token for another stream', 'Токен для другой трансляции'),
    about: text('event_id isn’t the requested one.', 'event_id не тот, что запрошен.'),
    setup: scripted({ kind: 'token', claims: { event_id: 'another-stream' } }),
  },
  'token-expired': {
    title: text('Expired on arrival', 'Токен уже истёк'),
    about: text(
      'Twice in a row. The element retries only once.',
      'Дважды подряд. Элемент повторяет запрос только один раз.',
    ),
    setup: scripted({ kind: 'token', relativeClaims: { iat: -120, exp: -60 } }),
    expect: { tokenRequests: [2, 2] },
  },
  'token-not-yet-valid': {
    title: text('Not valid yet', 'Токен ещё не действует'),
    about: text('nbf is an hour ahead.', 'nbf на час впереди.'),
    setup: scripted({ kind: 'token', relativeClaims: { nbf: 3600 } }),
  },
  offline: {
    title: text('No network', 'Нет сети'),
    about: text('The page simulates a lost network.', 'Страница имитирует потерю сети.'),
    setup: { offline: true },
  },
  'endpoint-unreachable': {
    title: text('The token server is unreachable', 'Сервер токенов недоступен'),
    about: text('The connection breaks without a response.', 'Соединение обрывается без ответа.'),
    setup: scripted({ kind: 'drop' }),
  },
  'endpoint-timeout': {
    title: text('The token server doesn’t answer', 'Сервер токенов не отвечает'),
    about: text('No answer in 10 seconds.', 'Нет ответа 10 секунд.'),
    setup: scripted({ kind: 'hang' }),
    within: 25,
  },
  'endpoint-not-found': {
    title: text('A wrong token-url', 'Неверный token-url'),
    about: text(
      'The site has nothing at this address. The element retries three times, each time later.',
      'По этому адресу на сайте ничего нет. Элемент повторяет запрос трижды, каждый раз позже.',
    ),
    setup: { attributes: { 'token-url': '/there-is-nothing-here' } },
  },
  'endpoint-error': {
    title: text('A proxy’s error page', 'Страница ошибки от прокси'),
    about: text('502 with HTML.', '502 с HTML.'),
    setup: scripted({ kind: 'html', status: 502 }),
  },
  'endpoint-bad-reply': {
    title: text('A page in place of a token', 'Страница вместо токена'),
    about: text(
      '200 with HTML, as from a sign-in page. It isn’t the endpoint’s response, so the element retries three times.',
      '200 с HTML, как от страницы входа. Это ответил не сервер токенов, поэтому элемент пробует ещё три раза.',
    ),
    setup: scripted({ kind: 'html', status: 200 }),
  },
  'frame-blocked': {
    title: text('The page’s policy forbids the frame', 'Политика страницы запрещает фрейм'),
    about: text("Content-Security-Policy: frame-src 'none'", "Content-Security-Policy: frame-src 'none'"),
    setup: { policy: "frame-src 'none'" },
  },
  'frame-timeout': {
    title: text('The chat page doesn’t load', 'Страница чата не загружается'),
    about: text(
      'The emulator accepts the request and never responds.',
      'Эмулятор принимает запрос и не отвечает.',
    ),
    setup: { event: 'silent' },
    within: 30,
  },
  'event-id-missing': {
    title: text('A tag without event-id', 'Тег без event-id'),
    about: text('As some editors leave it.', 'Таким его может оставить редактор.'),
    setup: { event: 'none' },
    expect: { tokenRequests: [0, 0] },
  },
  'token-url-missing': {
    title: text('A tag without token-url, from npm', 'Тег без token-url, из npm'),
    about: text(
      'The package has no default; the standalone script does.',
      'У пакета нет значения по умолчанию; у отдельного файла есть.',
    ),
    setup: { script: 'npm' },
    expect: { tokenRequests: [0, 0] },
  },
}

/** The good paths, and a failure that the page can't see. */
const BY_PATH = {
  'first-load': {
    title: text('First load', 'Первая загрузка'),
    about: text(
      'Two lines of code, and you are in the chat under your name.',
      'Две строки кода, и вы в чате под своим именем.',
    ),
    expect: { inFrame: { verified: true }, events: ['ready'], noEvents: ['error'], tokenRequests: [1, 1] },
  },
  refresh: {
    title: text('Refresh', 'Обновление токена'),
    about: text(
      'A new token takes effect before the old one expires. The chat is never blank.',
      'Новый токен вступает в силу раньше, чем истечёт старый. Чат не мигает.',
    ),
    setup: scripted(SHORT, LONG),
    steps: [readyFirst, { do: 'wait', seconds: 5 }],
    expect: {
      events: ['ready', 'refresh'],
      noEvents: ['error'],
      framesSeen: 2,
      frames: 1,
      inFrame: { verified: true },
    },
  },
  'swap-while-typing': {
    title: text('Refresh while typing', 'Обновление во время ввода'),
    about: text(
      'Type something into the chat and don’t send it. The new token waits until you click outside the chat.',
      'Напишите что-нибудь в чат и не отправляйте. Новый токен ждёт, пока вы не щёлкнете вне чата.',
    ),
    setup: scripted(TYPING, LONG),
    steps: [
      readyFirst,
      { do: 'visitor-types', seconds: TYPE_SECONDS },
      { do: 'wait-for', state: 'refreshing' },
      { do: 'wait', seconds: 3 },
      { do: 'check', expect: { framesSeen: 1, noEvents: ['refresh', 'error'] } },
      { do: 'visitor-leaves', seconds: LEAVE_SECONDS },
    ],
    expect: { events: ['ready', 'refresh'], noEvents: ['error'], framesSeen: 2, frames: 1 },
    within: 60,
  },
  wake: {
    title: text('Hidden, then visible again', 'Вкладка скрыта и снова видна'),
    about: text(
      'A hidden page requests nothing. It refreshes as soon as it is visible.',
      'Скрытая страница ничего не запрашивает и обновляет токен, как только её видно.',
    ),
    setup: scripted(SHORT, LONG),
    steps: [
      readyFirst,
      { do: 'hide-page' },
      { do: 'wait', seconds: 7 },
      { do: 'check', expect: { tokenRequests: [1, 1] } },
      { do: 'show-page' },
    ],
    expect: { events: ['ready', 'refresh'], noEvents: ['error'] },
  },
  'offline-and-back': {
    title: text('Offline and back', 'Сеть пропала и вернулась'),
    about: text(
      'The refresh fails and the chat stays. The network returns and the refresh succeeds.',
      'Обновить токен не удалось, чат остаётся. Сеть вернулась, токен обновлён.',
    ),
    setup: scripted(SHORT, LONG),
    steps: [
      readyFirst,
      { do: 'go-offline' },
      { do: 'wait', seconds: 6 },
      { do: 'check', expect: { problem: 'offline', frames: 1 } },
      { do: 'come-online' },
    ],
    expect: { events: ['ready', 'error', 'refresh'] },
  },
  ban: {
    title: text('Banned while watching', 'Блокировка во время просмотра'),
    about: text(
      'The next refresh is rejected, and the chat closes.',
      'Следующее обновление отклонено, и чат закрывается.',
    ),
    setup: scripted({ ...SHORT, asksSite: true }),
    steps: [readyFirst, { do: 'ban' }, { do: 'wait', seconds: 4 }],
    expect: { state: 'error', problem: 'access-denied', events: ['ready', 'error'], frames: 0 },
  },
  'firewall-response': {
    title: text('A firewall responds instead', 'Вместо сервера отвечает защита сайта'),
    about: text(
      'Two refreshes get a challenge page, 403 with HTML. The chat stays, and the third refresh succeeds.',
      'Два обновления получают страницу проверки, 403 с HTML. Чат остаётся, третье обновление проходит.',
    ),
    setup: scripted(SHORT, { kind: 'html', status: 403 }, { kind: 'html', status: 403 }, LONG),
    steps: [readyFirst],
    expect: { events: ['ready', 'error', 'refresh'], frames: 1, framesSeen: 2 },
    within: 40,
  },
  'sign-out': {
    title: text('Signed out', 'Выход с сайта'),
    about: text(
      'The site calls reset() when the visitor signs out.',
      'Сайт вызывает reset(), когда посетитель выходит.',
    ),
    steps: [readyFirst, { do: 'sign-out' }],
    expect: { state: 'error', problem: 'sign-in-required', events: ['ready', 'error'], frames: 0 },
  },
  'slow-endpoint': {
    title: text('A slow token server', 'Медленный сервер токенов'),
    about: text(
      'The token takes three seconds. The page shows a placeholder.',
      'Токен приходит через три секунды. На странице видна заглушка.',
    ),
    setup: scripted({ kind: 'token', delayMs: 3000 }),
    expect: { events: ['ready'], noEvents: ['error'] },
  },
  'slow-chat': {
    title: text('A slow chat page', 'Медленная страница чата'),
    about: text(
      'The chat page takes four seconds. The page shows a placeholder.',
      'Чат загружается четыре секунды. На странице видна заглушка.',
    ),
    setup: { event: 'slow' },
    expect: { events: ['ready'], noEvents: ['error'] },
  },
  'many-chats': {
    title: text('Three chats on a page', 'Три чата на странице'),
    about: text(
      'They share one token request. Each frame has its own name.',
      'Один запрос токена на всех. У каждого фрейма своё имя.',
    ),
    setup: { chats: 3 },
    expect: { frames: 3, framesSeen: 3, tokenRequests: [1, 1], noEvents: ['error'] },
  },
  lazy: {
    title: text('Lazy', 'Ленивая загрузка'),
    about: text(
      'The chat is far below the fold. It requests nothing until you scroll near.',
      'Чат далеко внизу страницы. Пока вы не прокрутите к нему, запросов нет.',
    ),
    setup: { below: true, attributes: { loading: 'lazy' } },
    steps: [
      { do: 'wait', seconds: 1 },
      { do: 'check', expect: { tokenRequests: [0, 0], state: 'idle' } },
      { do: 'scroll-to-chat' },
    ],
    expect: { events: ['ready'], tokenRequests: [1, 1] },
  },
  hold: {
    title: text('Hold', 'Токен про запас'),
    about: text(
      'refresh="hold": the element keeps the new token, and the frame stays.',
      'refresh="hold": элемент хранит новый токен, фрейм остаётся.',
    ),
    setup: { ...scripted(SHORT, LONG), attributes: { refresh: 'hold' } },
    steps: [readyFirst, { do: 'wait', seconds: 5 }],
    expect: { events: ['ready', 'refresh'], framesSeen: 1, noEvents: ['error'] },
  },
  rotation: {
    title: text('Key rotation', 'Смена ключа'),
    about: text(
      'The operator rotates the key while you watch. The new key signs the next token.',
      'Оператор меняет ключ во время просмотра. Следующий токен подписан новым ключом.',
    ),
    steps: [readyFirst, { do: 'rotate-keys' }, { do: 'reload' }, { do: 'wait', seconds: 1 }],
    expect: { events: ['ready', 'refresh'], noEvents: ['error'], inFrame: { verified: true } },
    within: 40,
  },
  'focus-theft': {
    title: text('A chat page that takes the focus', 'Страница чата забирает фокус'),
    about: text(
      'Its script calls focus(). The focus on this page stays where you left it.',
      'Её скрипт вызывает focus(). Фокус на этой странице не меняется.',
    ),
    setup: { event: 'pushy' },
    expect: { events: ['ready'], noEvents: ['error'] },
  },
  'refused-by-the-chat': {
    title: text('Rejected by the chat page itself', 'Отказ самой страницы чата'),
    about: text(
      'The signature is wrong. The page can’t see this. The visitor gets “Chat not working?”.',
      'Подпись неверна. Страница этого не видит. Посетитель видит «Чат не работает?».',
    ),
    setup: { ...scripted({ kind: 'token', signer: 'other-key' }), attributes: { help: '' } },
    expect: { events: ['ready'], inFrame: { refused: 'bad-signature' } },
  },
} satisfies Record<string, Sketch>

function complete(id: string, sketch: Sketch, usual: Expectation): Scenario {
  const { title, about, setup = {}, steps = [], expect, within = 20 } = sketch
  return { id, title, about, setup, steps, expect: { ...usual, ...expect }, within }
}

/** All scenarios: the good paths, the identity sources, the codes. Each has an address: `?scenario=ID`. */
export const SCENARIOS: readonly Scenario[] = [
  ...Object.entries<Sketch>(BY_PATH).map(([id, sketch]) =>
    complete(id, sketch, { state: 'ready', problem: null }),
  ),
  ...IDENTITY_SCENARIOS,
  ...Object.entries(BY_CODE).map(([code, sketch]) =>
    complete(code, sketch, { state: 'error', problem: code as ElementCode }),
  ),
]

/** Whether a scenario is there for a code, and not for a good path. */
export const isAboutCode = ({ id }: Scenario) => id in BY_CODE
