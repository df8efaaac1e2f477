import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hmacIdentity } from '../../src/identity/hmac-token.js'

const SECRET = 'a-secret-of-thirty-two-bytes-and-more'
const NOW = Date.UTC(2026, 10, 29)
const good = { sub: 'u-1', name: 'Ann', event_id: 'stream', exp: NOW / 1000 + 300 }

const macOf = (payload: string, secret = SECRET) => createHmac('sha256', secret).update(payload).digest('hex')
const payloadOf = (claims: unknown) => Buffer.from(JSON.stringify(claims)).toString('base64url')
const tokenFor = (claims: unknown, secret = SECRET) =>
  `hmac.${payloadOf(claims)}.${macOf(payloadOf(claims), secret)}`

function ask(token: string, eventId = 'stream') {
  const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : null)
  const identify = hmacIdentity({ secret: SECRET, now: () => NOW })
  return identify({ header, address: null, request: null }, eventId, { signal: new AbortController().signal })
}

describe('a plain HMAC identity token', () => {
  it('is accepted, also with padded or standard base64 and with an uppercase MAC', async () => {
    const user = { user: { id: 'u-1', name: 'Ann' } }
    expect(await ask(tokenFor(good))).toEqual(user)
    const padded = Buffer.from(JSON.stringify({ ...good, name: 'Жанна >>??' })).toString('base64')
    expect(padded).toMatch(/[+/=]/)
    expect(await ask(`hmac.${padded}.${macOf(padded)}`)).toEqual({ user: { id: 'u-1', name: 'Жанна >>??' } })
    expect(await ask(`hmac.${payloadOf(good)}.${macOf(payloadOf(good)).toUpperCase()}`)).toEqual(user)
  })

  it('is rejected for every fault', async () => {
    const mac = macOf(payloadOf(good))
    const cases: Record<string, [string, string]> = {
      'another secret': [tokenFor(good, `${SECRET}!`), 'identity-token-rejected'],
      'another payload': [`hmac.${payloadOf({ ...good, sub: 'u-2' })}.${mac}`, 'identity-token-rejected'],
      'no MAC': [`hmac.${payloadOf(good)}.`, 'identity-token-rejected'],
      'half a MAC': [`hmac.${payloadOf(good)}.${mac.slice(0, 32)}`, 'identity-token-rejected'],
      'two MACs': [`hmac.${payloadOf(good)}.${mac}.${mac}`, 'identity-token-rejected'],
      'no hex': [`hmac.${payloadOf(good)}.${'z'.repeat(64)}`, 'identity-token-rejected'],
      'no claims': [`hmac.e.${macOf('e')}`, 'identity-token-malformed'],
      'an array': [tokenFor([good]), 'identity-token-malformed'],
      'no exp': [tokenFor({ ...good, exp: undefined }), 'exp-missing'],
      'exp as text': [tokenFor({ ...good, exp: String(good.exp) }), 'exp-missing'],
      'exp in milliseconds': [tokenFor({ ...good, exp: NOW + 300_000 }), 'exp-in-milliseconds'],
      'exp too far': [tokenFor({ ...good, exp: NOW / 1000 + 90_000 }), 'exp-too-far'],
      'no event_id': [tokenFor({ ...good, event_id: undefined }), 'event-id-missing'],
      'no sub': [tokenFor({ ...good, sub: undefined }), 'no-id'],
      'sub 0': [tokenFor({ ...good, sub: 0 }), 'no-id'],
      'too long': [tokenFor({ ...good, name: 'x'.repeat(9000) }), 'identity-token-too-long'],
    }
    for (const [name, [token, reason]] of Object.entries(cases)) {
      expect(await ask(token), name).toMatchObject({ refused: 'sign-in-required', reason, rejected: true })
    }
    expect(await ask(tokenFor({ ...good, event_id: 'other' }))).toMatchObject({ refused: 'access-denied' })
    expect(await ask(tokenFor({ ...good, exp: NOW / 1000 - 60 }))).toMatchObject({
      refused: 'identity-expired',
    })
    expect(await ask(tokenFor({ ...good, exp: NOW / 1000 - 60 }, 'x'.repeat(40)))).toMatchObject({
      refused: 'sign-in-required',
    })
  })

  it('leaves other tokens to the next source', async () => {
    for (const token of ['a.b.c', 'link.a.b', '', 'opaque']) {
      expect(await ask(token)).toEqual({ refused: 'sign-in-required', reason: 'no-identity-token' })
    }
  })
})
