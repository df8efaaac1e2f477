import { createPublicKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Code } from 'kinescope-chat/contract'
import { keyByKid, type EmulatorState } from './emulator-state.js'
import type { StreamEvent } from './seed-events.js'

export type Verdict =
  | {
      code: null
      userId: string
      username: string
      kid: string
      /** ms since the epoch; null: never */ expiresAt: number | null
    }
  | { code: Code; reason: string }

/**
 * Judges a chat token as Kinescope would, by `jsonwebtoken`: not the library that signs, so that an error shared by
 * both sides can't hide. `urlId` is the id in the chat's URL, `now` is in milliseconds.
 */
export function verifyChatToken(
  state: EmulatorState,
  token: string,
  event: StreamEvent,
  urlId: string,
  now: number,
): Verdict {
  const refused = (code: Code, reason: string): Verdict => ({ code, reason })
  const decoded = decode(token)
  if (!decoded) return refused('token-malformed', 'not a JSON Web Token')
  const { alg, kid } = decoded.header
  if (alg !== 'RS256') return refused('bad-algorithm', `alg is ${String(alg)}, only RS256 is supported`)
  if (typeof kid !== 'string' || kid === '') return refused('claim-missing', 'the header has no kid')
  const key = keyByKid(state, kid)
  if (!key) return refused('key-not-registered', `no key with the kid ${kid} is registered`)
  if (key.alg !== 'RS256') return refused('bad-algorithm', `the key is registered for ${key.alg}`)
  const expires = Date.parse(key.expiresAt)
  if (expires <= now) return refused('key-expired', `the key expired at ${key.expiresAt}`)

  let claims: jwt.JwtPayload
  try {
    claims = jwt.verify(token, createPublicKey({ key: key.publicJwk, format: 'jwk' }), {
      algorithms: ['RS256'],
      audience: 'chat',
      clockTolerance: state.variants.leeway,
      clockTimestamp: Math.floor(now / 1000),
    }) as jwt.JwtPayload
  } catch (error) {
    return refused(...faultOf(error))
  }
  for (const name of ['user_id', 'username', 'event_id']) {
    if (typeof claims[name] !== 'string' || claims[name] === '') return refused('claim-missing', `no ${name}`)
  }
  if (claims.exp === undefined && state.variants.expClaim === 'required')
    return refused('claim-missing', 'no exp')
  if (!claimFits(state, claims['event_id'] as string, event, urlId)) {
    return refused('wrong-event', 'event_id is not this stream')
  }
  return {
    code: null,
    userId: claims['user_id'] as string,
    username: claims['username'] as string,
    kid,
    expiresAt: claims.exp === undefined ? null : (claims.exp + state.variants.leeway) * 1000,
  }
}

function decode(token: string) {
  try {
    const decoded = jwt.decode(token, { complete: true })
    return decoded && typeof decoded.payload === 'object' ? decoded : null
  } catch {
    return null
  }
}

function faultOf(error: unknown): [Code, string] {
  if (error instanceof jwt.TokenExpiredError) return ['token-expired', 'exp has passed']
  if (error instanceof jwt.NotBeforeError) return ['token-not-yet-valid', 'nbf is in the future']
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('jwt audience invalid')) return ['bad-audience', 'aud is not "chat"']
  if (message === 'invalid algorithm') return ['bad-algorithm', 'only RS256 is supported']
  if (message === 'invalid signature')
    return ['bad-signature', 'the signature does not fit the registered key']
  return ['token-malformed', message || 'not a JSON Web Token']
}

function claimFits({ variants }: EmulatorState, claim: string, event: StreamEvent, urlId: string): boolean {
  switch (variants.claimEventId) {
    case 'uuid':
      return claim === event.id
    case 'public-id':
      return claim === event.publicId
    case 'as-in-url':
      return claim === urlId
    case 'either':
      return claim === event.id || claim === event.publicId
  }
}
