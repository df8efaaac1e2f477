import { WIRE_STATUSES, type Code } from 'kinescope-chat/contract'

export type Language = 'en' | 'ru'
/** Who can fix it. */
export type Who = 'visitor' | 'page' | 'site' | 'operator' | 'nobody'

export const WHO: Record<Who, Record<Language, string>> = {
  visitor: { en: 'the visitor', ru: 'посетитель' },
  page: { en: 'the author of the page', ru: 'автор страницы' },
  site: { en: 'the site’s developers', ru: 'разработчики сайта' },
  operator: { en: 'the operator of the token server', ru: 'администратор сервера токенов' },
  nobody: { en: 'nobody needs to: the element retries', ru: 'никто: элемент повторит запрос' },
}

/** One likely cause: its name, how to check it, how to fix it. */
export type Cause = readonly [cause: string, check: string, fix: string]

export interface CodeNote {
  who: Who
  means: Record<Language, string>
  /** The most likely cause first. */
  causes: Record<Language, readonly [Cause, Cause, Cause]>
}

const note = (
  who: Who,
  en: [means: string, ...causes: readonly [Cause, Cause, Cause]],
  ru: [means: string, ...causes: readonly [Cause, Cause, Cause]],
): CodeNote => {
  const [meansEn, ...causesEn] = en
  const [meansRu, ...causesRu] = ru
  return { who, means: { en: meansEn, ru: meansRu }, causes: { en: causesEn, ru: causesRu } }
}

/** Returns the HTTP statuses of a code, or an empty list if no response contains the code. */
export const statusesOf = (code: Code): readonly number[] =>
  code in WIRE_STATUSES ? WIRE_STATUSES[code as keyof typeof WIRE_STATUSES] : []

/** The search terms of readers who don't know the code. */
const ALSO: Partial<Record<Code, Record<Language, string>>> = {
  'sign-in-required': { en: 'the chat asks to sign in', ru: 'чат просит войти, кнопка «Войти» не работает' },
  'origin-not-allowed': { en: 'CORS error', ru: 'ошибка CORS' },
  'frame-blocked': { en: 'Refused to frame', ru: 'Refused to frame' },
  'frame-timeout': { en: 'the chat stays white', ru: 'чат не загрузился' },
  'endpoint-bad-reply': { en: 'unexpected response', ru: 'неожиданный ответ' },
}

export const alsoOf = (code: Code, language: Language): string | undefined => ALSO[code]?.[language]

