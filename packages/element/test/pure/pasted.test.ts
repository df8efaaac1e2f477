import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatUrl, httpUrl, readEventId } from '../../src/frame/chat-url.js'
import { readPasted } from '../../src/text.js'

const K = 'https://kinescope.io'
const STAGING = 'https://staging.example:8443'
const ID = '0csUJYzAHfe3PcyMEVScmQ'

const PAIRS =
  `"" '' “” ”” „“ „” ‟” ‘’ ‚‘ ‛’ «» »« ‹› 「」 『』 〝〞 ﹁﹂ ＂＂ ＇＇ ｢｣ \`\` \`´ ′′ ″″ ⹂⹂ 〈〉 《》`.split(
    ' ',
  )
const UNSEEN = [
  ' ',
  '\t',
  '\r\n',
  '\u00a0',
  '\u00ad',
  '\u034f',
  '\u061c',
  '\u115f',
  '\u17b4',
  '\u180e',
  '\u200b',
  '\u200c',
  '\u200d',
  '\u200e',
  '\u202a',
  '\u202e',
  '\u2028',
  '\u2060',
  '\u2066',
  '\u2800',
  '\u3000',
  '\u3164',
  '\ufe0f',
  '\ufeff',
  '\uffa0',
  '\ufff9',
  '\u{1d173}',
  '\u{e0001}',
  '\u{e0100}',
  '\0',
  '\u0085',
]

