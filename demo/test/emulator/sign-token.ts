import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'

/** A key pair made for one test run, and its public half as `POST /v1/jwk` wants it. */
export interface TestKey {
  kid: string
  privateKey: KeyObject
  registration: Record<string, string>
}

export function makeKey(kid: string, bits = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const { n, e } = publicKey.export({ format: 'jwk' }) as { n: string; e: string }
  const registration = { kty: 'RSA', e, use: 'sig', kid, alg: 'RS256', n, expires_at: '2099-01-01T00:00:00Z' }
  return { kid, privateKey, registration }
}

/** A chat token for `eventId`; `claims` and `header` change or, as undefined, remove members. */
export function signToken(
  key: TestKey,
  eventId: string,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    aud: 'chat',
    user_id: 'u-1',
    username: 'Жанна 😀',
    event_id: eventId,
    exp: now + 600,
    ...claims,
  }
  const present = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined))
  return jwt.sign(present, key.privateKey, {
    algorithm: 'RS256',
    noTimestamp: true,
    allowInsecureKeySizes: true,
    header: { alg: 'RS256', typ: 'JWT', kid: key.kid, ...header } as jwt.JwtHeader,
  })
}
