import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifyToken, type VerifyKey } from '../../src/token/verify-token.js'

const now = Date.parse('2026-11-25T12:00:00Z')
const seconds = now / 1000
const pair = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength })
const { privateKey, publicKey } = pair()
const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
const keys: VerifyKey[] = [
  { kid: 'other', kty: 'RSA', n: pair().publicKey.export({ format: 'jwk' }).n!, e },
  { kid: 'k1', kty: 'RSA', n, e, expiresAt: '2027-11-25T12:00:00Z' },
]
const CLAIMS = {
  aud: 'chat',
  user_id: 'user-12345',
  username: 'John Smith',
  event_id: 'event-abc-123',
  iat: seconds,
  exp: seconds + 60,
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: object = {}, header: object = {}, key = privateKey) => {
  const text = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1', ...header })}.${part({ ...CLAIMS, ...claims })}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`
}
const code = async (text: string, options: { eventId?: string; now?: number } = {}) =>
  (await verifyToken(text, { keys, now, ...options })).fault?.code ?? null

describe('verifyToken', () => {
  it('accepts a valid token, with aud as a string or as the array of the article’s Go sample', async () => {
    expect(await code(token())).toBeNull()
    expect(await code(token({ aud: ['chat'] }), { eventId: 'event-abc-123' })).toBeNull()
  })

  it.each<[string, string, string]>([
    [
      'a changed claim',
      token().replace(/\.[^.]+\./, `.${part({ ...CLAIMS, user_id: 'admin' })}.`),
      'bad-signature',
    ],
    ['another key under this kid', token({}, {}, pair().privateKey), 'bad-signature'],
    ['a kid nobody registered', token({}, { kid: 'k2' }), 'key-not-registered'],
    ['no kid', token({}, { kid: undefined }), 'claim-missing'],
    ['alg none', `${part({ alg: 'none', kid: 'k1' })}.${part(CLAIMS)}.`, 'token-malformed'],
    ['alg HS256', token({}, { alg: 'HS256' }), 'bad-algorithm'],
    ['alg RS512', token({}, { alg: 'RS512' }), 'bad-algorithm'],
    ['aud in capitals', token({ aud: 'Chat' }), 'bad-audience'],
    ['another stream', token({ event_id: 'x' }), 'wrong-event'],
    ['an expired token', token({ exp: seconds }), 'token-expired'],
    ['a token for later', token({ nbf: seconds + 1 }), 'token-not-yet-valid'],
    ['milliseconds', token({ exp: now }), 'token-malformed'],
    ['padded base64', `${token()}==`, 'token-malformed'],
    ['something else', 'abc', 'token-malformed'],
  ])('returns the code of %s', async (_what, text, expected) => {
    expect(await code(text, { eventId: 'event-abc-123' })).toBe(expected)
  })

  it('checks the signature before the claims', async () => {
    const forged = token({ exp: seconds - 1 }, {}, pair().privateKey)
    expect(await code(forged)).toBe('bad-signature')
  })

  it('rejects a key from the moment it expires', async () => {
    const late = Date.parse('2027-11-25T12:00:00Z')
    const text = token({ exp: late / 1000 + 60 })
    expect(await code(text, { now: late - 1 })).toBeNull()
    expect(await code(text, { now: late })).toBe('key-expired')
  })
})
