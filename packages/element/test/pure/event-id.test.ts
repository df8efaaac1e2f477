import { describe, expect, it } from 'vitest'
import { isPlaceholder, oddCharacters, withoutInvisible } from '../../src/event-id.js'
import { readEventId } from '../../src/frame/chat-url.js'

const ORIGIN = 'https://kinescope.io'
const ID = '0csUJYzAHfe3PcyMEVScmQ'
const UUID = '11d5a0f0-6d2b-4a3c-9a71-6a4f5d0c7c11'

describe('a placeholder that a template left', () => {
  const left = [
    ...['undefined', 'null', 'NaN', '[object Object]', '[object HTMLElement]', 'None', ' undefined '],
    ...[
      '{{ id }}',
      '{{id}}',
      '${id}',
      '${ event.id }',
      '<%= id %>',
      '<?= $id ?>',
      '{% id %}',
      '#{id}',
      '{id}',
    ],
    ...['[[id]]', '%EVENT_ID%', '$event_id', '%7B%7Bid%7D%7D', '"{{ id }}"', 'unde\u200bfined', 'NULL'],
    ...[
      'true',
      'false',
      'nil',
      '<nil>',
      '<no value>',
      '(null)',
      '#ELEMENT_ID#',
      '###EVENT_ID###',
      '[+id+]',
      '[*id*]',
      '%%ID%%',
      '*|ID|*',
    ],
    ...[
      '$event->id',
      '$event.id',
      '$!id',
      '@Model.Id',
      '@event.Id',
      '() => id',
      'Symbol(id)',
      '$(id)',
      '<id>',
      ...['%s', '%d', '%1$s', ':id', ':event_id', '__EVENT_ID__'],
      ...['#event.id#', '#=id#', '#N/A', '%event.id%', '%event-id%', '?id?', '~id~', '"+id+"', "' . $id . '"],
      ...['&lt;%= id %&gt;', '&#123;&#123;id', '%3C%25= id %25%3E', '%5B%5Bid%5D%5D', 'Array'],
    ],
  ]
  it.each(left)('is not an id: %s', (id) => expect(readEventId(id, ORIGIN)).toBe(''))
  it.each(left)('is not an id in a link: %s', (id) =>
    expect(readEventId(`${ORIGIN}/chat/${encodeURIComponent(id)}`, ORIGIN)).toBe(''),
  )
  it.each([
    ID,
    UUID,
    '42',
    'nullable',
    'undefined-1',
    'a$b',
    '50%',
    '5__a__',
    'a:b',
    'objectObject',
    'none-1',
    'nil-1',
  ])('is an id: %s', (id) => {
    expect(isPlaceholder(id)).toBe(false)
    expect(readEventId(id, ORIGIN)).toBe(id)
  })
})

it.each([
  `${ORIGIN}/chat/${ID}#kinescope-chat`,
  `${ORIGIN}/chat/${ID}?from=(mail)&to=@all#kinescope-chat`,
  `kinescope.io/${ID}#@|*`,
  `https://user@kinescope.io/${ID}`,
])('a link is read before its id is judged: %s', (link) => expect(readEventId(link, ORIGIN)).toBe(ID))

it.each(['https://site.example/live?to=@all#t=1', 'https://kinescope.io@site.example/1'])(
  'a link of another site is no placeholder: %s',
  (link) => expect(readEventId(link, ORIGIN)).toBe(link),
)

describe('an id with invisible characters', () => {
  const inside = [
    '\u00ad',
    '\u200b',
    '\u2060',
    '\ufeff',
    '\u200e',
    '\n',
    '\r\n',
    '\u2028',
    '\u0000',
    '\u2800',
    '\u034f',
    '\u3164',
  ]
  it.each(inside)('has them removed: %j', (unseen) => {
    expect(readEventId(`0csUJYzAHf${unseen}e3PcyMEVScmQ`, ORIGIN)).toBe(ID)
    expect(readEventId(`${ORIGIN}/chat/0csUJYzAHf${unseen}e3PcyMEVScmQ`, ORIGIN)).toBe(ID)
  })
  it('is empty without other characters', () => expect(withoutInvisible('\u200b\u00ad')).toBe(''))
})

describe('a character that no id has', () => {
  it.each([
    ['11d5\u2013a0f0', '"–" (U+2013)'],
    ['0\u0441sUJ', '"с" (U+0441)'],
    ['0\u03bfo', '"ο" (U+03BF)'],
    ['\uff10cs', '"０" (U+FF10)'],
    ['a\u2212b\u2010c', '"−" (U+2212), "‐" (U+2010)'],
    ['0csU JYz', '" " (U+0020)'],
    ['0csUJYz.', '"." (U+002E)'],
  ])('is listed: %s', (id, named) => expect(oddCharacters(id)).toBe(named))
  it('is absent from a valid id', () => expect(oddCharacters(ID) + oddCharacters(UUID)).toBe(''))
})
