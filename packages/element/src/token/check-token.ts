import { attempt } from '../attempt.js'
import type { TokenCode } from '../contract.js'

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
  /** A short stable word for the developer: the claim's name, or what is wrong with the token's form. */
  reason: string
}

/** What could be read of the token, and the first thing that is wrong with it. */
export type TokenCheck =
  | { fault: null; header: TokenHeader; claims: TokenClaims }
  | { fault: TokenFault; header?: Json; claims?: Json }

export interface TokenExpectation {
  /** The stream the token must be for; left out, any stream will do. */
  eventId?: string | undefined
  /** Seconds since the epoch by a clock the caller trusts; left out, `exp` isn't compared at all, `nbf` with `iat`. */
  now?: number | undefined
}

/** A JSON object, whatever is in it. */
export type Json = Record<string, unknown>

/** Three parts of base64url (RFC 7515, section 7.1). */
const FORM = /^([\w-]+)\.([\w-]+)\.[\w-]+$/
/** Past this a NumericDate can only be milliseconds: as seconds it is the year 5138. */
const MILLISECONDS_FROM = 1e11
/** How far `nbf` may be ahead of `iat` where no clock can be trusted, in seconds. */
const NOT_BEFORE_LEEWAY = 60

/**
 * Judges a chat token by everything that can be seen without a key: its form, `alg`, `kid`, `aud`, `user_id`,
 * `username`, `event_id`, `exp` and `nbf`. Pure, never throws, never puts the token into what it returns.
 * The signature is Kinescope's to check.
 */
export function checkToken(token: unknown, { eventId, now }: TokenExpectation = {}): TokenCheck {
  const [, first, second] = (typeof token === 'string' && FORM.exec(token)) || []
  const header = readPart(first)
  const claims = readPart(second)
  const [code, reason] = first
    ? findFault(header, claims, eventId, now)
    : (['token-malformed', 'not-three-parts'] as const)
  return { fault: code ? { code, reason } : null, header, claims } as TokenCheck
}

function findFault(
  header: Json | undefined,
  claims: Json | undefined,
  eventId: string | undefined,
  now: number | undefined,
): readonly [TokenCode?, string?] {
  if (!header) return ['token-malformed', 'header']
  if (!claims) return ['token-malformed', 'payload']
  if (header['alg'] !== 'RS256') return ['bad-algorithm', 'alg']
  const facts: Json = { ...claims, kid: header['kid'] }
  const { aud, event_id, exp, iat, nbf } = facts
  const required = ['kid', 'user_id', 'username', 'event_id', 'aud', 'exp']
  for (const name of required) if ((facts[name] ?? '') === '') return ['claim-missing', name]
  for (const name of required.slice(0, 4))
    if (typeof facts[name] !== 'string') return ['token-malformed', `${name}-not-a-string`]
  if (![aud].flat().includes('chat')) return ['bad-audience', 'aud']
  if (eventId !== undefined && event_id !== eventId) return ['wrong-event', 'event_id']
  for (const [name, value] of Object.entries({ exp, nbf, iat })) {
    if (value === undefined) continue
    if (!Number.isFinite(value)) return ['token-malformed', `${name}-not-a-number`]
    if ((value as number) > MILLISECONDS_FROM) return ['token-malformed', `${name}-in-milliseconds`]
  }
  if ((nbf as number) > (now ?? (iat as number) + NOT_BEFORE_LEEWAY)) return ['token-not-yet-valid', 'nbf']
  return (exp as number) <= now! ? ['token-expired', 'exp'] : []
}

/** A base64url-encoded JSON object in UTF-8 (RFC 7515, section 2), or nothing. */
const readPart = (part = ''): Json | undefined =>
  attempt(() => {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
      c.charCodeAt(0),
    )
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return value instanceof Object && !Array.isArray(value) ? (value as Json) : undefined
  })
