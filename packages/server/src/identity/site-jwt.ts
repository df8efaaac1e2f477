import {
  createRemoteJWKSet,
  errors,
  importJWK,
  importSPKI,
  jwtVerify,
  type CryptoKey,
  type JWTVerifyGetKey,
} from 'jose'
import { readCookie } from './cookie.js'
import { readField, userFrom, type IdentitySource } from './identity.js'

/** Clocks of two hosts, in seconds. */
const LEEWAY_S = 30
/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
export const MIN_SECRET_BYTES = 32

/** How the site signs: its key set by URL, its public key, or a secret shared with it. */
export type SiteKey =
  | { jwksUrl: string }
  /** SPKI PEM, or a JWK as JSON. */
  | { publicKey: string }
  | { secret: string }

export interface SiteJwtOptions {
  key: SiteKey
  /** Where the JWT lies when there is no bearer header. */
  cookie?: string | undefined
  issuer?: string | undefined
  audience?: string | undefined
  idField?: string
  nameField?: string
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Verifies the site's own statement of who the visitor is. The kind of key fixes the algorithms (RFC 8725, section
 * 3.1): a public key can never be taken for an HMAC secret. A statement without `exp` would be good for ever: refused.
 */
export function siteJwtIdentity(options: SiteJwtOptions): IdentitySource {
  const { key, cookie, issuer, audience, idField = 'sub', nameField = 'name', now = Date.now } = options
  const { getKey, algorithms } = verificationKey(key)

  return async (call, eventId) => {
    const bearer = /^Bearer +([\w.~+/=-]+)$/i.exec(call.header('authorization') ?? '')?.[1]
    const statement = bearer ?? (cookie === undefined ? null : readCookie(call.header('cookie'), cookie))
    if (!statement) return { refused: 'sign-in-required', reason: 'no-statement' }
    try {
      const { payload } = await jwtVerify(statement, getKey, {
        algorithms,
        clockTolerance: LEEWAY_S,
        currentDate: new Date(now()),
        requiredClaims: ['exp'],
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
      })
      if (payload['event_id'] !== undefined && payload['event_id'] !== eventId) {
        return { refused: 'access-denied', reason: 'other-event' }
      }
      return userFrom(readField(payload, idField), readField(payload, nameField))
    } catch (cause) {
      if (cause instanceof errors.JWTExpired)
        return { refused: 'sign-in-required', reason: 'statement-expired' }
      const theirs =
        cause instanceof errors.JWTInvalid ||
        cause instanceof errors.JWSInvalid ||
        cause instanceof errors.JWTClaimValidationFailed ||
        cause instanceof errors.JWSSignatureVerificationFailed ||
        cause instanceof errors.JOSEAlgNotAllowed ||
        cause instanceof errors.JOSENotSupported ||
        cause instanceof errors.JWKSNoMatchingKey ||
        cause instanceof errors.JWKSMultipleMatchingKeys
      if (theirs) return { refused: 'sign-in-required', reason: 'statement-refused', cause }
      return { refused: 'identity-unavailable', reason: 'key-set', cause }
    }
  }
}

const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
]

function verificationKey(key: SiteKey): { getKey: JWTVerifyGetKey; algorithms: string[] } {
  if ('jwksUrl' in key) {
    const set = createRemoteJWKSet(new URL(key.jwksUrl), { timeoutDuration: 3000 })
    return { getKey: set, algorithms: PUBLIC_KEY_ALGORITHMS }
  }
  if ('secret' in key) {
    // imported once: jose would do so for every statement
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const secret = crypto.subtle.importKey('raw', new TextEncoder().encode(key.secret), algorithm, false, [
      'verify',
    ])
    return { getKey: () => secret, algorithms: ['HS256'] }
  }
  // an imported key is bound to one algorithm, which only the statement names
  const imported = new Map<string, Promise<CryptoKey>>()
  const { publicKey } = key
  return {
    algorithms: PUBLIC_KEY_ALGORITHMS,
    getKey: ({ alg }) => {
      const known = imported.get(alg) ?? importPublicKey(publicKey, alg)
      imported.set(alg, known)
      return known
    },
  }
}

/** @throws where the text is no public key for the algorithm */
export async function importPublicKey(text: string, alg: string): Promise<CryptoKey> {
  try {
    const trimmed = text.replaceAll('\\n', '\n').trim()
    if (!trimmed.startsWith('{')) return await importSPKI(trimmed, alg)
    return (await importJWK(JSON.parse(trimmed) as Record<string, string>, alg)) as CryptoKey
  } catch (cause) {
    throw new errors.JOSENotSupported(`the configured public key does not fit ${alg}`, { cause })
  }
}
