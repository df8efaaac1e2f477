import type { Text } from './scenario.js'

export type Language = keyof Text

/** The page's own words, by the `data-text` of what they stand in. */
export const WORDS = {
  bench: { en: 'QA bench', ru: 'стенд для проверки' },
  language: { en: 'Language', ru: 'Язык' },
  theme: { en: 'Theme', ru: 'Тема' },
  themeAuto: { en: 'System', ru: 'Системная' },
  themeLight: { en: 'Light', ru: 'Светлая' },
  themeDark: { en: 'Dark', ru: 'Тёмная' },
  yourName: { en: 'Your name', ru: 'Ваше имя' },
  signIn: { en: 'Sign in', ru: 'Войти' },
  signOut: { en: 'Sign out', ru: 'Выйти' },
  signedInAs: { en: 'Signed in as', ru: 'Вы вошли как' },
  again: { en: 'Run again', ru: 'Повторить' },
  leaveScenario: { en: 'Leave scenario', ru: 'Выйти из сценария' },
  scenarios: { en: 'Scenarios', ru: 'Сценарии' },
  events: { en: 'Events', ru: 'События' },
  requests: { en: 'Requests', ru: 'Запросы' },
  state: { en: 'State', ru: 'Состояние' },
  code: { en: 'Code', ru: 'Код' },
  attributes: { en: 'Attributes', ru: 'Атрибуты' },
  emulator: { en: 'Emulator', ru: 'Эмулятор' },
  time: { en: 'Time', ru: 'Время' },
  event: { en: 'Event', ru: 'Событие' },
  details: { en: 'Details', ru: 'Подробности' },
  request: { en: 'Request', ru: 'Запрос' },
  answer: { en: 'Answer', ru: 'Ответ' },
  took: { en: 'Took', ru: 'Длился' },
  banMe: { en: 'Ban me', ru: 'Заблокировать меня' },
  breakMe: { en: 'Break /me', ru: 'Сломать /me' },
  rotate: { en: 'Rotate the signing key', ru: 'Сменить ключ подписи' },
  goodPaths: { en: 'Good paths', ru: 'Без ошибок' },
  codes: { en: 'One for each code', ru: 'По одному на каждый код' },
  running: { en: 'Running …', ru: 'Идёт …' },
  passed: { en: 'As expected', ru: 'Как ожидалось' },
  failed: { en: 'Not as expected', ru: 'Не как ожидалось' },
  none: { en: 'none', ru: 'нет' },
  noAnswer: { en: 'no answer', ru: 'нет ответа' },
  copy: { en: 'Copy', ru: 'Копировать' },
  copied: { en: 'Copied', ru: 'Скопировано' },
  notCopied: { en: 'Could not copy: select the text', ru: 'Не удалось: выделите текст' },
  snippetModule: { en: 'Any page', ru: 'Любая страница' },
  snippetFixed: {
    en: 'Any page, exactly this version (SRI)',
    ru: 'Любая страница, только эта версия (SRI)',
  },
  snippetClassic: { en: 'Site builders that reject modules', ru: 'Конструкторы, не принимающие модули' },
  snippetLink: {
    en: 'An editor that keeps only links, the script once in the header',
    ru: 'Редактор, который сохраняет только ссылки; скрипт один раз в шапке',
  },
  snippetDiv: {
    en: 'An editor that keeps data attributes, the script once in the header',
    ru: 'Редактор, который сохраняет data-атрибуты; скрипт один раз в шапке',
  },
  snippetFrame: { en: 'Where only frames are allowed', ru: 'Где разрешены только фреймы' },
  snippetPolicy: {
    en: 'What a page with a Content-Security-Policy needs',
    ru: 'Что нужно странице с Content-Security-Policy',
  },
  yourServer: { en: 'Your token server', ru: 'Ваш сервер токенов' },
  yourStream: { en: 'Your stream', ru: 'Ваша трансляция' },
  noAddress: {
    en: 'The token server’s address begins with https://',
    ru: 'Адрес сервера токенов начинается с https://',
  },
  intro: {
    en: 'Enter a name and sign in: you are in the chat. Show a second visitor to talk to, or run all scenarios to check that everything works.',
    ru: 'Введите имя и войдите: вы в чате. Добавьте второго посетителя, чтобы поговорить, или запустите все сценарии, чтобы проверить, что всё работает.',
  },
  twoVisitors: { en: 'Show two visitors', ru: 'Показать двух посетителей' },
  chatOf: { en: 'Chat of', ru: 'Чат посетителя' },
  unknownScenario: { en: 'There is no such scenario:', ru: 'Такого сценария нет:' },
  runAll: { en: 'Run all', ru: 'Запустить все' },
  runAllAbout: {
    en: 'Takes about three minutes. Keep this tab in front.',
    ru: 'Это займёт около трёх минут. Не переключайте вкладку.',
  },
  stopRun: { en: 'Stop', ru: 'Остановить' },
  leftToPlay: { en: 'left to play:', ru: 'осталось:' },
  copyResults: { en: 'Copy as Markdown', ru: 'Скопировать как Markdown' },
  tallyPassed: { en: 'passed', ru: 'пройдено' },
  tallyFailed: { en: 'failed', ru: 'не пройдено' },
  tallyHand: { en: 'needs a hand', ru: 'нужен человек' },
  needsHand: { en: 'Needs a hand', ru: 'Нужен человек' },
  runTook: { en: 'Took', ru: 'Заняло' },
  minutes: { en: 'min', ru: 'мин' },
  seconds: { en: 's', ru: 'с' },
  leftToDo: { en: 'time left:', ru: 'осталось:' },
  hand: { en: 'Your part', ru: 'Ваш шаг' },
  waits: { en: 'Queued', ru: 'В очереди' },
  previous: { en: 'Previous', ru: 'Предыдущий' },
  next: { en: 'Next', ru: 'Следующий' },
  expectedAndObserved: { en: 'Expected and observed', ru: 'Что ожидалось и что вышло' },
  whatIsLookedAt: { en: 'What', ru: 'Что' },
  expected: { en: 'Expected', ru: 'Ожидается' },
  observed: { en: 'Observed', ru: 'Вышло' },
  lookYourself: { en: 'look into the frame', ru: 'посмотрите во фрейм' },
  problem: { en: 'Problem', ru: 'Проблема' },
  noEvents: { en: 'Never', ru: 'Никогда' },
  tokenRequests: { en: 'Token requests', ru: 'Запросы токена' },
  frames: { en: 'Frames now', ru: 'Фреймов сейчас' },
  framesSeen: { en: 'Frames in all', ru: 'Фреймов всего' },
  inFrame: { en: 'In the frame', ru: 'Во фрейме' },
  step: { en: 'Step', ru: 'Шаг' },
  sent: { en: 'Sent', ru: 'Отправлено' },
  received: { en: 'Received', ru: 'Получено' },
  unset: { en: 'not set', ru: 'не задан' },
  clock: { en: 'Clock ahead by, seconds', ru: 'Часы впереди на, с' },
  reset: { en: 'Reset to documented values', ru: 'Вернуть значения из документов' },
  emulatorAbout: {
    en: 'Kinescope’s documents leave these points open. A change affects everyone who uses this emulator.',
    ru: 'Документация Kinescope этого не уточняет. Изменение касается всех, кто работает с этим эмулятором.',
  },
  changedSwitches: { en: 'not as documented:', ru: 'не как в документах:' },
  notAsDocumented: { en: 'Not as documented', ru: 'Не как в документах' },
  readyFaults: { en: 'Faults, ready-made', ru: 'Готовые сбои' },
  chatLink: { en: 'Between the visitor and the chat page', ru: 'Между посетителем и страницей чата' },
  apiLink: { en: 'Between the operator and the API', ru: 'Между оператором и API' },
  faultsNow: { en: 'Faults in force', ru: 'Действующие сбои' },
  anyFault: { en: 'Another fault', ru: 'Другой сбой' },
  clockGroup: { en: 'Kinescope’s clock', ru: 'Часы Kinescope' },
  api: { en: 'API', ru: 'API' },
  ids: { en: 'Ids', ru: 'Идентификаторы' },
  chatPage: { en: 'Chat page', ru: 'Страница чата' },
  session: { en: 'Session', ru: 'Сеанс' },
  kind: { en: 'Kind', ru: 'Вид' },
  path: { en: 'Path of the requests', ru: 'Путь запросов' },
  value: { en: 'Status, or milliseconds', ru: 'Статус или миллисекунды' },
  times: { en: 'How often (empty: always)', ru: 'Сколько раз (пусто: всегда)' },
  addFault: { en: 'Add fault', ru: 'Добавить сбой' },
  clearFaults: { en: 'Remove all faults', ru: 'Убрать все сбои' },
  unreachable: {
    en: 'The emulator is unreachable. Start it with npm run demo.',
    ru: 'Эмулятор недоступен. Запустите его: npm run demo.',
  },
  // steps
  'wait-for': { en: 'Wait until the state is', ru: 'Ждать состояния' },
  wait: { en: 'Wait, seconds:', ru: 'Ждать, секунд:' },
  check: { en: 'Intermediate check', ru: 'Промежуточная проверка' },
  'sign-out': { en: 'The site signs you out', ru: 'Сайт завершает ваш сеанс' },
  reload: { en: 'reload()', ru: 'reload()' },
  'rotate-keys': { en: 'The operator rotates the key', ru: 'Оператор меняет ключ' },
  'scroll-to-chat': { en: 'Scroll to the chat', ru: 'Прокрутить к чату' },
  'go-offline': { en: 'Simulate a lost network', ru: 'Имитировать потерю сети' },
  'come-online': { en: 'The network is back', ru: 'Сеть вернулась' },
  'hide-page': { en: 'Simulate a hidden page', ru: 'Имитировать скрытую страницу' },
  'show-page': { en: 'The page is shown', ru: 'Страница видна' },
  'visitor-types': {
    en: 'You: type something into the chat and don’t send it',
    ru: 'Вы: напишите что-нибудь в чат и не отправляйте',
  },
  'visitor-leaves': {
    en: 'You: click on this page, outside the chat',
    ru: 'Вы: щёлкните на странице вне чата',
  },
  ban: { en: 'The site bans you', ru: 'Сайт блокирует вас' },
} as const satisfies Record<string, Text>

export type Word = keyof typeof WORDS

let current: Language = 'en'
export const language = (): Language => current
export const say = (word: Word): string => WORDS[word][current]
export const inLanguage = (text: Text): string => text[current]

/** Writes the page's words in another language. The element follows the document's `lang`. */
export function speak(wanted: Language): void {
  current = wanted
  document.documentElement.lang = wanted
  for (const place of document.querySelectorAll<HTMLElement>('[data-text]')) {
    place.textContent = say(place.dataset['text'] as Word)
  }
}