/** The texts of the pages about codes, besides the element's own texts. A new code doesn't compile without its note. */
export const CODE_NOTES: Record<Code, CodeNote> = {
  'sign-in-required': note(
    'visitor',
    [
      'The site does not know the visitor. Usually they have not signed in. If they have, their cookie did not reach the token server.',
      [
        'The visitor is not signed in',
        'Open the site’s account page in the same browser.',
        'Sign in. Set `signin-url`, so that the button in the chat leads there.',
      ],
      [
        'The cookie does not reach the token server',
        'In the network panel, open the `token` request and look for `Cookie`. Browsers send it to another site only with `SameSite=None; Secure`, and often not even then.',
        'Serve the token server under a path of the site (`CHAT_BASE_PATH=/chat`), or pass an identity token in `identity`.',
      ],
      [
        'The identity endpoint does not recognize the session',
        'Run `kinescope-chat-server doctor --url … --origin … --cookie-file F` with the cookie of a signed-in visitor.',
        'Fix the endpoint at `CHAT_IDENTITY_URL`, or `CHAT_IDENTITY_ID_FIELD`. For an identity token, compare its secret, issuer and audience with the server’s.',
      ],
    ],
    [
      'Сайт не знает посетителя. Чаще всего он просто не вошёл. Если вошёл, его cookie не дошла до сервера токенов.',
      [
        'Посетитель не вошёл на сайт',
        'Откройте личный кабинет в том же браузере.',
        'Войдите. Укажите `signin-url`, чтобы кнопка «Войти» вела на страницу входа. Без него кнопка повторяет запрос, а затем просит войти на сайте.',
      ],
      [
        'Cookie не доходит до сервера токенов',
        'На вкладке «Сеть» откройте запрос `token` и найдите `Cookie`. На другой сайт браузер отправляет её только с `SameSite=None; Secure`, и то не всегда.',
        'Разместите сервер токенов по пути самого сайта (`CHAT_BASE_PATH=/chat`) или передайте токен идентификации в `identity`.',
      ],
      [
        'Сайт не узнаёт сессию',
        'Запустите `kinescope-chat-server doctor --url … --origin … --cookie-file F` с cookie вошедшего посетителя.',
        'Исправьте адрес в `CHAT_IDENTITY_URL` или поле в `CHAT_IDENTITY_ID_FIELD`. У токена идентификации сравните секрет, `iss` и `aud` с настройками сервера.',
      ],
    ],
  ),
  'name-required': note(
    'visitor',
    [
      'This chat lets guests in under a name that they choose. The visitor has not chosen one yet, so the element shows a form.',
      [
        'The visitor is a new guest',
        'The chat shows a field for a name.',
        'Enter a name. The browser keeps it.',
      ],
      [
        'The browser dropped the guest’s cookie',
        'Look in the storage panel for a cookie whose name begins with `__Host-`.',
        'Serve the token server under a path of the site. On another site, the element keeps a guest token for the visit only.',
      ],
      [
        'You expected members, not guests',
        'Look at `CHAT_IDENTITY`: `forward,guest` makes a guest of every visitor that the site does not know.',
        'Take `guest` out of `CHAT_IDENTITY`, or set `CHAT_GUEST_NAMES=number` for guests without a form.',
      ],
    ],
    [
      'В этот чат гости входят под именем, которое выбирают сами. Посетитель ещё не выбрал имя, поэтому элемент показывает форму.',
      ['Гость пришёл впервые', 'В чате есть поле для имени.', 'Введите имя. Браузер его запомнит.'],
      [
        'Браузер не сохранил cookie гостя',
        'Найдите среди cookie ту, чьё имя начинается с `__Host-`.',
        'Разместите сервер токенов по пути самого сайта. На другом сайте гость сохраняется только до закрытия страницы.',
      ],
      [
        'Гостей быть не должно',
        'Посмотрите на `CHAT_IDENTITY`: с `forward,guest` гостем станет каждый, кого не знает сайт.',
        'Уберите `guest` из `CHAT_IDENTITY`. Гостям без формы нужно `CHAT_GUEST_NAMES=number`.',
      ],
    ],
  ),
  'access-denied': note(
    'site',
    [
      'The site knows the visitor and refused access to this chat. A ban works this way.',
      [
        'The site denies access on purpose',
        'Check the visitor’s ticket, role or ban on the site.',
        'Grant access on the site. The visitor then presses “Try again”.',
      ],
      [
        'The identity endpoint answers 403',
        'Run `curl -i` on `CHAT_IDENTITY_URL` with the visitor’s cookie.',
        'Return 200 for visitors who may enter. A firewall’s 403 with HTML is `identity-unavailable` instead.',
      ],
      [
        'Your `authorize()` returned false',
        'Log its arguments for this visitor and stream.',
        'Fix the rule. Compare the stream’s id in the request with the one in your data.',
      ],
    ],
    [
      'Сайт знает посетителя и не пустил его в этот чат. Так работает блокировка.',
      [
        'Сайт отказал намеренно',
        'Проверьте билет, роль или блокировку посетителя на сайте.',
        'Откройте доступ на сайте. После этого посетитель нажимает «Повторить».',
      ],
      [
        'Сайт ответил 403 на запрос о посетителе',
        'Выполните `curl -i` по адресу из `CHAT_IDENTITY_URL` с cookie посетителя.',
        'Отвечайте 200 тем, кому можно войти. Ответ 403 с HTML от брандмауэра — это `identity-unavailable`.',
      ],
      [
        'Ваша функция `authorize()` вернула false',
        'Выведите в журнал её аргументы для этого посетителя и трансляции.',
        'Исправьте правило. Сравните id трансляции в запросе и в ваших данных.',
      ],
    ],
  ),
  'event-not-allowed': note(
    'operator',
    [
      'The stream is not in the server’s list, `CHAT_EVENTS`. The server signs tokens for listed streams only.',
      [
        'The stream is new and nobody listed it',
        'Compare `event-id` of the tag with `CHAT_EVENTS`. The server’s log has `not-listed`.',
        'Add the id to `CHAT_EVENTS` and restart the server.',
      ],
      [
        'The page uses another id of the same stream',
        'Run `kinescope-chat-server events show ID`. It prints the UUID and the public id.',
        'Use the listed id on the page, or write `PAGE_ID=CLAIM_ID` in `CHAT_EVENTS`.',
      ],
      [
        'The tag has a wrong id',
        'Open “For the site” under the message. It shows the id that the element sent.',
        'Correct `event-id`. A pasted link to the chat works too.',
      ],
    ],
    [
      'Трансляции нет в списке сервера, `CHAT_EVENTS`. Сервер выпускает токены только для трансляций из списка.',
      [
        'Новую трансляцию не добавили в список',
        'Сравните `event-id` тега с `CHAT_EVENTS`. В журнале сервера будет `not-listed`.',
        'Добавьте id в `CHAT_EVENTS` и перезапустите сервер.',
      ],
      [
        'На странице другой id той же трансляции',
        'Выполните `kinescope-chat-server events show ID`: команда покажет UUID и публичный id.',
        'Укажите на странице id из списка или добавьте в `CHAT_EVENTS` пару `PAGE_ID=CLAIM_ID`.',
      ],
      [
        'В теге неверный id',
        'Откройте «Для администратора сайта» под сообщением: там указан отправленный id.',
        'Исправьте `event-id`. Ссылка на чат тоже подойдёт.',
      ],
    ],
  ),
  'origin-not-allowed': note(
    'operator',
    [
      'The page’s origin is not in the server’s list, `CHAT_ALLOWED_ORIGINS`. The browser reports this as a CORS error.',
      [
        'The origin is not listed',
        'The browser’s console says: “Access to fetch at … from origin … has been blocked by CORS policy: No ‘Access-Control-Allow-Origin’ header is present on the requested resource.” The server’s log has `origin-not-listed` with the origin.',
        'Add the origin to `CHAT_ALLOWED_ORIGINS`: scheme, host and port, without a path or a slash at the end.',
      ],
      [
        'The page is open under another address',
        'Look at the address bar: `http:` instead of `https:`, with or without `www.`, a preview host.',
        'Redirect visitors to one address, or list each origin.',
      ],
      [
        'A proxy answers the preflight itself',
        'Run `kinescope-chat-server doctor --url … --origin …`.',
        'Let the proxy pass `OPTIONS` and the server’s CORS headers. Under a path of the site there is no CORS at all.',
      ],
    ],
    [
      'Origin страницы не указан в списке сервера, `CHAT_ALLOWED_ORIGINS`. Браузер сообщает об этом как об ошибке CORS.',
      [
        'Origin не указан в списке',
        'В консоли браузера есть «blocked by CORS policy», в журнале сервера — `origin-not-listed` с адресом.',
        'Добавьте origin в `CHAT_ALLOWED_ORIGINS`: схему, хост и порт, без пути и косой черты в конце.',
      ],
      [
        'Страница открыта по другому адресу',
        'Посмотрите на адресную строку: `http:` вместо `https:`, с `www.` или без, адрес предпросмотра.',
        'Настройте переадресацию на один адрес или укажите каждый origin.',
      ],
      [
        'На preflight-запрос отвечает прокси',
        'Запустите `kinescope-chat-server doctor --url … --origin …`.',
        'Настройте прокси так, чтобы он передавал `OPTIONS` и заголовки CORS. Если сервер отвечает по пути самого сайта, CORS не нужен.',
      ],
    ],
  ),
  'bad-request': note(
    'page',
    [
      'The token server could not read the request. It takes `POST` with the JSON object `{"event_id": "…"}`.',
      [
        'Something between page and server changes the body',
        'Compare the request in the network panel with the server’s log.',
        'Let the proxy or firewall pass the body and `Content-Type` unchanged.',
      ],
      [
        'Your own code sends another body',
        'Look at `fetchToken`: extra members and form encoding are rejected.',
        'Send JSON with `event_id` and nothing else.',
      ],
      [
        'The request is too large or too slow',
        'Statuses 413, 431 and 408 mean: body over 4 KiB, headers over 16 KiB, request slower than 5 s.',
        'Reduce the site’s cookies. Let the proxy buffer requests.',
      ],
    ],
    [
      'Сервер токенов не смог прочитать запрос. Он принимает `POST` с JSON-объектом `{"event_id": "…"}`.',
      [
        'Тело запроса меняется по пути',
        'Сравните запрос на вкладке «Сеть» с журналом сервера.',
        'Настройте прокси или брандмауэр так, чтобы тело и `Content-Type` не менялись.',
      ],
      [
        'Ваш код отправляет другое тело',
        'Проверьте `fetchToken`: лишние поля и данные формы не принимаются.',
        'Отправляйте JSON только с полем `event_id`.',
      ],
      [
        'Запрос слишком большой или медленный',
        'Статусы 413, 431 и 408: тело больше 4 КиБ, заголовки больше 16 КиБ, запрос дольше 5 с.',
        'Уменьшите cookie сайта. Включите на прокси буферизацию запросов.',
      ],
    ],
  ),
  'identity-expired': note(
    'visitor',
    [
      'The visitor’s identity token was valid and has expired. An open chat stays until its own token expires.',
      [
        'The page has been open for a long time',
        'Compare `exp` of the identity token with the time.',
        'Reload the page. If this happens often, increase the identity token’s lifetime.',
      ],
      [
        'A cache keeps the page',
        'Look at `Age` and `Cache-Control` of the page’s response.',
        'Exclude pages of signed-in visitors from caches.',
      ],
      [
        'The page never renews the identity token',
        'Look at how the page sets `identity`.',
        'Set the property `identity` to a function. The element calls it before each request.',
      ],
    ],
    [
      'Токен идентификации был верным, но истёк. Открытый чат остаётся, пока не истечёт его собственный токен.',
      [
        'Страница открыта слишком долго',
        'Сравните `exp` токена идентификации с текущим временем.',
        'Обновите страницу. Если это случается часто, увеличьте срок действия токена.',
      ],
      [
        'Страницу отдаёт кеш',
        'Проверьте `Age` и `Cache-Control` в ответе со страницей.',
        'Исключите из кеша страницы вошедших посетителей.',
      ],
      [
        'Страница не обновляет токен идентификации',
        'Проверьте, как страница задаёт `identity`.',
        'Задайте свойство `identity` функцией. Элемент вызывает её перед каждым запросом.',
      ],
    ],
  ),
  'rate-limited': note(
    'nobody',
    [
      'One visitor or one address asked for too many tokens. The element waits as long as `Retry-After` says.',
      [
        'Many visitors share one address',
        'The server’s log has `rate-limited` with `reason` `address`.',
        'Raise the second number of `CHAT_RATE_LIMIT`, for example for a school or an office.',
      ],
      [
        'The server sees the proxy’s address only',
        'All lines of the log have the same `address`.',
        'Set `CHAT_TRUSTED_PROXIES` to the proxy’s addresses.',
      ],
      [
        'Code reloads the chat in a loop',
        'Watch the network panel for repeated `token` requests.',
        'Give `fetchToken` one stable function. Call `reload()` only on the visitor’s action.',
      ],
    ],
    [
      'Один посетитель или один адрес запросил слишком много токенов. Элемент ждёт столько, сколько указано в `Retry-After`.',
      [
        'Много посетителей с одного адреса',
        'В журнале сервера есть `rate-limited`, `reason` — `address`.',
        'Увеличьте второе число в `CHAT_RATE_LIMIT`, например для школы или офиса.',
      ],
      [
        'Сервер видит только адрес прокси',
        'Во всех строках журнала один и тот же `address`.',
        'Укажите адреса прокси в `CHAT_TRUSTED_PROXIES`.',
      ],
      [
        'Код страницы перезагружает чат в цикле',
        'Посмотрите, повторяются ли запросы `token` на вкладке «Сеть».',
        'Передавайте в `fetchToken` одну и ту же функцию. Вызывайте `reload()` только по действию посетителя.',
      ],
    ],
  ),
  'identity-unavailable': note(
    'site',
    [
      'The token server asked the site’s identity endpoint and got no usable answer within 3 s.',
      [
        'The identity endpoint answers with a page',
        'Run `curl -i` on `CHAT_IDENTITY_URL` from the server’s machine. HTML is a sign-in form, a challenge or an error page.',
        'Return JSON. Let the token server’s address pass the firewall, or use an internal address.',
      ],
      [
        'The address is wrong or has moved',
        'A 301, 308 or 404 in the log’s `reason` shows it.',
        'Write the final address into `CHAT_IDENTITY_URL`.',
      ],
      [
        'The site is slow or down',
        'Measure the same `curl` with `-w "%{time_total}"`.',
        'Make the endpoint cheap: read the session, query nothing else.',
      ],
    ],
    [
      'Сервер токенов спросил у сайта, кто посетитель, и за 3 с не получил пригодного ответа.',
      [
        'Вместо JSON приходит страница',
        'Выполните `curl -i` по адресу из `CHAT_IDENTITY_URL` с машины сервера. HTML — это форма входа, проверка или страница ошибки.',
        'Отвечайте JSON. Разрешите адрес сервера токенов в брандмауэре или используйте внутренний адрес.',
      ],
      [
        'Адрес неверный или изменился',
        'В журнале в `reason` видно 301, 308 или 404.',
        'Укажите окончательный адрес в `CHAT_IDENTITY_URL`.',
      ],
      [
        'Сайт отвечает медленно или не работает',
        'Измерьте тот же запрос: `curl -w "%{time_total}"`.',
        'Упростите обработчик: прочитайте сессию и не делайте других запросов.',
      ],
    ],
  ),
  overloaded: note(
    'operator',
    [
      'More requests are waiting than the server can sign in about a second. Visitors wait and enter automatically.',
      [
        'The whole audience arrives at once',
        'Watch the request counters in the metrics during the first minute.',
        'Add replicas before the stream. Let pages request tokens when they load, not at one second of a countdown.',
      ],
      [
        'The server has too little CPU',
        'Compare tokens per second with `openssl speed rsa2048` on the same machine.',
        'Give it more cores. One process uses all of them.',
      ],
      [
        'A remote signer is slow',
        'Look at the duration of signatures in your key service.',
        'Raise its limits, or increase `CHAT_TOKEN_TTL`, so that visitors need fewer tokens.',
      ],
    ],
    [
      'Запросов больше, чем сервер успевает подписать примерно за секунду. Посетители ждут и входят автоматически.',
      [
        'Все зрители пришли одновременно',
        'Посмотрите на счётчики запросов в метриках за первую минуту.',
        'Добавьте реплики до начала. Пусть страницы запрашивают токен при загрузке, а не по окончании обратного отсчёта.',
      ],
      [
        'Серверу не хватает процессора',
        'Сравните число токенов в секунду с `openssl speed rsa2048` на той же машине.',
        'Добавьте ядра. Один процесс использует все.',
      ],
      [
        'Медленно подписывает внешний сервис ключей',
        'Посмотрите, сколько времени занимает подпись в сервисе ключей.',
        'Поднимите его ограничения или увеличьте `CHAT_TOKEN_TTL`.',
      ],
    ],
  ),
  'server-error': note(
    'operator',
    [
      'The token server failed in a way that no other code describes. The reply never shows internals.',
      [
        'Your own callback threw',
        'Search the server’s log for the request id from “For the site”.',
        'Fix `authenticate`, `authorize` or `onToken`.',
      ],
      [
        'The server’s machine is out of memory or disk',
        'Look at the same minute in the machine’s metrics.',
        'Free or add resources, then restart.',
      ],
      [
        'A defect in the token server',
        'The log has a stack trace with files of the server.',
        '[Report it](help.md) with the trace and the version.',
      ],
    ],
    [
      'В сервере токенов произошла ошибка, для которой нет отдельного кода. Подробности остаются в журнале.',
      [
        'Ошибка в вашем обработчике',
        'Найдите в журнале сервера номер запроса из раздела «Для администратора сайта».',
        'Исправьте `authenticate`, `authorize` или `onToken`.',
      ],
      [
        'На сервере закончилась память или место на диске',
        'Посмотрите метрики машины за ту же минуту.',
        'Освободите или добавьте ресурсы и перезапустите сервер.',
      ],
      [
        'Ошибка в самом сервере токенов',
        'В журнале есть трассировка с файлами сервера.',
        '[Сообщите о ней](../help.md), приложив трассировку и версию.',
      ],
    ],
  ),
  'key-unavailable': note(
    'operator',
    [
      'The token server has no usable signing key, so it can sign nothing.',
      [
        'There is no key yet',
        'Run `kinescope-chat-server keys list` as the server’s user.',
        'Run `kinescope-chat-server setup --event ID`, or `keys generate` and `keys register`.',
      ],
      [
        'The server reads another directory',
        'Compare `CHAT_KEY_DIR` of the server with that of the commands.',
        'Set the same directory for both. In a container, mount it.',
      ],
      [
        'The server may not read the key',
        'The log names the file and its mode.',
        'Set the owner to the server’s user, mode 0600. Check `CHAT_KEY_PASSPHRASE`.',
      ],
    ],
    [
      'У сервера токенов нет пригодного ключа, поэтому подписывать нечем.',
      [
        'Ключа ещё нет',
        'Выполните `kinescope-chat-server keys list` от имени пользователя сервера.',
        'Выполните `kinescope-chat-server setup --event ID` или `keys generate` и `keys register`.',
      ],
      [
        'Сервер читает другой каталог',
        'Сравните `CHAT_KEY_DIR` у сервера и у команд.',
        'Укажите один и тот же каталог. В контейнере подключите его.',
      ],
      [
        'У сервера нет прав на файл ключа',
        'В журнале указаны файл и его права.',
        'Сделайте владельцем пользователя сервера, права 0600. Проверьте `CHAT_KEY_PASSPHRASE`.',
      ],
    ],
  ),
  'key-not-registered': note(
    'operator',
    [
      'Kinescope does not list the key that the token server signs with, so it rejects every token.',
      [
        'The key was never registered',
        'Run `kinescope-chat-server keys list`. The column `KINESCOPE` says whether Kinescope lists it.',
        'Run `kinescope-chat-server keys register`.',
      ],
      [
        'Another person deleted it at Kinescope',
        'Ask the owners of the API token. A deleted key may be a leaked one.',
        'If it leaked, run `keys revoke KID`. If not, run `keys register KID`.',
      ],
      [
        'The API token belongs to another workspace',
        'Run `kinescope-chat-server events list` and look for your streams.',
        'Use an API token of the workspace that has the stream.',
      ],
    ],
    [
      'Kinescope не знает ключа, которым подписывает сервер, и отклоняет все токены.',
      [
        'Ключ не зарегистрирован',
        'Выполните `kinescope-chat-server keys list`. Столбец `KINESCOPE` показывает, есть ли ключ у Kinescope.',
        'Выполните `kinescope-chat-server keys register`.',
      ],
      [
        'Ключ удалили у Kinescope',
        'Спросите владельцев API-токена. Возможно, ключ удалили из-за утечки.',
        'Если была утечка, выполните `keys revoke KID`. Если нет — `keys register KID`.',
      ],
      [
        'API-токен от другого рабочего пространства',
        'Выполните `kinescope-chat-server events list` и найдите свои трансляции.',
        'Возьмите API-токен того пространства, где находится трансляция.',
      ],
    ],
  ),
  'key-expired': note(
    'operator',
    [
      'The public key’s `expires_at` has passed at Kinescope, which now rejects its tokens.',
      [
        'The daily job doesn’t run',
        'Look at cron or the systemd timer: when did `keys reconcile` last run?',
        'Run `kinescope-chat-server keys rotate` now, and `keys reconcile` daily.',
      ],
      [
        'The key comes from `CHAT_PRIVATE_KEY`',
        'Nothing rotates such a key. `/readyz` warned with `key-ends-soon` for 30 days.',
        'Register a new key, put it into the setting, and restart.',
      ],
      [
        'The server’s clock is wrong',
        'Run `kinescope-chat-server doctor`. It compares the clock with Kinescope’s.',
        'Synchronize the clock with NTP.',
      ],
    ],
    [
      'Срок открытого ключа (`expires_at`) прошёл, и Kinescope отклоняет его токены.',
      [
        'Не работает ежедневная задача',
        'Проверьте cron или таймер systemd: когда в последний раз выполнялась `keys reconcile`?',
        'Выполните `kinescope-chat-server keys rotate`, а дальше ежедневно `keys reconcile`.',
      ],
      [
        'Ключ задан в `CHAT_PRIVATE_KEY`',
        'Такой ключ автоматически не меняется. `/readyz` 30 дней предупреждал: `key-ends-soon`.',
        'Зарегистрируйте новый ключ, укажите его в настройке и перезапустите сервер.',
      ],
      [
        'На сервере неверное время',
        'Запустите `kinescope-chat-server doctor`: он сравнит часы с часами Kinescope.',
        'Настройте синхронизацию времени (NTP).',
      ],
    ],
  ),
  'bad-signature': note(
    'operator',
    [
      'The token’s signature doesn’t fit the key that Kinescope has under this `kid`. The page can’t see this: the chat shows Kinescope’s own message.',
      [
        'Another key is registered under the same `kid`',
        'Run `kinescope-chat-server doctor --event ID`. It compares the modulus where Kinescope shows it.',
        'Run `kinescope-chat-server keys rotate`, and use the new key.',
      ],
      [
        '`CHAT_KEY_ID` belongs to another private key',
        'Compare `CHAT_KEY_ID` with the `kid` that you registered for this key.',
        'Set the `kid` that belongs to the key.',
      ],
      [
        'Something changed the token',
        'Run `kinescope-chat-server token verify -` with the token from the reply.',
        'Pass the token on unchanged. Don’t decode or trim it.',
      ],
    ],
    [
      'Подпись токена не подходит к ключу, который Kinescope хранит под этим `kid`. Странице это не видно: в чате будет сообщение Kinescope.',
      [
        'Под тем же `kid` зарегистрирован другой ключ',
        'Запустите `kinescope-chat-server doctor --event ID`: он сравнит ключи, если Kinescope показывает модуль.',
        'Выполните `kinescope-chat-server keys rotate` и используйте новый ключ.',
      ],
      [
        '`CHAT_KEY_ID` от другого закрытого ключа',
        'Сравните `CHAT_KEY_ID` с `kid`, под которым зарегистрирован ключ.',
        'Укажите `kid` этого ключа.',
      ],
      [
        'Токен изменился по пути',
        'Выполните `kinescope-chat-server token verify -` с токеном из ответа.',
        'Передавайте токен без изменений.',
      ],
    ],
  ),
  'event-not-found': note(
    'page',
    [
      'Kinescope knows no stream with this id.',
      [
        'The id on the page is wrong',
        'Run `kinescope-chat-server events show ID`.',
        'Copy the id from Kinescope’s dashboard. Case matters.',
      ],
      [
        'The stream was deleted',
        'Look for it in Kinescope’s dashboard.',
        'Create a new stream. Change `event-id` and `CHAT_EVENTS`.',
      ],
      [
        'The API token belongs to another workspace',
        'Run `kinescope-chat-server events list`. Your stream is missing.',
        'Use an API token of the workspace that has the stream.',
      ],
    ],
    [
      'Kinescope не знает трансляции с таким id.',
      [
        'На странице неверный id',
        'Выполните `kinescope-chat-server events show ID`.',
        'Скопируйте id из кабинета Kinescope. Регистр букв важен.',
      ],
      [
        'Трансляцию удалили',
        'Найдите её в кабинете Kinescope.',
        'Создайте новую трансляцию. Измените `event-id` и `CHAT_EVENTS`.',
      ],
      [
        'API-токен от другого рабочего пространства',
        'Выполните `kinescope-chat-server events list`: вашей трансляции там нет.',
        'Возьмите API-токен того пространства, где находится трансляция.',
      ],
    ],
  ),
  'jwt-not-enabled': note(
    'operator',
    [
      '`chat_jwt_required` is off for the stream, so anyone may enter its chat under any name. The chat works, and the reply has a warning.',
      [
        'Nobody turned it on',
        'Run `kinescope-chat-server events list`. The first column says `off`.',
        'Run `kinescope-chat-server events enable ID`.',
      ],
      [
        'Another program updated the stream',
        'Ask who edits streams through the API. A `PUT` may reset what it leaves out.',
        'Turn it on again, and send `chat_jwt_required` with every update.',
      ],
      [
        'The stream is over',
        'Kinescope answers 400246 to every change.',
        'Turn JWT on before a stream ends. Take another stream.',
      ],
    ],
    [
      '`chat_jwt_required` выключен, и в чат войдёт кто угодно под любым именем. Чат работает, в ответе есть предупреждение.',
      [
        'JWT не включили',
        'Выполните `kinescope-chat-server events list`. В первом столбце `off`.',
        'Выполните `kinescope-chat-server events enable ID`.',
      ],
      [
        'Трансляцию изменила другая программа',
        'Узнайте, кто меняет трансляции через API. Запрос `PUT` мог сбросить настройку.',
        'Включите снова и передавайте `chat_jwt_required` при каждом изменении.',
      ],
      [
        'Трансляция закончилась',
        'Kinescope отвечает 400246 на любое изменение.',
        'Включайте JWT до конца трансляции. Возьмите другую трансляцию.',
      ],
    ],
  ),
  'token-malformed': note(
    'operator',
    [
      'The token is not a JWT, or a claim has a wrong type. The element shows no frame for such a token.',
      [
        'The endpoint returns something else as `token`',
        'Look at the reply in the network panel. A token has three parts with two dots.',
        'Return the signed JWT as a string, without a prefix or quotes.',
      ],
      [
        '`exp`, `nbf` or `iat` are in milliseconds',
        '“For the site” shows the value. A time in seconds has ten digits.',
        'Divide by 1000. In JavaScript: `Math.floor(Date.now() / 1000)`.',
      ],
      [
        'A claim is a number instead of a string',
        'Run `kinescope-chat-server token verify -` with the token.',
        'Write `user_id`, `username` and `event_id` as strings.',
      ],
    ],
    [
      'Токен — не JWT, или тип одного из полей неверный. С таким токеном элемент не открывает чат.',
      [
        'В `token` приходит не токен',
        'Посмотрите ответ на вкладке «Сеть». В токене три части и две точки.',
        'Отдавайте подписанный JWT строкой, без префикса и кавычек.',
      ],
      [
        '`exp`, `nbf` или `iat` в миллисекундах',
        'В разделе «Для администратора сайта» есть значение. В секундах в нём десять цифр.',
        'Разделите на 1000. В JavaScript: `Math.floor(Date.now() / 1000)`.',
      ],
      [
        'Вместо строки стоит число',
        'Выполните `kinescope-chat-server token verify -` с этим токеном.',
        'Записывайте `user_id`, `username` и `event_id` строками.',
      ],
    ],
  ),
  'claim-missing': note(
    'operator',
    [
      'The token lacks a claim that Kinescope requires: `aud`, `user_id`, `username`, `event_id`, `exp`, or `kid` in the header.',
      [
        'Your own endpoint leaves a claim out',
        '“For the site” names the claim.',
        'Add it, or sign with `mintToken()`, which writes all of them.',
      ],
      [
        'The claim is empty',
        'Run `kinescope-chat-server token inspect -` with the token.',
        'Give visitors without a name a default, such as “Guest 12”.',
      ],
      [
        'The header has no `kid`',
        'Decode the first part of the token.',
        'Set `kid` to the id under which the key is registered.',
      ],
    ],
    [
      'В токене нет поля, которое нужно Kinescope: `aud`, `user_id`, `username`, `event_id`, `exp` или `kid` в заголовке.',
      [
        'Ваш сервер не записал поле',
        'Раздел «Для администратора сайта» называет поле.',
        'Добавьте его или подписывайте функцией `mintToken()`: она записывает все поля.',
      ],
      [
        'Поле пустое',
        'Выполните `kinescope-chat-server token inspect -` с этим токеном.',
        'Дайте посетителям без имени имя по умолчанию, например «Гость 12».',
      ],
      [
        'В заголовке нет `kid`',
        'Раскодируйте первую часть токена.',
        'Укажите `kid`, под которым зарегистрирован ключ.',
      ],
    ],
  ),
  'bad-algorithm': note(
    'operator',
    [
      'The token isn’t signed with RS256, the only algorithm that Kinescope accepts.',
      [
        'The library’s default is HS256',
        '“For the site” shows `alg`.',
        'Set the algorithm to RS256, and sign with the private RSA key.',
      ],
      [
        'The key is not an RSA key',
        'Look at the first line and the size: `openssl pkey -in key.pem -text -noout`.',
        'Create an RSA key of 2048 bits or more: `kinescope-chat-server keys generate`.',
      ],
      [
        'The page passes another token',
        'Look at what the page puts into `token`: perhaps the site’s session token.',
        'Put the site’s token into `identity`, and leave `token` out.',
      ],
    ],
    [
      'Токен подписан не алгоритмом RS256. Другие Kinescope не принимает.',
      [
        'Библиотека по умолчанию использует HS256',
        'В разделе «Для администратора сайта» указан `alg`.',
        'Задайте RS256 и подписывайте закрытым ключом RSA.',
      ],
      [
        'Это не ключ RSA',
        'Посмотрите на ключ: `openssl pkey -in key.pem -text -noout`.',
        'Создайте ключ RSA от 2048 бит: `kinescope-chat-server keys generate`.',
      ],
      [
        'Страница передаёт другой токен',
        'Проверьте, что стоит в `token`: возможно, это токен сессии сайта.',
        'Передайте токен сайта в `identity`, а `token` уберите.',
      ],
    ],
  ),
  'bad-audience': note(
    'operator',
    [
      'The token’s `aud` isn’t `"chat"`, so it was made for another service.',
      ['Wrong case', '“For the site” shows the value. `"Chat"` is wrong.', 'Write `"chat"` in lower case.'],
      [
        'The claim is missing from your code’s template',
        'Look at where your code builds the claims.',
        'Add `aud: "chat"`, or sign with `mintToken()`.',
      ],
      [
        'The page passes an identity token as `token`',
        'Its `aud` is `kinescope-chat`.',
        'Put it into `identity`. The element then gets the chat token itself.',
      ],
    ],
    [
      'В токене `aud` не равен `"chat"`: токен выпущен для другого сервиса.',
      [
        'Неверный регистр',
        'В разделе «Для администратора сайта» есть значение. `"Chat"` не подходит.',
        'Напишите `"chat"` строчными буквами.',
      ],
      [
        'Ваш код не задаёт поле',
        'Найдите место, где код собирает поля токена.',
        'Добавьте `aud: "chat"` или подписывайте функцией `mintToken()`.',
      ],
      [
        'Страница передаёт токен идентификации как `token`',
        'Его `aud` равен `kinescope-chat`.',
        'Передайте его в `identity`. Токен чата элемент получит сам.',
      ],
    ],
  ),
  'wrong-event': note(
    'operator',
    [
      'The token is for another stream than the one in the tag.',
      [
        'Your endpoint signs a fixed stream',
        'Compare `event_id` in “For the site”: found and expected.',
        'Sign for the `event_id` of the request.',
      ],
      [
        'The stream has two ids',
        'Run `kinescope-chat-server events show ID`: one id is the UUID, the other the public id.',
        'Return `event_id` and `chat_id` beside the token, or write `PAGE_ID=CLAIM_ID` in `CHAT_EVENTS`.',
      ],
      [
        'A cache returns the token of another page',
        'Look for `Age` in the reply’s headers.',
        'Send `Cache-Control: no-store`, and exclude the endpoint from caching.',
      ],
    ],
    [
      'Токен выпущен для другой трансляции, не для той, что указана в теге.',
      [
        'Ваш сервер всегда подписывает одну трансляцию',
        'Сравните `event_id` в разделе «Для администратора сайта»: найденный и ожидаемый.',
        'Подписывайте тот `event_id`, который пришёл в запросе.',
      ],
      [
        'У трансляции два id',
        'Выполните `kinescope-chat-server events show ID`: один — UUID, другой — публичный.',
        'Верните вместе с токеном `event_id` и `chat_id` или добавьте в `CHAT_EVENTS` пару `PAGE_ID=CLAIM_ID`.',
      ],
      [
        'Кеш отдаёт токен другой страницы',
        'Найдите `Age` в заголовках ответа.',
        'Отправляйте `Cache-Control: no-store` и исключите адрес из кеша.',
      ],
    ],
  ),
  'token-expired': note(
    'operator',
    [
      'The token’s `exp` has passed. The element asks for a new one once, and then reports this code.',
      [
        'The token server’s clock is behind',
        'Run `kinescope-chat-server doctor`. It compares the clock with Kinescope’s.',
        'Synchronize the clock with NTP.',
      ],
      [
        'A cache returns old tokens',
        'Send two requests: the same token twice means a cache.',
        'Send `Cache-Control: no-store`, and exclude the endpoint from caching.',
      ],
      [
        'The page renders an old `token`',
        'Look at the attribute `token` and at the page’s `Age`.',
        'Leave `token` out, or exclude the page from caches.',
      ],
    ],
    [
      'Срок токена (`exp`) прошёл. Элемент один раз запрашивает новый и после этого сообщает код.',
      [
        'Часы сервера токенов отстают',
        'Запустите `kinescope-chat-server doctor`: он сравнит часы с часами Kinescope.',
        'Настройте синхронизацию времени (NTP).',
      ],
      [
        'Кеш отдаёт старые токены',
        'Отправьте два запроса: одинаковый токен означает кеш.',
        'Отправляйте `Cache-Control: no-store` и исключите адрес из кеша.',
      ],
      [
        'В странице старый `token`',
        'Проверьте атрибут `token` и заголовок `Age` страницы.',
        'Уберите `token` или исключите страницу из кеша.',
      ],
    ],
  ),
  'token-not-yet-valid': note(
    'operator',
    [
      'The token’s `nbf` lies in the future.',
      [
        'The token server’s clock is ahead',
        'Run `kinescope-chat-server doctor`. It compares the clock with Kinescope’s.',
        'Synchronize the clock with NTP.',
      ],
      [
        'Your code sets `nbf` to a later time',
        'Run `kinescope-chat-server token inspect -` with the token.',
        'Leave `nbf` out, or set it 30 s back.',
      ],
      [
        '`nbf` is in another time zone',
        'The difference is a whole number of hours.',
        'Compute it from UTC, in seconds since 1970.',
      ],
    ],
    [
      'Начало действия токена (`nbf`) ещё не наступило.',
      [
        'Часы сервера токенов спешат',
        'Запустите `kinescope-chat-server doctor`: он сравнит часы с часами Kinescope.',
        'Настройте синхронизацию времени (NTP).',
      ],
      [
        'Ваш код ставит `nbf` позже',
        'Выполните `kinescope-chat-server token inspect -` с этим токеном.',
        'Уберите `nbf` или сдвиньте его на 30 с назад.',
      ],
      [
        '`nbf` в другом часовом поясе',
        'Разница равна целому числу часов.',
        'Считайте время по UTC, в секундах с 1970 года.',
      ],
    ],
  ),
  offline: note(
    'visitor',
    [
      'The browser reports that it has no network. The chat returns with the connection.',
      ['The visitor has no network', 'Open any other site.', 'Connect. The element retries automatically.'],
      [
        'Airplane mode, or a VPN that is down',
        'Look at the system’s network settings.',
        'Turn the network on again.',
      ],
      [
        'The browser is in offline mode',
        'In the developer tools, look at the network panel’s throttling.',
        'Set it to “No throttling”.',
      ],
    ],
    [
      'Браузер сообщает, что сети нет. Чат вернётся вместе с подключением.',
      [
        'Нет интернета',
        'Откройте любой другой сайт.',
        'Подключитесь. Элемент повторит запрос автоматически.',
      ],
      ['Режим полёта или отключённый VPN', 'Проверьте настройки сети.', 'Включите сеть.'],
      [
        'Браузер в автономном режиме',
        'В инструментах разработчика проверьте ограничение скорости на вкладке «Сеть».',
        'Выключите ограничение.',
      ],
    ],
  ),
  'endpoint-unreachable': note(
    'operator',
    [
      'The element could read no response from the token endpoint: network, DNS, TLS, CORS or the page’s policy.',
      [
        'The token server is down, or its address is wrong',
        'Open `https://chat.example.com/healthz` in the browser.',
        'Start the server. Check DNS, the certificate and the proxy’s upstream address.',
      ],
      [
        'The page’s policy forbids the request',
        'The console names `connect-src`.',
        'Add the token server to `connect-src` of the page’s Content Security Policy.',
      ],
      [
        'CORS fails at a proxy',
        'The console names CORS. The response has no `Access-Control-Allow-Origin`.',
        'Let the proxy pass the server’s headers. List the page in `CHAT_ALLOWED_ORIGINS`.',
      ],
    ],
    [
      'Элемент не смог прочитать ответ сервера токенов: сеть, DNS, TLS, CORS или политика страницы.',
      [
        'Сервер токенов не работает, или адрес неверный',
        'Откройте `https://chat.example.com/healthz` в браузере.',
        'Запустите сервер. Проверьте DNS, сертификат и адрес в настройках прокси.',
      ],
      [
        'Запрос запрещён политикой страницы',
        'Консоль называет `connect-src`.',
        'Добавьте сервер токенов в `connect-src` политики Content Security Policy.',
      ],
      [
        'Прокси нарушает CORS',
        'Консоль называет CORS. В ответе нет `Access-Control-Allow-Origin`.',
        'Настройте прокси так, чтобы он передавал заголовки сервера. Укажите страницу в `CHAT_ALLOWED_ORIGINS`.',
      ],
    ],
  ),
  'endpoint-timeout': note(
    'operator',
    [
      'The token endpoint, or your `fetchToken`, did not respond within 10 s.',
      [
        'The identity endpoint hangs',
        'The server’s log has `identity-unavailable`, or your own `authenticate` takes seconds.',
        'Make it respond within 3 s.',
      ],
      [
        'A proxy holds the request',
        'Run `curl -X POST -w "%{time_total}"` with and without the proxy.',
        'Set the proxy’s timeouts below 10 s. Turn request buffering off where it waits.',
      ],
      [
        'The visitor’s network is slow',
        'Only single visitors report it.',
        'Nothing. The element retries with growing delays.',
      ],
    ],
    [
      'Сервер токенов или ваша функция `fetchToken` не ответили за 10 с.',
      [
        'Сайт долго отвечает, кто посетитель',
        'В журнале есть `identity-unavailable`, или `authenticate` работает секундами.',
        'Уложитесь в 3 с.',
      ],
      [
        'Запрос задерживает прокси',
        'Выполните `curl -X POST -w "%{time_total}"` через прокси и без него.',
        'Задайте на прокси время ожидания меньше 10 с.',
      ],
      [
        'У посетителя медленная сеть',
        'Жалуются отдельные посетители.',
        'Ничего не нужно. Элемент повторяет запросы с растущими паузами.',
      ],
    ],
  ),
  'endpoint-not-found': note(
    'page',
    [
      'There is no token endpoint at `token-url`: something answered 404 without our error format.',
      [
        'The address is wrong',
        '“For the site” shows the address. Open it: the token endpoint answers a GET with 405.',
        'Correct `token-url`, or remove it to use `token` beside the script.',
      ],
      [
        'The base path differs',
        'Compare the address with `CHAT_BASE_PATH`.',
        'Use the same path in the proxy, the setting and the page.',
      ],
      [
        'The proxy passes only some paths',
        'Run `kinescope-chat-server doctor --url …`.',
        'Pass everything under the base path to the token server.',
      ],
    ],
    [
      'По адресу `token-url` нет сервера токенов: пришёл ответ 404 в чужом формате.',
      [
        'Неверный адрес',
        'В разделе «Для администратора сайта» указан адрес. Откройте его: сервер токенов отвечает на GET статусом 405.',
        'Исправьте `token-url` или уберите его, тогда адресом будет `token` рядом со скриптом.',
      ],
      [
        'Другой базовый путь',
        'Сравните адрес с `CHAT_BASE_PATH`.',
        'Используйте один путь в прокси, в настройке и на странице.',
      ],
      [
        'Прокси передаёт не все пути',
        'Запустите `kinescope-chat-server doctor --url …`.',
        'Передавайте серверу токенов всё, что начинается с базового пути.',
      ],
    ],
  ),
  'endpoint-error': note(
    'operator',
    [
      'A server error came without our error format. Usually a proxy answers in place of a token server that is down.',
      [
        'The proxy can’t reach the token server',
        'Status 502 or 504. Look at the proxy’s log.',
        'Start the token server. Check the upstream address.',
      ],
      [
        'Your own endpoint failed',
        'Status 500 from your app. Look at its log.',
        'Fix the error. Better, return 503 with a `code` of the contract.',
      ],
      [
        'A deploy is in progress',
        'It passes within a minute.',
        'Take replicas out of the balancer before you stop them (`CHAT_SHUTDOWN_DELAY`).',
      ],
    ],
    [
      'Пришла ошибка сервера в чужом формате. Обычно это прокси отвечает вместо остановленного сервера токенов.',
      [
        'Прокси не может соединиться с сервером токенов',
        'Статус 502 или 504. Посмотрите журнал прокси.',
        'Запустите сервер токенов. Проверьте адрес в настройках прокси.',
      ],
      [
        'Ошибка в вашем приложении',
        'Статус 500 от приложения. Посмотрите его журнал.',
        'Исправьте ошибку. Лучше отвечать 503 с полем `code` из контракта.',
      ],
      [
        'Идёт обновление',
        'Проходит за минуту.',
        'Выводите реплики из балансировщика до остановки (`CHAT_SHUTDOWN_DELAY`).',
      ],
    ],
  ),
  'endpoint-bad-reply': note(
    'site',
    [
      'An unexpected response came instead of JSON with a `token`: a page, a redirect, a challenge. “For the site” says what it was.',
      [
        'A sign-in page guards the endpoint',
        'The response is a redirect or an HTML form.',
        'Exempt the token path. The endpoint itself answers 401 to unknown visitors.',
      ],
      [
        'A firewall or CDN sends a challenge',
        'The response is HTML with status 403 or 503.',
        'Exempt the token path from bot checks. See [Cloudflare](recipes.md#cloudflare).',
      ],
      [
        'The visitor’s network has a sign-in page',
        'Only visitors of one network report it, for example in a hotel.',
        'Nothing. After they sign in to the network, the chat opens.',
      ],
    ],
    [
      'Вместо JSON с полем `token` пришло другое: страница, перенаправление, проверка. В разделе «Для администратора сайта» сказано, что именно.',
      [
        'Адрес закрыт страницей входа',
        'Ответ — перенаправление или HTML-форма.',
        'Сделайте исключение для пути токенов. Неизвестным посетителям сервер сам отвечает 401.',
      ],
      [
        'Брандмауэр или CDN показывает проверку',
        'Ответ — HTML со статусом 403 или 503.',
        'Отключите проверку для пути токенов. См. [Cloudflare](../recipes.md#cloudflare).',
      ],
      [
        'Сеть посетителя требует входа',
        'Жалуются посетители одной сети, например в гостинице.',
        'Ничего не нужно. Чат откроется после входа в сеть.',
      ],
    ],
  ),
  'frame-blocked': note(
    'page',
    [
      'A policy of the page forbids the chat’s frame. “For the site” has the directive to add.',
      [
        '`frame-src` of the Content Security Policy',
        'The console says: “Refused to frame ‘https://kinescope.io/’ because it violates the following Content Security Policy directive”.',
        'Add `frame-src https://kinescope.io`. Without `frame-src`, `child-src` or `default-src` counts.',
      ],
      [
        '`Cross-Origin-Embedder-Policy`',
        'The page’s response has `require-corp` or `credentialless`.',
        'Set it to `unsafe-none` on pages with a chat.',
      ],
      [
        'A second policy in a `<meta>` tag',
        'Search the page’s source for `http-equiv`.',
        'Add the directive there too. All policies apply at once.',
      ],
    ],
    [
      'Политика страницы запрещает фрейм чата. Нужная директива указана в разделе «Для администратора сайта».',
      [
        '`frame-src` в Content Security Policy',
        'В консоли есть «Refused to frame» и директива.',
        'Добавьте `frame-src https://kinescope.io`. Если её нет, действует `child-src` или `default-src`.',
      ],
      [
        '`Cross-Origin-Embedder-Policy`',
        'В ответе страницы есть `require-corp` или `credentialless`.',
        'Задайте `unsafe-none` на страницах с чатом.',
      ],
      [
        'Вторая политика в теге `<meta>`',
        'Найдите `http-equiv` в исходном коде страницы.',
        'Добавьте директиву и туда: действуют все политики сразу.',
      ],
    ],
  ),
  'frame-timeout': note(
    'visitor',
    [
      'Kinescope’s chat page didn’t load within 15 s.',
      [
        'The visitor’s network blocks kinescope.io',
        'Open the chat’s link in a new tab on the same network.',
        'Ask the network’s administrator to allow kinescope.io.',
      ],
      [
        'The stream may not be embedded on this domain',
        'Look at the allowed domains in Kinescope’s settings.',
        'Add the page’s domain there.',
      ],
      [
        '`Cross-Origin-Embedder-Policy` in Safari or Firefox',
        'The page’s response has the header. These browsers don’t report the block.',
        'Set it to `unsafe-none` on pages with a chat.',
      ],
    ],
    [
      'Страница чата Kinescope не загрузилась за 15 с.',
      [
        'Сеть посетителя блокирует kinescope.io',
        'Откройте ссылку на чат в новой вкладке в той же сети.',
        'Попросите администратора сети разрешить kinescope.io.',
      ],
      [
        'Трансляцию нельзя встраивать на этом домене',
        'Проверьте разрешённые домены в настройках Kinescope.',
        'Добавьте туда домен страницы.',
      ],
      [
        '`Cross-Origin-Embedder-Policy` в Safari или Firefox',
        'В ответе страницы есть этот заголовок. Эти браузеры не сообщают о блокировке.',
        'Задайте `unsafe-none` на страницах с чатом.',
      ],
    ],
  ),
  'event-id-missing': note(
    'page',
    [
      'The tag has no usable `event-id`. “For the site” shows what was found.',
      [
        'An editor removed the attribute',
        'Look at the page’s source, not at the editor.',
        'Allow the attribute, or use a link: [the editor removes the tag](embedding.md#my-editor-removes-the-tag).',
      ],
      [
        'A template was not filled in',
        'The value is `{{ … }}`, `undefined` or `null`.',
        'Render the tag only when the id is there.',
      ],
      [
        'The attribute has another name',
        'React and Vue write `eventid` or `eventId` in HTML.',
        'Write `event-id`.',
      ],
    ],
    [
      'В теге нет пригодного `event-id`. Найденное значение указано в разделе «Для администратора сайта».',
      [
        'Атрибут убрал редактор',
        'Посмотрите исходный код страницы, а не редактор.',
        'Разрешите атрибут или поставьте ссылку: [редактор убирает тег](embedding.md#редактор-убирает-тег).',
      ],
      [
        'Шаблон не заполнен',
        'В значении `{{ … }}`, `undefined` или `null`.',
        'Выводите тег, только когда id известен.',
      ],
      [
        'Атрибут назван иначе',
        'React и Vue записывают в HTML `eventid` или `eventId`.',
        'Пишите `event-id`.',
      ],
    ],
  ),
  'token-url-missing': note(
    'page',
    [
      'The element doesn’t know the token endpoint’s address, because it doesn’t know where its script came from.',
      [
        'An optimizer merged or renamed the script',
        'Look for a request named `kinescope-chat…js` in the network panel.',
        'Exclude the file from the optimizer, or set `token-url` on the tag.',
      ],
      [
        'The element comes from npm',
        'Your bundle contains it. There is no default address then.',
        'Set `token-url`, or `fetchToken` to your own function.',
      ],
      [
        'A consent or tag manager evaluates the script',
        'The script has no tag on the page.',
        'Set `token-url` on the tag. See [consent managers](embedding.md#consent-managers-tag-managers-optimizers).',
      ],
    ],
    [
      'Элемент не знает адреса сервера токенов, потому что не знает, откуда загружен его скрипт.',
      [
        'Оптимизатор объединил или переименовал скрипт',
        'Найдите на вкладке «Сеть» запрос `kinescope-chat…js`.',
        'Исключите файл из оптимизации или задайте `token-url` в теге.',
      ],
      [
        'Элемент установлен из npm',
        'Он входит в вашу сборку. Адреса по умолчанию тогда нет.',
        'Задайте `token-url` или свою функцию `fetchToken`.',
      ],
      [
        'Скрипт запускает менеджер согласий или тегов',
        'На странице нет тега скрипта.',
        'Задайте `token-url` в теге.',
      ],
    ],
  ),
}
