import type { Variants } from '../emulator/variants.js'
import type { Text } from './scenario.js'

export type SwitchGroup = 'api' | 'ids' | 'chatPage' | 'session'

export interface SwitchWords {
  group: SwitchGroup
  title: Text
  /** What Kinescope's documents say of it, and what they leave open. */
  documents: Text
}

const text = (en: string, ru: string): Text => ({ en, ru })
const words = (group: SwitchGroup, title: Text, documents: Text): SwitchWords => ({ group, title, documents })

/** Each switch of the emulator in words. One that is added without any doesn't compile. */
export const SWITCH_WORDS: Record<keyof Variants, SwitchWords> = {
  keyEnvelope: words(
    'api',
    text('One key in an answer', 'Один ключ в ответе'),
    text(
      'The article shows it bare; the API rules wrap everything in "data".',
      'В статье ключ показан без обёртки; по правилам API всё лежит в "data".',
    ),
  ),
  eventEnvelope: words(
    'api',
    text('One stream in an answer', 'Одна трансляция в ответе'),
    text('Seen in "data" in public code.', 'В открытом коде встречается в "data".'),
  ),
  keyList: words(
    'api',
    text('The list of keys', 'Список ключей'),
    text('No document shows it.', 'Ни один документ его не показывает.'),
  ),
  eventList: words(
    'api',
    text('The list of streams', 'Список трансляций'),
    text('The API rules say: in pages.', 'По правилам API — постранично.'),
  ),
  keyFields: words(
    'api',
    text('Which fields of a key come back', 'Какие поля ключа возвращаются'),
    text(
      'The article’s answer has five; whether the modulus comes back is open.',
      'В ответе из статьи их пять; возвращается ли модуль, неизвестно.',
    ),
  ),
  keyListShows: words(
    'api',
    text('Keys in the list', 'Какие ключи в списке'),
    text(
      '“View all active keys”: whether expired ones are listed is open.',
      '«Все активные ключи»: показываются ли истёкшие, неизвестно.',
    ),
  ),
  createStatus: words(
    'api',
    text('Status of a registered key', 'Статус при регистрации ключа'),
    text('The article names none.', 'В статье не назван.'),
  ),
  deleteAnswer: words(
    'api',
    text('Answer to a deleted key', 'Ответ на удаление ключа'),
    text('Open: a body, or an empty 204.', 'Неизвестно: тело или пустой 204.'),
  ),
  jwtRequiredShown: words(
    'api',
    text('A stream shows chat_jwt_required', 'Трансляция показывает chat_jwt_required'),
    text('The article sets it; no answer shows it.', 'Статья его задаёт; ни один ответ его не показывает.'),
  ),
  eventUpdate: words(
    'api',
    text('A PUT of a stream', 'PUT трансляции'),
    text(
      'The article sends one member alone; a full update would reset the others.',
      'В статье отправляют одно поле; полная замена сбросила бы остальные.',
    ),
  ),
  duplicateKid: words(
    'api',
    text('A kid that is there already', 'Такой kid уже есть'),
    text(
      'The article says that kid must be unique, not what happens if it isn’t.',
      'Статья требует уникальный kid, но не говорит, что будет иначе.',
    ),
  ),
  extraKeyMembers: words(
    'api',
    text('Members beyond the seven', 'Поля сверх семи'),
    text('Open.', 'Неизвестно.'),
  ),
  keyLimit: words(
    'api',
    text('How many keys an account may have', 'Сколько ключей у аккаунта'),
    text('“A limit may apply”; no number.', '«Может действовать ограничение»; число не названо.'),
  ),
  keyIdForm: words(
    'ids',
    text('The id of a key', 'Вид id ключа'),
    text('jwk_… in the article; a UUID everywhere else.', 'В статье jwk_…; в остальном API — UUID.'),
  ),
  apiEventId: words(
    'ids',
    text('Stream ids that the API takes', 'Какие id трансляции берёт API'),
    text('UUIDs in all examples.', 'Во всех примерах UUID.'),
  ),
  chatUrlId: words(
    'ids',
    text('Stream ids in the chat’s address', 'Какие id в адресе чата'),
    text('The documents use both forms.', 'В документах встречаются обе формы.'),
  ),
  claimEventId: words(
    'ids',
    text('What the event_id claim must be', 'Каким должен быть event_id'),
    text('The article says “the stream’s id”, not which.', 'В статье «id трансляции», какой — не сказано.'),
  ),
  withoutToken: words(
    'chatPage',
    text('The chat without a token', 'Чат без токена'),
    text('Open, where a token is required.', 'Неизвестно, если токен обязателен.'),
  ),
  beforeStart: words(
    'chatPage',
    text('The chat before the first start', 'Чат до первого старта'),
    text(
      '“The chat is created automatically when a stream starts.”',
      '«Чат создаётся автоматически при старте трансляции».',
    ),
  ),
  frameAncestors: words(
    'chatPage',
    text('frame-ancestors of the chat page', 'frame-ancestors страницы чата'),
    text('Not documented.', 'Не описано.'),
  ),
  embedDomains: words(
    'chatPage',
    text('Hosts that may embed the chat', 'Где можно встраивать чат'),
    text('Documented for the player, by Referer.', 'Описано для плеера, по Referer.'),
  ),
  pageFocus: words(
    'chatPage',
    text('Focus when the page has loaded', 'Фокус после загрузки'),
    text('Not documented.', 'Не описано.'),
  ),
  pageDelayMs: words(
    'chatPage',
    text('Milliseconds before the page answers', 'Задержка страницы, мс'),
    text('Depends on the network.', 'Зависит от сети.'),
  ),
  pageLoad: words(
    'chatPage',
    text('Whether the page answers', 'Отвечает ли страница'),
    text('It should.', 'Должна.'),
  ),
  leeway: words(
    'session',
    text('Seconds by which exp may be missed', 'Допуск для exp, секунд'),
    text('Open; the article’s library has none.', 'Неизвестно; у библиотеки из статьи его нет.'),
  ),
  expClaim: words(
    'session',
    text('The exp claim', 'Поле exp'),
    text(
      'In every example; whether it must be is open.',
      'Есть во всех примерах; обязательно ли, неизвестно.',
    ),
  ),
  sessionAtExpiry: words(
    'session',
    text('An open chat when its token ends', 'Открытый чат, когда токен истёк'),
    text('Open.', 'Неизвестно.'),
  ),
  sessionAtKeyDeletion: words(
    'session',
    text('An open chat when its key is deleted', 'Открытый чат, когда ключ удалён'),
    text(
      '“Users will need to obtain new tokens”; whether the chat ends at once is open.',
      '«Потребуются новые токены»; закроется ли чат сразу, неизвестно.',
    ),
  ),
}
