import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose'
import { readCookie } from './cookie.js'
import { readField, userFrom, type IdentityAnswer, type IdentitySource } from './identity.js'
import { verificationKey, type SiteKey } from './site-key.js'

/** What our own recipes and plugins write into `aud`. */
export const DEFAULT_AUDIENCE = 'kinescope-chat'
/** Seconds that a statement may still have to live, where nothing else is said. */
export const DEFAULT_MAX_AGE_S = 86_400
/** Clocks of two hosts, in seconds: an end that has passed, and one that lies a little too far ahead. */
const LEEWAY_S = 30
const AHEAD_LEEWAY_S = 60
/** Seconds since the epoch are ten digits until 2286; thirteen are milliseconds. */
const MILLISECONDS = 100_000_000_000
/** Headers end at 16 KiB; a statement that comes near has no business in one. */
const MAX_STATEMENT_LENGTH = 8192

export interface SiteJwtOptions {
  key: SiteKey
  /** Where the JWT lies when there is no bearer header. */
  cookie?: string | undefined
  issuer?: string | undefined
  /** With a shared secret `kinescope-chat` by default; a key that signs for others too needs its own. */
  audience?: string | undefined
  /** Seconds that the end of a statement may lie ahead: a day by default. */
  maxAge?: number | undefined
  idField?: string
  nameField?: string
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Verifies the site's own statement of who the visitor is. The kind of key fixes the algorithms (RFC 8725, section
 * 3.1): a public key can never be taken for an HMAC secret. A statement without `exp` would be good for ever, and one
 * without `aud` may be any client's token: refused.
 *
 * @throws TypeError where a public key or a key set comes without an audience
 */
export function siteJwtIdentity(options: SiteJwtOptions): IdentitySource {
  const { key, cookie, issuer, idField = 'sub', nameField = 'name', now = Date.now } = options
  const { maxAge = DEFAULT_MAX_AGE_S } = options
  const audience = options.audience ?? ('secret' in key ? DEFAULT_AUDIENCE : undefined)
  if (audience === undefined) throw new TypeError('an audience is needed beside a public key or a key set')
  const { getKey, algorithms } = verificationKey(key)
  const rulesAt = (nowMs: number): JWTVerifyOptions => {
    const currentDate = new Date(nowMs)
    const rules = { algorithms, audience, clockTolerance: LEEWAY_S, requiredClaims: ['exp'], currentDate }
    return issuer === undefined ? rules : { ...rules, issuer }
  }

  function userOf(claims: JWTPayload, eventId: string): IdentityAnswer {
    if (claims['event_id'] !== undefined && claims['event_id'] !== eventId) {
      return { refused: 'access-denied', reason: 'other-event' }
    }
    return userFrom(readField(claims, idField), readField(claims, nameField))
  }

  /** Only a statement that once was good can be called ended: jose looks at `exp` last, the signature first. */
  function ended(claims: JWTPayload, eventId: string): IdentityAnswer {
    const { iat, exp = 0 } = claims
    if (exp <= 0 || (iat !== undefined && iat >= exp)) {
      return { refused: 'sign-in-required', reason: 'statement-refused' }
    }
    const answer = userOf(claims, eventId)
    return 'refused' in answer ? answer : { refused: 'identity-expired', reason: 'statement-ended' }
  }

  return async (call, eventId) => {
    const statement = statementIn(call.header('authorization'), () =>
      cookie === undefined ? null : readCookie(call.header('cookie'), cookie),
    )
    if (!statement) return { refused: 'sign-in-required', reason: 'no-statement' }
    if (statement.length > MAX_STATEMENT_LENGTH) {
      return { refused: 'sign-in-required', reason: 'statement-too-long' }
    }
    const nowMs = now()
    try {
      const { payload } = await jwtVerify(statement, getKey, rulesAt(nowMs))
      return tooFar(payload.exp!, nowMs / 1000, maxAge) ?? userOf(payload, eventId)
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) return ended(cause.payload, eventId)
      if (isTheirs(cause)) return { refused: 'sign-in-required', reason: 'statement-refused', cause }
      return { refused: 'identity-unavailable', reason: 'key-set', retryAfter: 2, cause }
    }
  }
}

/** A bearer value goes before the cookie: the page's author has set it for this. */
function statementIn(authorization: string | null, cookie: () => string | null): string | null {
  const isBearer = authorization?.slice(0, 7).toLowerCase() === 'bearer '
  return (isBearer && authorization.slice(7).trim()) || cookie()
}

/** RFC 7519, section 2: a NumericDate is seconds. JavaScript's clock is not, and such a statement never ends. */
function tooFar(exp: number, now: number, maxAge: number): IdentityAnswer | null {
  if (exp <= now + maxAge + AHEAD_LEEWAY_S) return null
  return exp > MILLISECONDS
    ? {
        refused: 'sign-in-required',
        reason: 'exp-in-milliseconds',
        detail: "The statement's exp is in milliseconds: it has to be seconds since 1970.",
      }
    : {
        refused: 'sign-in-required',
        reason: 'exp-too-far',
        detail: `The statement's exp lies more than ${maxAge} seconds ahead.`,
      }
}

/** Whether a statement was refused for what it is, and not because nobody could tell. */
function isTheirs(cause: unknown): boolean {
  return (
    cause instanceof errors.JWTInvalid ||
    cause instanceof errors.JWSInvalid ||
    cause instanceof errors.JWTClaimValidationFailed ||
    cause instanceof errors.JWSSignatureVerificationFailed ||
    cause instanceof errors.JOSEAlgNotAllowed ||
    cause instanceof errors.JOSENotSupported ||
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys
  )
}
