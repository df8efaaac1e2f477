import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'

/** A key pair made at run time, and its public half as `POST /v1/jwk` wants it. */
export interface CraftKey {
  kid: string
  privateKey: KeyObject
  registration: Record<string, string>
}

export function makeKey(kid: string, bits = 2048): CraftKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const { n, e } = publicKey.export({ format: 'jwk' }) as { n: string; e: string }
  const registration = { kty: 'RSA', e, use: 'sig', kid, alg: 'RS256', n, expires_at: '2099-01-01T00:00:00Z' }
  return { kid, privateKey, registration }
}

/**
 * A chat token for `eventId`, good or bad: `claims` and `header` change members or, as undefined, remove them. Made by
 * `jsonwebtoken`, for what our own server would refuse to make.
 */
export function craftToken(
  key: CraftKey,
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
  const options = { noTimestamp: true, allowInsecureKeySizes: true }
  const asked: jwt.JwtHeader = { alg: 'RS256', typ: 'JWT', kid: key.kid, ...header }
  return asked.alg === 'HS256'
    ? jwt.sign(present, 'a secret that anybody may know', { ...options, algorithm: 'HS256', header: asked })
    : jwt.sign(present, key.privateKey, { ...options, algorithm: 'RS256', header: asked })
}
