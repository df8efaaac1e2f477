import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatClaims } from '../../src/token/mint-token.js'

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
