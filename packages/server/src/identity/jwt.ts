import { errors, jwtVerify, type CryptoKey, type JWTPayload, type JWTVerifyOptions } from 'jose'
import {
  readCookie,
  identityTokenOf,
  formatOf,
  MAX_IDENTITY_TOKEN_LENGTH,
  type PresentedToken,
} from './credentials.js'
import {
  readField,
  rejected,
  userFrom,
  type IdentityAnswer,
  type IdentityCall,
  type IdentityRefusal,
  type IdentitySource,
} from './identity.js'
import {
  keySetAt,
  KeySetUnavailable,
  NoKeyFits,
  PUBLIC_KEY_ALGORITHMS,
  type KeySet,
  type KeySetEvent,
} from './key-set.js'
import { importPublicKey } from '../token/public-key.js'

/** What our own recipes and plugins write into `aud`. */
export const DEFAULT_AUDIENCE = 'kinescope-chat'
/** Seconds that `exp` may be ahead by default. */
export const DEFAULT_MAX_AGE_S = 86_400
/** Differences between two hosts' clocks, in seconds: for an `exp` that has passed, and one a little too far ahead. */
const LEEWAY_S = 30
const AHEAD_LEEWAY_S = 60
/** Seconds since the epoch have ten digits until 2286; thirteen digits are milliseconds. */
const MILLISECONDS = 100_000_000_000

/** How the site signs: with a key of its JWK Set, one key pair, or a secret shared with the token server. */
export type SiteKey =
  | { jwksUrl: string }
  /** SPKI PEM, or a JWK as JSON. */
  | { publicKey: string }
  | { secret: string }

export interface JwtIdentityOptions {
  key: SiteKey
  /** Cookie that has the JWT if there is no bearer header. */
  cookie?: string | undefined
  issuer?: string | undefined
  /** With a shared secret `kinescope-chat` by default. A key that signs for other services too needs its own. */
  audience?: string | undefined
  /** Seconds that `exp` may be ahead: a day by default. */
  maxAge?: number | undefined
  idField?: string
  nameField?: string
  /** Called after each fetch of the JWK Set. */
  onKeySet?: ((event: KeySetEvent) => void) | undefined
  fetch?: typeof fetch | undefined
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Verifies the site's own identity token. The kind of key fixes the algorithms (RFC 8725, section 3.1), so a public key
 * can't be used as an HMAC secret. `exp` and `aud` are required.
 *
 * @throws TypeError if a public key or a JWK Set comes without an audience
 */
export function jwtIdentity(options: JwtIdentityOptions): IdentitySource {
  const { key, cookie, issuer, idField = 'sub', nameField = 'name', now = Date.now } = options
  const { maxAge = DEFAULT_MAX_AGE_S } = options
  const audience = options.audience ?? ('secret' in key ? DEFAULT_AUDIENCE : undefined)
  if (audience === undefined) throw new TypeError('an audience is needed beside a public key or a key set')
  const verify = verifierOf(key, options)

  return async (call, eventId) => {
    const found = findToken(call, cookie)
    if (found === null) return { refused: 'sign-in-required', reason: 'no-identity-token' }
    if ('refused' in found) return found
    const nowMs = now()
    const rules: JWTVerifyOptions = {
      algorithms: 'secret' in key ? ['HS256'] : PUBLIC_KEY_ALGORITHMS,
      audience,
      clockTolerance: LEEWAY_S,
      requiredClaims: ['exp'],
      currentDate: new Date(nowMs),
      ...(issuer === undefined ? {} : { issuer }),
    }
    const userOf = (claims: JWTPayload): IdentityAnswer => {
      const id = readField(claims, idField)
      if (id === undefined) return otherEvent(claims, eventId) ?? rejected('no-id')
      return otherEvent(claims, eventId) ?? userFrom(id, readField(claims, nameField))
    }
    return answerFor(() => verify(found.text, rules), { userOf, nowS: nowMs / 1000, maxAge })
  }
}

/**
 * Turns a verification into an answer. Only a token that was good once is expired: jose checks the signature first and
 * `exp` last.
 */
export async function answerFor(
  verify: () => Promise<JWTPayload>,
  { userOf, nowS, maxAge }: { userOf: (claims: JWTPayload) => IdentityAnswer; nowS: number; maxAge: number },
): Promise<IdentityAnswer> {
  try {
    const claims = await verify()
    return tooFar(claims.exp!, nowS, maxAge) ?? userOf(claims)
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) return expired(cause.payload, userOf)
    if (cause instanceof KeySetUnavailable) {
      const { reason, retryAfter } = cause
      return { refused: 'identity-unavailable', reason, retryAfter, cause: cause.cause ?? cause }
    }
    if (cause instanceof errors.JWSInvalid) return rejected('identity-token-malformed', NO_JWT, cause)
    if (isTokensFault(cause)) return rejected('identity-token-rejected', undefined, cause)
    return { refused: 'identity-unavailable', reason: 'key-set', retryAfter: 2, cause }
  }
}

export const otherEvent = (claims: Record<string, unknown>, eventId: string): IdentityRefusal | null =>
  claims['event_id'] !== undefined && claims['event_id'] !== eventId
    ? { refused: 'access-denied', reason: 'other-event' }
    : null