/** Text of any code units, halves of characters too. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))

describe('what pasting adds', () => {
  it.each(PAIRS)('%s is dropped', (pair) => {
    const [open, close] = [...pair]
    for (const text of [ID, '202589431', 'b4a7d1c2-0b1e-4b7e-9d0a-0123456789ab'])
      expect(readPasted(`${open}${text}${close}`)).toBe(text)
  })

  it.each(UNSEEN.map((character) => [character.codePointAt(0)!.toString(16), character]))(
    'U+%s is dropped',
    (_, character) => {
      expect(readPasted(`${character}“${character}${ID}${character}”${character}`)).toBe(ID)
    },
  )

  it('is dropped around alone: inside, an id is its owner’s', () => {
    expect(readPasted(' a “b” c ')).toBe('a “b” c')
    expect(readPasted('О’Генри')).toBe('О’Генри')
  })

  it('leaves nothing of nothing', () => {
    for (const nothing of [
      '',
      ' ',
      '""',
      '«»',
      '\u200b',
      undefined,
      null,
      {},
      [],
      true,
      NaN,
      Infinity,
      Symbol('x'),
      () => ID,
    ])
      expect(readPasted(nothing)).toBe('')
  })

  it('takes numbers and addresses for what they are', () => {
    expect(readPasted(202589431)).toBe('202589431')
    expect(readPasted(202589431n)).toBe('202589431')
    expect(readPasted(new URL('https://a.example/token'))).toBe('https://a.example/token')
  })

  it('never throws, is settled after once, and takes time by length', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything({ maxDepth: 1 }), anyText), (raw) => {
        const once = readPasted(raw)
        expect(readPasted(once)).toBe(once)
      }),
    )
    const middle = `a${'"'.repeat(100_000)}b`
    expect(readPasted(middle)).toBe(middle)
  })
})

describe('the stream’s id', () => {
  it.each([
    [`  ${ID} `, ID],
    [`${K}/chat/${ID}`, ID],
    [`${K}/chat/${ID}/`, ID],
    [`${K}/chat/${ID}//`, ID],
    [`${K}/${ID}`, ID],
    [`${K}/${ID}/`, ID],
    [`${K}/chat/abc?token=x#y`, 'abc'],
    [`${K}/chat/abc/?utm_source=mail#kinescope-chat`, 'abc'],
    [`“${K}/chat/abc”`, 'abc'],
    [`«${K}/chat/abc»`, 'abc'],
    [`\u200b${K}/chat/abc\u200b`, 'abc'],
    [`${K}/chat/%E2%80%9Cabc%E2%80%9D`, 'abc'],
    [`${K}/202589431`, '202589431'],
    [`${K}/chat/a%20b/`, 'a b'],
    [`${K}/chat/a%2Fb`, 'a/b'],
    ['kinescope.io/chat/abc', 'abc'],
    ['Kinescope.io/abc', 'abc'],
    ['//kinescope.io/chat/abc', 'abc'],
    ['http://kinescope.io/abc', 'abc'],
    ['HTTP://Kinescope.io/chat/abc', 'abc'],
    ['http://kinescope.io:8080/abc', 'http://kinescope.io:8080/abc'],
    [`${STAGING}/chat/abc?x`, 'abc'],
    ['staging.example:8443/abc', 'abc'],
    [`${K}/chat/`, `${K}/chat/`],
    [`${K}/`, `${K}/`],
    ['https://evil.example/chat/abc', 'https://evil.example/chat/abc'],
    ['https://kinescope.io.evil.example/abc', 'https://kinescope.io.evil.example/abc'],
    ['https://kinescope.io@evil.example/abc', 'https://kinescope.io@evil.example/abc'],
    ['https://evil.example/chat/abc?token=secret#x', 'https://evil.example/chat/abc'],
    ['www.kinescope.io/chat/abc?x=1&token=secret', 'www.kinescope.io/chat/abc?x=1'],
    ['https://chat.example.com/embed/abc?identity=a.b.c', 'https://chat.example.com/embed/abc'],
    ['abc#token=secret', 'abc'],
    ['“abc” ?token=secret', 'abc'],
    ['https://kinescope.io/chat/a/b?token=secret', 'https://kinescope.io/chat/a/b'],
    [`${K}/embed/x/y`, `${K}/embed/x/y`],
    [`${K}/chat/%zz`, `${K}/chat/%zz`],
    [42, '42'],
    [null, ''],
    [{ id: 1 }, ''],
  ])('reads %s', (raw, id) => expect(readEventId(raw, STAGING)).toBe(id))

  it('is read from a link to a chat page without TLS, where that is the configured one', () => {
    expect(readEventId('http://localhost:9090/chat/abc/', 'http://localhost:9090')).toBe('abc')
  })

  it('is safe in an address, whatever it is', () => {
    const id = fc.oneof(
      anyText.filter((text) => text !== ''),
      fc.constantFrom(
        '..',
        '.',
        '../x',
        '%2e%2e',
        'a/b',
        'a?x#y',
        '\ud800',
        'a\udfffb',
        '/'.repeat(10_000),
        'я'.repeat(10_000),
      ),
    )
    fc.assert(
      fc.property(id, (id) => {
        const url = new URL(chatUrl(K, readEventId(id, K) || 'x', 'a.b.c'))
        expect(url.origin).toBe(K)
        expect(url.pathname).toMatch(/^\/chat\/[^/]+$/)
        expect(url.search).toBe('?token=a.b.c')
        expect(url.hash).toBe('')
      }),
    )
  })

  it('is found in no time, however long the link', () => {
    for (const unit of ['/', '%', '/chat', '/a'])
      expect(readEventId(`${K}${unit.repeat(100_000)}`, K).length).toBeLessThan(600_000)
  })
})

describe('an address', () => {
  it('is http(s) or none', () => {
    expect(httpUrl('https://staging.example/x')!.origin).toBe('https://staging.example')
    expect(httpUrl('“/sign-in”', 'https://a.example/x')!.href).toBe('https://a.example/sign-in')
    const hostile = [
      'javascript:alert(1)',
      ' java\nscript:alert(1)',
      '“javascript:alert(1)”',
      '\u0001javascript:alert(1)',
      'JAVASCRIPT:1',
      'data:text/html,x',
      'blob:https://a.example/x',
      'vbscript:x',
      'file:///x',
    ]
    for (const bad of [undefined, null, '', 7, {}, ...hostile]) {
      expect(httpUrl(bad)).toBe(undefined)
      if (typeof bad === 'string') expect(httpUrl(bad, 'https://a.example')).toBeUndefined()
    }
  })
})
