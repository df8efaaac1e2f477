import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LETTER_JOINER } from '../../src/token/joiners.js'
import { cleanUsername } from '../../src/token/user-name.js'
import { codePoints, runs } from '../../../../scripts/test-tier.js'

describe('a name', () => {
  const cases: [string, string, string][] = [
    ['stays as it is', 'Жанна 😀', 'Жанна 😀'],
    ['in Arabic stays', 'محمد عبد الله', 'محمد عبد الله'],
    ['in Hebrew stays', 'שָׁלוֹם', 'שָׁלוֹם'.normalize('NFC')],
    ['in Persian keeps its joiner', 'می\u200cخواهم', 'می\u200cخواهم'],
    ['in Persian keeps a joiner behind a vowel mark', 'نِیمْ\u200cفاصله', 'نِیمْ\u200cفاصله'],
    ['in Urdu keeps its joiner', 'علی\u200cنواز', 'علی\u200cنواز'],
    ['keeps a joiner once', 'می\u200c\u200c\u200cخواهم', 'می\u200cخواهم'],
    [
      'keeps a joiner between letters that something invisible separated',
      'می\u200b\u200cخواهم',
      'می\u200cخواهم',
    ],
    ['loses a joiner after a letter that never joins', 'کار\u200cآفرین', 'کارآفرین'],
    ['loses a joiner at its end', 'علی\u200c', 'علی'],
    ['in Syriac keeps its joiner', 'ܡܝ\u200cܡܢ', 'ܡܝ\u200cܡܢ'],
    ['in Hindi keeps a half form', 'शर्\u200dमा', 'शर्\u200dमा'],
    ['in Hindi keeps an explicit virama', 'वाङ्\u200cमय', 'वाङ्\u200cमय'],
    ['in Sinhala keeps its conjunct', 'ශ්\u200dරී', 'ශ්\u200dරී'],
    ['in Malayalam keeps a chillu at its end', 'മോഹന്\u200d', 'മോഹന്\u200d'],
    ['in Malayalam keeps a chillu before a space', 'രാജന്\u200d നായര്\u200d', 'രാജന്\u200d നായര്\u200d'],
    ['in Malayalam loses a joiner that makes no chillu', 'മോഹമ്\u200d', 'മോഹമ്'],
    ['in Bengali loses a joiner without a virama', 'র\u200dয', 'রয'],
    ['in Latin has no joiner', 'Ad\u200dm\u200cin', 'Admin'],
    ['in Cyrillic has no joiner', 'Ан\u200dна', 'Анна'],
    ['in Arabic has no ZWJ', 'مح\u200dمد', 'محمد'],
    ['loses the Braille blank', 'Ann\u2800 Lee', 'Ann Lee'],
    ['is cut before the @ of an address', 'ann@example.com', 'ann'],
    ['is cut inside brackets', 'Ann Lee <ann@mail.example.com>', 'Ann Lee <ann'],
    ['is cut at an address in another script', 'иван@почта.рф', 'иван'],
    ['is cut at an address in full width', 'ann＠example．com', 'ann'],
    ['is cut at an address with something invisible', 'ann\u200b@\u2060exa\u00admple.com', 'ann'],
    ['is cut at an address literal', 'ann@[192.0.2.1]', 'ann'],
    ['is cut at an IPv6 literal', 'ann@[IPv6:2001:db8::1]', 'ann'],
    ['is cut at the first of two addresses', 'a@example.com b@example.com', 'a'],
    ['is cut at an address behind 64 characters', `${'ж'.repeat(60)} a@example.com`, `${'ж'.repeat(60)} a`],
    ['is cut at an address across 64 characters', `${'ж'.repeat(60)}@example.com`, 'ж'.repeat(60)],
    ['is cut at an address across the end of what is read', `a${'\u200b'.repeat(500)}nn@example.com`, 'ann'],
    ['keeps an @ that is none of an address', '@ann C@t DJ @ home', '@ann C@t DJ @ home'],
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

  it('keeps joiners exactly where RFC 5892 allows them, for every letter', () => {
    const { validZWNJ, combiningClassVirama } = createRequire(import.meta.url)('tr46/lib/regexes.js') as {
      validZWNJ: RegExp
      combiningClassVirama: RegExp
    }
    const virama = new RegExp(`^(?:${combiningClassVirama.source})`, combiningClassVirama.flags)
    const isKept = (text: string, at: number) =>
      [...text.matchAll(LETTER_JOINER)].some(({ index }) => index === at)
    const wrong: string[] = []
    for (const code of codePoints()) {
      const character = String.fromCodePoint(code)
      if (/[\p{Cf}\p{Cn}\p{Co}\p{Cs}]/u.test(character)) continue
      const { length } = character
      const before = `${character}\u200cب`
      const after = `ب\u200c${character}`
      const mark = `ب${character}\u200cب`
      const isVirama = virama.test(character)
      if (isKept(before, length) !== (isVirama || validZWNJ.test(before)))
        wrong.push(`L ${code.toString(16)}`)
      if (isKept(after, 1) !== validZWNJ.test(after)) wrong.push(`R ${code.toString(16)}`)
      if (isKept(mark, 1 + length) !== (isVirama || validZWNJ.test(mark)))
        wrong.push(`T ${code.toString(16)}`)
      if (isKept(`${character}\u200dक`, length) !== isVirama) wrong.push(`V ${code.toString(16)}`)
    }
    expect(wrong).toEqual([])
  }, 60_000)

  it('loses every invisible character at any position, and no other', () => {
    const unseen = /^[\u{16fe4}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]$/u
    const wrong: string[] = []
    for (const code of codePoints()) {
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

  it('is cut before it is normalized: a thousand times the length costs the same', () => {
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

  it('has at most 64 code points and is never cut within a character', () => {
    expect(cleanUsername('ж'.repeat(65))).toBe('ж'.repeat(64))
    expect(cleanUsername('😀'.repeat(65))).toBe('😀'.repeat(64))
    const family = '👨‍👩‍👧‍👦' // seven code points
    expect(cleanUsername(family.repeat(10))).toBe(family.repeat(9))
    expect([...cleanUsername(`a${'\u0301'.repeat(100)}`)].length).toBeLessThanOrEqual(64)
  })

  it('is short, clean, not empty and stable if cleaned again, for any text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
            fc.constantFrom(
              '\u200d',
              '\u200c',
              'ی',
              'क',
              '\u094d',
              '@',
              'a.b',
              '\ufe0f',
              '👩',
              '🏽',
              '1',
              '\u20e3',
              '\u0301',
              ' ',
              '\u{e0062}',
            ),
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
      { numRuns: runs(500) },
    )
  })
})
