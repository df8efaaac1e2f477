import type { ElementCode } from 'kinescope-chat/contract'
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

/** A short-lived token, asked for again at the soonest: what takes an hour in life takes five seconds here. */
const SHORT = { kind: 'token', ttl: 60, refreshIn: 5 } as const
const LONG = { kind: 'token' } as const

/** One scenario for each code that can reach a page: a code without one doesn't compile. */
const BY_CODE: Record<ElementCode, Sketch> = {
  'sign-in-required': {
    title: text('A stranger', 'Посетитель не вошёл'),
    about: text('You are signed out; the site’s /me answers 401.', 'Вы вышли; /me сайта отвечает 401.'),
    setup: { visitor: 'stranger' },
  },
  'name-required': {
    title: text('A guest without a name', 'Гость без имени'),
    about: text('The token server asks for a name first.', 'Сервер токенов сначала спрашивает имя.'),
    setup: scripted({ kind: 'problem', status: 401, code: 'name-required' }),
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
      'A second token server behind this site’s own proxy, whose CHAT_ALLOWED_ORIGINS lacks this page.',
      'Второй сервер за прокси этого сайта; в его CHAT_ALLOWED_ORIGINS нет этой страницы.',
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
    title: text('The site’s word has ended', 'Слово сайта больше не действует'),
    about: text(
      'The statement of who you are ended while you watched: the chat stays, a banner offers to load the page again.',
      'Утверждение сайта о вас истекло во время просмотра: чат остаётся, полоса предлагает загрузить страницу заново.',
    ),
    setup: scripted(SHORT, { kind: 'problem', status: 401, code: 'identity-expired' }),
    steps: [readyFirst],
    expect: { events: ['ready', 'error'], frames: 1 },
    within: 40,
  },
  'rate-limited': {
    title: text('Too many requests', 'Слишком много запросов'),
    about: text(
      'A second token server with a very low limit, asked again and again. The chat that is there stays.',
      'Второй сервер с очень низким пределом, запросы подряд. Открытый чат остаётся.',
    ),
    setup: { server: 'low-limit' },
    steps: [readyFirst, ...Array.from({ length: 4 }, (): Step => ({ do: 'reload' }))],
    expect: { state: 'refreshing', events: ['ready', 'error'], frames: 1 },
  },
  'identity-unavailable': {
    title: text('The site can’t say who you are', 'Сайт не может сказать, кто вы'),
    about: text('The site’s /me answers 500.', '/me сайта отвечает 500.'),
    setup: { visitor: 'unknowable' },
  },
  overloaded: {
    title: text('The server has too much to sign', 'Сервер перегружен'),
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
      'A token server whose key was made and never registered.',
      'Сервер, чей ключ создан, но не зарегистрирован.',
    ),
    setup: { server: 'unregistered-key' },
  },
  'key-expired': {
    title: text('The key has expired', 'Срок ключа истёк'),
    about: text(
      'A token server that watches Kinescope, where its key’s expires_at has passed.',
      'Сервер следит за Kinescope, а там срок его ключа истёк.',
    ),
    setup: { server: 'expired-key' },
  },
  'event-not-found': {
    title: text('A stream that doesn’t exist', 'Трансляции не существует'),
    about: text(
      'A token server whose list has a stream that Kinescope doesn’t.',
      'В списке сервера есть трансляция, которой нет у Kinescope.',
    ),
    setup: { server: 'unknown-stream', event: 'unknown' },
  },
  'token-malformed': {
    title: text('Not a token', 'Не токен'),
    about: text('A reply whose token isn’t a JWT.', 'В ответе вместо токена не JWT.'),
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
    about: text('event_id isn’t the one asked for.', 'event_id не тот, что запрошен.'),
    setup: scripted({ kind: 'token', claims: { event_id: 'another-stream' } }),
  },
  'token-expired': {
    title: text('Expired on arrival', 'Токен уже истёк'),
    about: text(
      'Twice in a row; one more request is all the element allows itself.',
      'Дважды подряд; элемент спрашивает ещё лишь раз.',
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
    about: text('The page pretends that the browser has no network.', 'Страница делает вид, что сети нет.'),
    setup: { offline: true },
  },
  'endpoint-unreachable': {
    title: text('The token server can’t be reached', 'Сервер токенов недоступен'),
    about: text('The connection breaks without an answer.', 'Соединение обрывается без ответа.'),
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
      'The address leads nowhere on this site. Asked again three times, each later than the last.',
      'По этому адресу на сайте ничего нет. Ещё три попытки, каждая позже прежней.',
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
      '200 with HTML, as from a sign-in page. It isn’t the endpoint’s answer, so it is asked again three times.',
      '200 с HTML, как от страницы входа. Это ответил не сервер токенов, поэтому ещё три попытки.',
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
    about: text('The emulator takes the request and never answers.', 'Эмулятор принимает запрос и молчит.'),
    setup: { event: 'silent' },
    within: 30,
  },
  'event-id-missing': {
    title: text('A tag without event-id', 'Тег без event-id'),
    about: text('As an editor may leave it.', 'Таким его может оставить редактор.'),
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

/** The good paths, and what can't be seen from the page at all. */
const BY_PATH = {
  'first-load': {
    title: text('First load', 'Первая загрузка'),
    about: text(
      'The two-line integration, and you are in, by your name.',
      'Две строки кода, и вы в чате под своим именем.',
    ),
    expect: { inFrame: { verified: true }, events: ['ready'], noEvents: ['error'], tokenRequests: [1, 1] },
  },
  refresh: {
    title: text('Refresh', 'Обновление токена'),
    about: text(
      'A new token takes effect before the old one expires; no blank moment.',
      'Новый токен вступает в силу раньше, чем истечёт старый; без мигания.',
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
      'Write something into the chat and don’t send it; the new token waits until you click outside.',
      'Напишите что-нибудь в чат, не отправляя; новый токен подождёт, пока вы не щёлкнете снаружи.',
    ),
    setup: scripted(SHORT, LONG),
    steps: [
      readyFirst,
      { do: 'visitor-types' },
      { do: 'wait-for', state: 'refreshing' },
      { do: 'wait', seconds: 3 },
      { do: 'check', expect: { framesSeen: 1, noEvents: ['refresh', 'error'] } },
      { do: 'visitor-leaves' },
    ],
    expect: { events: ['ready', 'refresh'], noEvents: ['error'], framesSeen: 2, frames: 1 },
    within: 60,
  },
  wake: {
    title: text('Hidden, then seen again', 'Вкладка скрыта и снова видна'),
    about: text(
      'A hidden page asks for nothing; it catches up at once when it is shown.',
      'Скрытая страница ничего не запрашивает и навёрстывает, как только её покажут.',
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
      'The refresh fails, the chat stays; the network returns, the refresh succeeds.',
      'Обновить не удалось, чат остаётся; сеть вернулась, и всё получилось.',
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
      'The next refresh is refused, and the chat is gone.',
      'Следующее обновление отклонено, и чат закрыт.',
    ),
    setup: scripted({ ...SHORT, asksSite: true }),
    steps: [readyFirst, { do: 'ban' }, { do: 'wait', seconds: 4 }],
    expect: { state: 'error', problem: 'access-denied', events: ['ready', 'error'], frames: 0 },
  },
  'stranger-answers': {
    title: text('A firewall answers in between', 'Вместо сервера отвечает защита сайта'),
    about: text(
      'Two refreshes meet a challenge page, 403 with HTML: the chat stays, is asked about again, and heals.',
      'Два обновления натыкаются на страницу проверки, 403 с HTML: чат остаётся, попытки идут, всё проходит.',
    ),
    setup: scripted(SHORT, { kind: 'html', status: 403 }, { kind: 'html', status: 403 }, LONG),
    steps: [readyFirst],
    expect: { events: ['ready', 'error', 'refresh'], frames: 1, framesSeen: 2 },
    within: 40,
  },
  'sign-out': {
    title: text('Signed out', 'Выход с сайта'),
    about: text(
      'The site calls reset() when its visitor signs out.',
      'Сайт вызывает reset(), когда посетитель выходит.',
    ),
    steps: [readyFirst, { do: 'sign-out' }],
    expect: { state: 'error', problem: 'sign-in-required', events: ['ready', 'error'], frames: 0 },
  },
  'slow-endpoint': {
    title: text('A slow token server', 'Медленный сервер токенов'),
    about: text(
      'Three seconds to the token; the place is never empty.',
      'Три секунды до токена; место не пустует.',
    ),
    setup: scripted({ kind: 'token', delayMs: 3000 }),
    expect: { events: ['ready'], noEvents: ['error'] },
  },
  'slow-chat': {
    title: text('A slow chat page', 'Медленная страница чата'),
    about: text(
      'Four seconds to the page; the place is never empty.',
      'Четыре секунды до страницы; место не пустует.',
    ),
    setup: { event: 'slow' },
    expect: { events: ['ready'], noEvents: ['error'] },
  },
  'many-chats': {
    title: text('Three chats on a page', 'Три чата на странице'),
    about: text(
      'They share one token request, and each frame has a name of its own.',
      'Один запрос токена на всех; у каждого фрейма своё имя.',
    ),
    setup: { chats: 3 },
    expect: { frames: 3, framesSeen: 3, tokenRequests: [1, 1], noEvents: ['error'] },
  },
  lazy: {
    title: text('Lazy', 'Ленивая загрузка'),
    about: text(
      'Far below the fold, nothing is fetched until you come near.',
      'Чат далеко внизу: пока вы не рядом, запросов нет.',
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
      'refresh="hold": the fresh token is kept, the frame stays.',
      'refresh="hold": новый токен хранится, фрейм остаётся.',
    ),
    setup: { ...scripted(SHORT, LONG), attributes: { refresh: 'hold' } },
    steps: [readyFirst, { do: 'wait', seconds: 5 }],
    expect: { events: ['ready', 'refresh'], framesSeen: 1, noEvents: ['error'] },
  },
  rotation: {
    title: text('Key rotation', 'Смена ключа'),
    about: text(
      'The token server’s key is replaced while you watch; the next token is signed with the new one.',
      'Ключ сервера меняют на ходу; следующий токен подписан новым.',
    ),
    steps: [readyFirst, { do: 'rotate-keys' }, { do: 'reload' }, { do: 'wait', seconds: 1 }],
    expect: { events: ['ready', 'refresh'], noEvents: ['error'], inFrame: { verified: true } },
    within: 40,
  },
  'focus-theft': {
    title: text('A chat page that takes the focus', 'Страница чата забирает фокус'),
    about: text(
      'Its own script calls focus(); your place on this page stays yours.',
      'Её скрипт вызывает focus(); ваше место на странице остаётся вашим.',
    ),
    setup: { event: 'pushy' },
    expect: { events: ['ready'], noEvents: ['error'] },
  },
  'refused-by-the-chat': {
    title: text('Refused by the chat page itself', 'Отказ самой страницы чата'),
    about: text(
      'A signature that doesn’t fit. The page can’t see this; the visitor gets “Chat not working?”.',
      'Подпись не сходится. Странице этого не видно; посетителю предлагают помощь.',
    ),
    setup: { ...scripted({ kind: 'token', signer: 'stranger' }), attributes: { help: '' } },
    expect: { events: ['ready'], inFrame: { refused: 'bad-signature' } },
  },
} satisfies Record<string, Sketch>

function complete(id: string, sketch: Sketch, usual: Expectation): Scenario {
  const { title, about, setup = {}, steps = [], expect, within = 20 } = sketch
  return { id, title, about, setup, steps, expect: { ...usual, ...expect }, within }
}

/** All scenarios, the good paths first. Each has an address: `?scenario=ID`. */
export const SCENARIOS: readonly Scenario[] = [
  ...Object.entries<Sketch>(BY_PATH).map(([id, sketch]) =>
    complete(id, sketch, { state: 'ready', problem: null }),
  ),
  ...Object.entries(BY_CODE).map(([code, sketch]) =>
    complete(code, sketch, { state: 'error', problem: code as ElementCode }),
  ),
]

/** Whether a scenario is there for a code, and not for a good path. */
export const isAboutCode = ({ id }: Scenario) => id in BY_CODE
