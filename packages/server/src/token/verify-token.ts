import { compactVerify, importJWK } from 'jose'
import { checkToken, type TokenCheck, type TokenClaims, type TokenHeader } from 'kinescope-chat/check-token'
import type { TokenCode } from 'kinescope-chat/contract'

/** A public key that tokens are verified with. */
export interface VerifyKey {
  kid: string
  kty: 'RSA'
  n: string
  e: string
  /** When Kinescope stops accepting it: ISO 8601. */
  expiresAt?: string | null
}

export interface VerifyFault {
  code: TokenCode | 'bad-signature' | 'key-not-registered' | 'key-expired'
  /** A short stable word: the claim's name, the kid, or what is wrong with the token's form. */
  reason: string
}

export type Verification =
  | { fault: null; header: TokenHeader; claims: TokenClaims }
  | { fault: VerifyFault; header?: Record<string, unknown>; claims?: Record<string, unknown> }

export interface VerifyTokenOptions {
  keys: readonly VerifyKey[]
  /** The stream the token must be for; left out, any stream will do. */
  eventId?: string | undefined
  /** ms since the epoch */
  now?: number
}

/**
 * Judges a chat token as the element does and then as Kinescope does: the signature by the key that the token names,
 * never by "the first key". Never throws for what a token can hold. Runs wherever Web Crypto does.
 */
export async function verifyToken(
  token: string,
  { keys, eventId, now = Date.now() }: VerifyTokenOptions,
): Promise<Verification> {
  const check: TokenCheck = checkToken(token, { eventId, now: now / 1000 })
  // what a signature would say of a token of this form is not worth knowing
  if (check.fault && ['token-malformed', 'bad-algorithm'].includes(check.fault.code)) return check
  const { header, claims } = check
  if (!header || !claims) return check
  const kid = header['kid' as keyof typeof header]
  if (typeof kid !== 'string' || kid === '') return check
  const refused = (code: VerifyFault['code'], reason: string): Verification => ({
    fault: { code, reason },
    header: { ...header },
    claims: { ...claims },
  })

  const key = keys.find((candidate) => candidate.kid === kid)
  if (!key) return refused('key-not-registered', kid)
  const { kty, n, e } = key
  try {
    const publicKey = await importJWK({ kty, n, e }, 'RS256')
    await compactVerify(token, publicKey, { algorithms: ['RS256'] })
  } catch {
    return refused('bad-signature', kid)
  }
  if (key.expiresAt && Date.parse(key.expiresAt) <= now) return refused('key-expired', kid)
  return check
}
