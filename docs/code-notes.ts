import type { Code } from 'kinescope-chat/contract'

/** Who can mend it. */
export type Who = 'visitor' | 'page' | 'site' | 'operator' | 'nobody'

export const WHO: Record<Who, { en: string; ru: string }> = {
  visitor: { en: 'the visitor', ru: 'сам посетитель' },
  page: { en: 'whoever makes the page', ru: 'автор страницы' },
  site: { en: 'whoever runs the site’s sign-in', ru: 'разработчик сайта' },
  operator: { en: 'whoever runs the token server', ru: 'администратор сервера токенов' },
  nobody: { en: 'it passes by itself', ru: 'проходит само' },
}

interface CodeNote {
  who: Who
  /** The HTTP status on the wire; empty where the code never travels. */
  http: string
  /** What to do, in Russian; the English is the element's own remediation. */
  ru: string
}

const note = (who: Who, http: string, ru: string): CodeNote => ({ who, http, ru })

/** What the pages about codes say beyond the element's own texts. A new code doesn't compile without its note. */
export const CODE_NOTES: Record<Code, CodeNote> = {
  'sign-in-required': note(
    'visitor',
    '401',
    'Сайт не знает этого посетителя. Если он вошёл, его cookie не дошла до token-url: на другой сайт cookie уходит только с SameSite=None; Secure, а браузеры, блокирующие сторонние cookie, не отправят её вовсе. Разместите сервер токенов по пути или поддомену самого сайта или задайте identity.',
  ),
  'name-required': note(
    'visitor',
    '401',
    'В этот чат гости входят под именем, которое выбирают сами (CHAT_GUEST_NAMES=ask). Посетитель должен ввести имя.',
  ),
  'access-denied': note(
    'site',
    '403',
    'Сайт знает посетителя и отказал: ответил 403, либо authorize() вернула false. Если посетителя надо пустить, смотрите там.',
  ),
  'event-not-allowed': note(
    'operator',
    '403',
    'Добавьте трансляцию в CHAT_EVENTS сервера токенов или проверьте event-id в теге.',
  ),
  'origin-not-allowed': note(
    'operator',
    '403',
    'Добавьте origin страницы в CHAT_ALLOWED_ORIGINS: со схемой и портом, без пути и косой черты в конце.',
  ),
  'bad-request': note(
    'page',
    '400, 405, 413, 415',
    'Сервер не смог прочитать запрос. token-url принимает POST с JSON {"event_id": "…"}; проверьте event-id и то, что делает с телом прокси.',
  ),
  'identity-expired': note(
    'visitor',
    '401',
    'Утверждение о посетителе было верным и истекло. Новое появится, если загрузить страницу заново. Если это случается часто, дайте утверждениям жить дольше и не кешируйте страницу.',
  ),
  'rate-limited': note(
    'nobody',
    '429',
    'Слишком много токенов для одного посетителя или адреса. Поднимите CHAT_RATE_LIMIT, если за одним адресом много людей; задайте CHAT_TRUSTED_PROXIES, если впереди прокси.',
  ),
  'identity-unavailable': note(
    'site',
    '503',
    'Сервер токенов спросил у сайта, кто посетитель, и не получил пригодного ответа. Проверьте CHAT_IDENTITY_URL и журнал сервера токенов.',
  ),
  overloaded: note(
    'operator',
    '503',
    'Запросов больше, чем сервер успевает подписать примерно за секунду. Добавьте реплики или процессор.',
  ),
  'server-error': note(
    'operator',
    '500',
    'Внутри сервера токенов что-то пошло не так. В его журнале есть этот request id.',
  ),
  'key-unavailable': note(
    'operator',
    '503',
    'У сервера нет пригодного ключа. kinescope-chat-server keys list; если ключей нет — keys generate и keys register.',
  ),
  'key-not-registered': note(
    'operator',
    '503',
    'Kinescope не знает ключа, которым подписывает сервер: kinescope-chat-server keys register.',
  ),
  'key-expired': note(
    'operator',
    '503',
    'Срок открытого ключа (expires_at) прошёл: kinescope-chat-server keys rotate, а дальше ежедневно keys reconcile.',
  ),
  'bad-signature': note(
    'operator',
    '',
    'Подпись не подходит к зарегистрированному ключу: под этим kid у Kinescope другой ключ. kinescope-chat-server doctor сравнит их.',
  ),
  'event-not-found': note(
    'page',
    '404',
    'Kinescope не знает такой трансляции. Проверьте event-id и что KINESCOPE_API_TOKEN — от того же аккаунта.',
  ),
  'jwt-not-enabled': note(
    'operator',
    '',
    'chat_jwt_required выключен: в чат войдёт кто угодно под любым именем. kinescope-chat-server events enable ID.',
  ),
  'token-malformed': note(
    'operator',
    '',
    'Токен — JWT из трёх частей base64url; exp, nbf и iat — целые секунды. Подробнее скажет kinescope-chat-server token verify.',
  ),
  'claim-missing': note(
    'operator',
    '',
    'Токену чата нужны aud, user_id, username, event_id и exp, а в заголовке kid.',
  ),
  'bad-algorithm': note(
    'operator',
    '',
    'Kinescope принимает только RS256: подписывайте ключом RSA и назовите RS256 в заголовке.',
  ),
  'bad-audience': note(
    'operator',
    '',
    'aud должен быть "chat", строчными буквами. Токен для другого сервиса здесь не годится.',
  ),
  'wrong-event': note(
    'operator',
    '',
    'Выпускайте токен для того event_id, что назван в запросе; если id у Kinescope другой, верните в ответе также event_id и chat_id.',
  ),
  'token-expired': note(
    'operator',
    '',
    'Проверьте часы сервера токенов (NTP), что exp впереди и что ответы token-url никто не кеширует: нужен Cache-Control: no-store.',
  ),
  'token-not-yet-valid': note('operator', '', 'Уберите nbf или проверьте часы сервера токенов (NTP).'),
  offline: note('visitor', '', 'Браузер говорит, что сети нет. Чат вернётся вместе с ней.'),
  'endpoint-unreachable': note(
    'operator',
    '',
    'От token-url нет читаемого ответа. Откройте адрес сами: работает ли сервер, годен ли сертификат; консоль браузера скажет, мешают ли CORS или connect-src.',
  ),
  'endpoint-timeout': note(
    'operator',
    '',
    'token-url или fetchToken не ответили за 10 с. Смотрите, чего ждёт сервер токенов.',
  ),
  'endpoint-not-found': note(
    'page',
    '',
    'По адресу token-url нет сервера токенов. Проверьте адрес, CHAT_BASE_PATH и прокси.',
  ),
  'endpoint-error': note(
    'operator',
    '',
    'token-url ответил ошибкой без кода сервера токенов: часто это прокси перед ним. Смотрите журналы обоих.',
  ),
  'endpoint-bad-reply': note(
    'site',
    '',
    'token-url должен отвечать JSON {"token": "…"}. Пришло чужое: форма входа, проверка брандмауэра или CDN, страница фреймворка. Уберите token-url из-под того, что охраняет страницы.',
  ),
  'frame-blocked': note(
    'page',
    '',
    'Политика страницы запрещает фрейм чата. Добавьте в неё директиву, которую называет чат.',
  ),
  'frame-timeout': note(
    'nobody',
    '',
    'Страница чата не загрузилась за 15 с. Проверьте сеть, домены, разрешённые у Kinescope, и Cross-Origin-Embedder-Policy страницы: нужен unsafe-none.',
  ),
  'event-id-missing': note('page', '', 'Задайте event-id. Его мог убрать редактор.'),
  'token-url-missing': note(
    'page',
    '',
    'Задайте token-url или fetchToken. Адрес известен сам собой, только если скрипт загружен с сервера токенов под своим именем.',
  ),
}
