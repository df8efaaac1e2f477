import { tryOrUndefined } from '../platform.js'
import type { TokenCode } from '../contract.js'
import { inWords, quote } from '../text.js'

/** The JOSE header of a chat token (RFC 7515, section 4). */
export interface TokenHeader {
  alg: string
  kid: string
  typ?: string
}

/** The claims of a chat token, as Kinescope documents them. Times are seconds since the epoch. */
export interface TokenClaims {
  aud: string | string[]
  user_id: string
  username: string
  event_id: string
  exp: number
  iat?: number
  nbf?: number
}

export interface TokenFault {
  code: TokenCode
  /** A short stable identifier for the developer: the claim's name, or the fault in the token's form. */
  reason: string
  /** The wrong member of the header or the claims, if there is one. */
  claim?: string
  /**
   * The found and the expected value, such as `aud is "Chat", must be "chat"`: cut, sanitized and without personal
   * data.
   */
  detail: string
}

/** The readable parts of a token, and its first fault. */
export type TokenCheck =
  | { fault: null; header: TokenHeader; claims: TokenClaims }
  | { fault: TokenFault; header?: Json; claims?: Json }

export interface TokenExpectation {
  /** The stream that the token must be for; by default, any stream. */
  eventId?: string | undefined
  /** Seconds since the epoch by a trusted clock. Without it, `exp` isn't compared, and `nbf` is compared with `iat`. */
  now?: number | undefined
}

/** A JSON object with any content. */
export type Json = Record<string, unknown>

/** Three parts of base64url (RFC 7515, section 7.1). */
const FORM = /^([\w-]+)\.([\w-]+)\.[\w-]+$/
/** From this value on, a NumericDate can only be milliseconds: as seconds it is the year 5138. */
const MILLISECONDS_FROM = 1e11
/** How far `nbf` may be ahead of `iat` without a trusted clock, in seconds. */
const NOT_BEFORE_LEEWAY = 60
const TEXTS = ['kid', 'user_id', 'username', 'event_id']
const REQUIRED = [...TEXTS, 'aud', 'exp']
const TIMES = ['exp', 'nbf', 'iat']

/**
 * Checks everything in a chat token that needs no key: its form, `alg`, `kid`, `aud`, `user_id`, `username`,
 * `event_id`, `exp` and `nbf`. Pure, never throws, never returns the token itself. Takes time in proportion to the
 * token's length. Kinescope checks the signature.
 */
export function checkToken(token: unknown, expected: TokenExpectation = {}): TokenCheck {
  const [, first, second] = (typeof token === 'string' && FORM.exec(token)) || []
  if (!first) {
    const fault = malformed(
      'not-three-parts',
      `The token is ${formOf(token)}, must be three parts of base64url`,
    )
    return { fault }
  }
  const header = readPart(first)
  const claims = readPart(second)
  return { fault: findFault(header, claims, expected), header, claims } as TokenCheck
}

function findFault(
  header: Json | undefined,
  claims: Json | undefined,
  { eventId, now }: TokenExpectation,
): TokenFault | null {
  if (!header) return malformed('header', 'The token’s header is not base64url of a JSON object in UTF-8')
  if (!claims) return malformed('payload', 'The token’s payload is not base64url of a JSON object in UTF-8')
  const facts: Json = { __proto__: null, ...claims, kid: header['kid'], alg: header['alg'] }
  const fault = (code: TokenCode, claim: string, detail: string, reason = claim): TokenFault => ({
    code,
    reason,
    claim,
    detail,
  })
  const wrong = (code: TokenCode, claim: string, expectation: string, reason?: string): TokenFault => {
    const found = PERSONAL.includes(claim) ? typeof facts[claim] : quote(facts[claim])
    return fault(code, claim, `${claim} is ${found}, must be ${expectation}`, reason)
  }
  const { alg, aud, event_id, exp, iat, nbf } = facts

  if (alg !== 'RS256') return wrong('bad-algorithm', 'alg', '"RS256"')
  for (const claim of REQUIRED)
    if ((facts[claim] ?? '') === '') return fault('claim-missing', claim, `${claim} is missing or empty`)
  for (const claim of TEXTS)
    if (typeof facts[claim] !== 'string')
      return wrong('token-malformed', claim, 'a text', `${claim}-not-a-string`)
  if (![aud].flat().includes('chat')) return wrong('bad-audience', 'aud', '"chat"')
  if (eventId !== undefined && event_id !== eventId) return wrong('wrong-event', 'event_id', quote(eventId))
  for (const claim of TIMES) {
    const value = facts[claim]
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isFinite(value))
      return wrong('token-malformed', claim, 'a number of seconds', `${claim}-not-a-number`)
    if (value > MILLISECONDS_FROM)
      return wrong('token-malformed', claim, 'seconds, not milliseconds', `${claim}-in-milliseconds`)
  }
  const [begin, end, issued] = [nbf, exp, iat] as number[]
  if (begin! > (now ?? issued! + NOT_BEFORE_LEEWAY)) {
    const clock = now === undefined ? 'iat' : 'the server’s clock'
    return fault(
      'token-not-yet-valid',
      'nbf',
      `nbf is ${inWords(begin! - (now ?? issued!))} ahead of ${clock}`,
    )
  }
  if (now === undefined || end! > now) return null
  return fault('token-expired', 'exp', `exp is ${inWords(now - end!)} behind the server’s clock`)
}

/** Reads the payload of an unverified JWT, or nothing. */
export const readClaims = (token: string): Json | undefined => readPart(token.split('.', 3)[1])

/** Claims that name a person. */
const PERSONAL = ['user_id', 'username']

const malformed = (reason: string, detail: string): TokenFault => ({
  code: 'token-malformed',
  reason,
  detail,
})

/** Describes an invalid token without a character of it: it may be another kind of secret. */
const formOf = (token: unknown): string =>
  typeof token === 'string' ? `text of ${token.split('.', 9).length} parts` : `of type ${typeof token}`

/** Reads a base64url-encoded JSON object in UTF-8 (RFC 7515, section 2), or nothing. */
const readPart = (part = ''): Json | undefined =>
  tryOrUndefined(() => {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
      c.charCodeAt(0),
    )
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return value instanceof Object && !Array.isArray(value) ? { __proto__: null, ...value } : undefined
  })
