import { base64url, CompactSign } from 'jose'
import { chatClaims, type ChatClaimsInput } from './claims.js'
import type { SignFunction, SigningKey } from './signing-key.js'

export interface MintTokenInput extends Omit<ChatClaimsInput, 'expiresAtCap' | 'now'> {
  key: SigningKey
  /** Milliseconds since the epoch; the system's clock by default. */
  now?: number
  /** Ends the waiting for a signer that is elsewhere. */
  signal?: AbortSignal
}

export interface MintedToken {
  /** The RS256 JWT. Whoever has it is that visitor until it expires: never log it. */
  token: string
  /** Seconds the token lives; less than asked for where the key dies earlier, and never positive once it is dead. */
  expiresIn: number
  kid: string
}

const encoder = new TextEncoder()

/** Signs a chat token. Web Crypto signs off the main thread, so the event loop stays free meanwhile. */
export async function mintToken(input: MintTokenInput): Promise<MintedToken> {
  const { key, userId, username, eventId, ttl, notBefore = false, now = Date.now(), signal } = input
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
