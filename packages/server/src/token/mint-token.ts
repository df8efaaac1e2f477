import { base64url, CompactSign } from 'jose'
import { userFrom } from '../identity/identity.js'
import type { SignFunction, SigningKey } from './signing-key.js'
import { cleanUsername } from './user-name.js'

/** Seconds the token's `iat` lies in the past, so that a verifier whose clock is behind ours doesn't refuse it. */
const BACKDATED_S = 30

export interface ChatClaims {
  /** A string, not the array of the article's Go sample: the form its JSON sample shows. */
  aud: 'chat'
  user_id: string
  username: string
  event_id: string
  iat: number
  exp: number
  nbf?: number
}

export interface ChatClaimsInput {
  userId: string
  /** As the site has it; cleaned here. */
  username: string
  eventId: string
  /** Lifetime in seconds. */
  ttl: number
  /** Milliseconds since the epoch. */
  now: number
  /** Milliseconds since the epoch that `exp` must not pass, since the key is dead from then on. */
  expiresAtCap?: number | null
  /** Back-dated `nbf`; left out by default, for the article demands none and a verifier's clock may be behind. */
  notBefore?: boolean
}

/** The JWT Claims Set of a chat token. Times are whole seconds. */
export function chatClaims(input: ChatClaimsInput): ChatClaims {
  const { userId, username, eventId, ttl, now, expiresAtCap = null, notBefore = false } = input
  const nowS = Math.floor(now / 1000)
  const iat = nowS - BACKDATED_S
  const exp = expiresAtCap === null ? nowS + ttl : Math.min(nowS + ttl, Math.floor(expiresAtCap / 1000))
  const claims: ChatClaims = {
    aud: 'chat',
    user_id: userId,
    username: cleanUsername(username),
    event_id: eventId,
    iat,
    exp,
  }
  if (notBefore) claims.nbf = iat
  return claims
}

export interface MintTokenInput extends Omit<ChatClaimsInput, 'expiresAtCap' | 'now'> {
  key: SigningKey
  /** Milliseconds since the epoch; the system's clock by default. */
  now?: number
  /** Ends the waiting for a signer that is elsewhere. */
  signal?: AbortSignal
}

export interface MintedToken {
  /** The RS256 JWT. It admits its bearer as that visitor until it expires: never log it. */
  token: string
  /** Seconds the token lives; less than asked for where the key dies earlier, and never positive once it is dead. */
  expiresIn: number
  kid: string
}

const encoder = new TextEncoder()

/** @throws TypeError unless the lifetime is one that a token may have: a text such as '60' would make `exp` endless */
export function assertTtl(ttl: number, name: string): void {
  if (Number.isInteger(ttl) && ttl >= 60 && ttl <= 86_400) return
  throw new TypeError(`${name} must be a whole number of seconds from 60 to 86400`)
}

/**
 * Signs a chat token. Web Crypto signs off the main thread, so the event loop stays free meanwhile.
 * @throws TypeError if `ttl`, `userId` or `eventId` can't be in a token
 */
export async function mintToken(input: MintTokenInput): Promise<MintedToken> {
  const { key, userId, username, eventId, ttl, notBefore = false, now = Date.now(), signal } = input
  assertTtl(ttl, 'ttl')
  for (const [name, value] of Object.entries({ userId, eventId })) {
    if (typeof value !== 'string' || value.trim() === '') throw new TypeError(`${name} must be a text`)
  }
  // its length may be beyond that of a site's id: a source may add an issuer
  const visitor = userFrom(userId, '')
  if ('refused' in visitor && visitor.reason === 'no-id') {
    throw new TypeError('userId must be the id of a visitor: not 0, and without control characters')
  }
  const claims = chatClaims({ userId, username, eventId, ttl, notBefore, now, expiresAtCap: key.expiresAt })
  const header = { alg: 'RS256', typ: 'JWT', kid: key.kid }
  const payload = encoder.encode(JSON.stringify(claims))
  const token =
    'sign' in key
      ? await signElsewhere(key.sign, header, payload, signal)
      : // the claims are ours to the last character: SignJWT would clone and check them once more
        await new CompactSign(payload).setProtectedHeader(header).sign(key.privateKey)
  return { token, expiresIn: claims.exp - Math.floor(now / 1000), kid: key.kid }
}

/** A JWS in its compact form (RFC 7515, section 7.1), which a library makes only with the key itself. */
async function signElsewhere(
  sign: SignFunction,
  header: object,
  payload: Uint8Array,
  signal = new AbortController().signal,
): Promise<string> {
  const input = `${base64url.encode(JSON.stringify(header))}.${base64url.encode(payload)}`
  return `${input}.${base64url.encode(await sign(encoder.encode(input), signal))}`
}