/** RFC 7519, section 2: a NumericDate is in seconds. JavaScript's clock isn't, and such a token would never expire. */
export function tooFar(exp: number, now: number, maxAge: number): IdentityRefusal | null {
  if (exp <= now + maxAge + AHEAD_LEEWAY_S) return null
  return exp > MILLISECONDS
    ? rejected(
        'exp-in-milliseconds',
        "The identity token's exp is in milliseconds. Write seconds since 1970.",
      )
    : rejected(
        'exp-too-far',
        `The identity token's exp is more than ${maxAge} seconds ahead. Write an earlier one.`,
      )
}

function expired(claims: JWTPayload, userOf: (claims: JWTPayload) => IdentityAnswer): IdentityAnswer {
  const { iat, exp = 0 } = claims
  if (exp <= 0 || (iat !== undefined && iat >= exp)) return rejected('identity-token-rejected')
  const answer = userOf(claims)
  return 'refused' in answer ? answer : { refused: 'identity-expired', reason: 'identity-token-expired' }
}

/** The bearer header goes before the cookie: the page's author set it for the chat. */
function findToken(call: IdentityCall, cookie: string | undefined): PresentedToken | IdentityRefusal | null {
  const presented = identityTokenOf(call)
  // a guest who signs in has the guest token until the page is reloaded
  const bearer = presented?.format === 'guest' ? null : presented
  if (bearer && ['hmac', 'link', 'init-data'].includes(bearer.format)) return null
  const token = bearer ?? (cookie === undefined ? null : fromCookie(call, cookie))
  if (token === null || 'refused' in token) return token
  if (token.text.length > MAX_IDENTITY_TOKEN_LENGTH) return rejected('identity-token-too-long')
  if (token.format === 'jwe')
    return rejected('identity-token-encrypted', bearer ? ENCRYPTED : encryptedCookie(cookie!))
  // an opaque bearer token may be meant for the site's own identity endpoint
  return bearer && token.format !== 'jwt' ? null : token
}

function fromCookie(call: IdentityCall, name: string): PresentedToken | IdentityRefusal | null {
  const { value, ambiguous } = readWholeCookie(call.header('cookie'), name)
  if (ambiguous) {
    return rejected(
      'identity-cookie-twice',
      `The browser sends two different cookies named ${name}. Set it once, for one domain and path.`,
    )
  }
  return value ? { text: value, format: formatOf(value) } : null
}

/** More parts than a header of 16 KiB has. Auth.js cuts a cookie at 4 KB, Supabase at 3 KB. */
const MAX_PARTS = 8

/** Auth.js and others split a long value over `name.0`, `name.1` and so on. */
function readWholeCookie(header: string | null, name: string): ReturnType<typeof readCookie> {
  const whole = readCookie(header, name)
  if (whole.value || whole.ambiguous) return whole
  let value = ''
  for (let count = 0; count < MAX_PARTS; count++) {
    const part = readCookie(header, `${name}.${count}`)
    if (part.ambiguous) return part
    if (!part.value) break
    value += part.value
  }
  return { value, ambiguous: false }
}

const NO_JWT =
  'The identity token, or the cookie with it, is not a JWT. Send a signed one, with three parts between dots, or use CHAT_IDENTITY=forward.'
const ENCRYPTED = 'The identity token is encrypted (JWE, five parts). Send a signed JWT with three parts.'
const encryptedCookie = (name: string) =>
  `The cookie ${name} has an encrypted token (JWE, five parts), as Auth.js sets it. The token server can't read it. Sign a JWT for the chat, or use CHAT_IDENTITY=forward.`

type Verify = (token: string, rules: JWTVerifyOptions) => Promise<JWTPayload>

function verifierOf(key: SiteKey, { onKeySet, fetch, now }: JwtIdentityOptions): Verify {
  if ('jwksUrl' in key) {
    const set: KeySet = keySetAt(key.jwksUrl, { onFetch: onKeySet, fetch, now })
    return (token, rules) => set.verify(token, rules)
  }
  if ('secret' in key) {
    // imported once: jose would do so for every token
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const secret = crypto.subtle.importKey('raw', new TextEncoder().encode(key.secret), algorithm, false, [
      'verify',
    ])
    return async (token, rules) => (await jwtVerify(token, await secret, rules)).payload
  }
  // an imported key is bound to one algorithm, which only the token names
  const imported = new Map<string, Promise<CryptoKey>>()
  const { publicKey } = key
  const getKey = ({ alg }: { alg: string }) => {
    const known =
      imported.get(alg) ??
      importPublicKey(publicKey, alg).catch((cause: unknown) => {
        throw new errors.JOSENotSupported(`the configured public key does not fit ${alg}`, { cause })
      })
    imported.set(alg, known)
    return known
  }
  return async (token, rules) => (await jwtVerify(token, getKey, rules)).payload
}

/** Whether the token itself is wrong, rather than the means to verify it. */
const isTokensFault = (cause: unknown): boolean =>
  cause instanceof NoKeyFits ||
  [
    errors.JWTInvalid,
    errors.JWSInvalid,
    errors.JWTClaimValidationFailed,
    errors.JWSSignatureVerificationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
  ].some((kind) => cause instanceof kind)
