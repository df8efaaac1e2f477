import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatClaims, cleanUsername } from '../../src/token/claims.js'

const NOW = Date.UTC(2026, 10, 25, 12, 0, 0, 999)
const input = { userId: 'u-1', username: 'Ann', eventId: 'stream', ttl: 3600, now: NOW }

describe('the claims', () => {
  it('are the documented ones, in whole seconds', () => {
    const nowS = Math.floor(NOW / 1000)
    expect(chatClaims(input)).toEqual({
      aud: 'chat',
      user_id: 'u-1',
      username: 'Ann',
      event_id: 'stream',
      iat: nowS - 30,
      exp: nowS + 3600,
    })
  })

  it('carry nbf, back-dated, only when asked', () => {
    const { nbf, iat } = chatClaims({ ...input, notBefore: true })
    expect(nbf).toBe(iat)
  })

  it('never let exp pass the end of the key, and never shorten it needlessly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 86_400 }),
        fc.integer({ min: -100_000, max: 200_000_000 }),
        (ttl, left) => {
          const cap = NOW + left
          const { exp } = chatClaims({ ...input, ttl, expiresAtCap: cap })
          expect(Number.isInteger(exp)).toBe(true)
          expect(exp * 1000).toBeLessThanOrEqual(cap)
          if (left > (ttl + 1) * 1000) expect(exp).toBe(Math.floor(NOW / 1000) + ttl)
        },
      ),
    )
  })
})

describe('a name', () => {
  const cases: [string, string, string][] = [
    ['stays as it is', 'Жанна 😀', 'Жанна 😀'],
    ['in Arabic stays', 'محمد عبد الله', 'محمد عبد الله'],
    ['in Hebrew stays', 'שָׁלוֹם', 'שָׁלוֹם'.normalize('NFC')],
    ['in Persian keeps its joiner', 'می‌خواهم', 'می‌خواهم'],
    ['in Hindi keeps its joiner', 'क्‍ष', 'क्‍ष'],
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

  it('has 64 code points at most and is never cut through a character', () => {
    expect(cleanUsername('ж'.repeat(65))).toBe('ж'.repeat(64))
    expect(cleanUsername('😀'.repeat(65))).toBe('😀'.repeat(64))
    const family = '👨‍👩‍👧‍👦' // seven code points
    expect(cleanUsername(family.repeat(10))).toBe(family.repeat(9))
    expect([...cleanUsername(`a${'\u0301'.repeat(100)}`)].length).toBeLessThanOrEqual(64)
  })

  it('is, for any text at all, short, tidy, not empty and the same when cleaned again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (raw) => {
        const clean = cleanUsername(raw)
        expect([...clean].length).toBeGreaterThan(0)
        expect([...clean].length).toBeLessThanOrEqual(64)
        expect(clean).toBe(clean.normalize('NFC'))
        expect(clean).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b\ufeff]|\p{Cs}/u)
        expect(clean).not.toMatch(/^\s|\s$|\s\s/)
        expect(cleanUsername(clean)).toBe(clean)
      }),
      { numRuns: 500 },
    )
  })
})
