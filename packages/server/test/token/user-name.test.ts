import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanUsername } from '../../src/token/user-name.js'

describe('a name', () => {
  const cases: [string, string, string][] = [
    ['stays as it is', 'Жанна 😀', 'Жанна 😀'],
    ['in Arabic stays', 'محمد عبد الله', 'محمد عبد الله'],
    ['in Hebrew stays', 'שָׁלוֹם', 'שָׁלוֹם'.normalize('NFC')],
    ['in Persian loses its joiner', 'می\u200cخواهم', 'میخواهم'],
    ['keeps a heart and a keycap', '❤\ufe0f 1\ufe0f\u20e3', '❤\ufe0f 1\ufe0f\u20e3'],
    ['keeps a family of dark skin', '👩🏽\u200d❤\ufe0f\u200d👨🏽', '👩🏽\u200d❤\ufe0f\u200d👨🏽'],
    ['loses a variation selector on a letter', 'A\ufe0fdmin 1\ufe0f', 'Admin 1'],
    ['loses tags, also behind a flag', '🏴\u{e0067}\u{e0062}\u{e007f} Ad\u{e0020}min', '🏴 Admin'],
    ['of marks alone is none', '\u0301\u0301', 'Guest'],
    ['keeps a family', '👨‍👩‍👧‍👦', '👨‍👩‍👧‍👦'],
    ['keeps a flag and a skin tone', '🇳🇱 👋🏽', '🇳🇱 👋🏽'],
    ['is composed', 'e\u0301', 'é'],
    ['is one line', ' Ann\r\n\tLee\u2028X ', 'Ann Lee X'],
    ['loses controls', 'A\u0000n\u001bn\u009b', 'Ann'],
    ['loses bidi overrides and isolates', '\u202egnp.exe\u2066x\u2069\u200f', 'gnp.exex'],
    ['loses zero widths and the byte-order mark', 'A\u200bd\u2060m\ufeffi\u00adn', 'Admin'],
    ['loses a joiner that joins nothing', '\u200dA\u200d \u200cB\u200c', 'A B'],
    ['loses half a surrogate pair', 'A\ud83dB', 'AB'],
    ['is never empty', ' \u200b\u202e ', 'Guest'],
    ['is never empty either', '', 'Guest'],
  ]
  it.each(cases)('%s', (_what, raw, clean) => {
    expect(cleanUsername(raw)).toBe(clean)
  })

  it('loses every character that nobody sees, wherever it stands, and no other', () => {
    const unseen = /^[\u{16fe4}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]$/u
    const wrong: string[] = []
    for (let code = 0; code <= 0x10_ffff; code++) {
      const character = String.fromCodePoint(code)
      const clean = cleanUsername(`Ad${character}min`)
      const hides = unseen.test(character) && !/^[\t-\r\u0085]$/.test(character)
      const parts = /^[\s\u0085]$/u.test(character)
      const expected = hides ? 'Admin' : parts ? 'Ad min' : `Ad${character}min`.normalize('NFC')
      if (clean !== expected) wrong.push(code.toString(16))
      if (hides && cleanUsername(character.repeat(3)) !== 'Guest') wrong.push(`blank ${code.toString(16)}`)
    }
    expect(wrong).toEqual([])
  }, 60_000)

  it('is cut before it is worked on: a thousand times the length costs the same', () => {
    const normalized: number[] = []
    const { normalize } = String.prototype
    String.prototype.normalize = function (this: string, form?: string) {
      normalized.push(this.length)
      return normalize.call(this, form)
    }
    try {
      for (const mark of ['\u0301', '\u1161', '\u200d', ' ', '😀', '\ud800', '1\ufe0f\u20e3'])
        cleanUsername(`a${mark.repeat(125_000)}`)
    } finally {
      String.prototype.normalize = normalize
    }
    expect(normalized.length).toBeGreaterThan(0)
    expect(Math.max(...normalized)).toBeLessThanOrEqual(512)
  })

  it('has 64 code points at most and is never cut through a character', () => {
    expect(cleanUsername('ж'.repeat(65))).toBe('ж'.repeat(64))
    expect(cleanUsername('😀'.repeat(65))).toBe('😀'.repeat(64))
    const family = '👨‍👩‍👧‍👦' // seven code points
    expect(cleanUsername(family.repeat(10))).toBe(family.repeat(9))
    expect([...cleanUsername(`a${'\u0301'.repeat(100)}`)].length).toBeLessThanOrEqual(64)
  })

  it('is, for any text at all, short, tidy, not empty and the same when cleaned again', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
            fc.constantFrom('\u200d', '\ufe0f', '👩', '🏽', '1', '\u20e3', '\u0301', ' ', '\u{e0062}'),
          ),
          maxLength: 200,
        }),
        (raw) => {
          const clean = cleanUsername(raw)
          expect([...clean].length).toBeGreaterThan(0)
          expect([...clean].length).toBeLessThanOrEqual(64)
          expect(clean).toBe(clean.normalize('NFC'))
          expect(clean).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b\ufeff\u2800]|\p{Cs}/u)
          expect(clean).not.toMatch(/^\s|\s$|\s\s/)
          expect(cleanUsername(clean)).toBe(clean)
        },
      ),
      { numRuns: 500 },
    )
  })
})
