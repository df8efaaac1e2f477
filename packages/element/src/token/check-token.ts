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
  | { fault: TokenFault; header?: Record<string, unknown>; claims?: Record<string, unknown> }

export interface TokenExpectation {
  /** The stream the token must be for; left out, any stream will do. */
  eventId?: string | undefined
  /** Seconds since the epoch by a clock the caller trusts; left out, `exp` and `nbf` are not compared with it. */
  now?: number | undefined
}

/** Past this a NumericDate can only be milliseconds: as seconds it is the year 5138. */
const MILLISECONDS_FROM = 1e11

/**
 * Judges a chat token by everything that can be seen without a key: its form, `alg`, `kid`, `aud`, `user_id`,
 * `username`, `event_id`, `exp` and `nbf`. Pure, never throws, never puts the token into what it returns.
 * The signature is Kinescope's to check.
 */
export function checkToken(token: unknown, { eventId, now }: TokenExpectation = {}): TokenCheck {
  const malformed = (reason: string): TokenCheck => ({ fault: { code: 'token-malformed', reason } })
  const parts = typeof token === 'string' ? token.split('.') : []
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) return malformed('not-three-parts')
  const header = readPart(parts[0]!)
  if (!header) return malformed('header')
  const claims = readPart(parts[1]!)
  if (!claims) return malformed('payload')

  const fault = judge(header, claims, eventId, now)
  return fault
    ? { fault, header, claims }
    : { fault, header: header as unknown as TokenHeader, claims: claims as unknown as TokenClaims }
}

function judge(
  { alg, kid }: Record<string, unknown>,
  claims: Record<string, unknown>,
  eventId: string | undefined,
  now: number | undefined,
): TokenFault | null {
  const fault = (code: TokenCode, reason: string): TokenFault => ({ code, reason })

  if (alg !== 'RS256') return fault('bad-algorithm', 'alg')
  if (kid === undefined || kid === '') return fault('claim-missing', 'kid')
  if (typeof kid !== 'string') return fault('token-malformed', 'kid')

  const { aud, exp, nbf } = claims
  if (aud === undefined) return fault('claim-missing', 'aud')
  if (aud !== 'chat' && !(Array.isArray(aud) && aud.includes('chat'))) return fault('bad-audience', 'aud')

  for (const name of ['user_id', 'username', 'event_id']) {
    const value = claims[name]
    if (value === undefined || value === '' || value === null) return fault('claim-missing', name)
    if (typeof value !== 'string') return fault('token-malformed', `${name}-not-a-string`)
  }
  if (eventId !== undefined && claims['event_id'] !== eventId) return fault('wrong-event', 'event_id')

  if (exp === undefined || exp === null) return fault('claim-missing', 'exp')
  for (const [name, value] of Object.entries({ exp, nbf, iat: claims['iat'] })) {
    if (value === undefined) continue
    if (typeof value !== 'number' || !Number.isFinite(value))
      return fault('token-malformed', `${name}-not-a-number`)
    if (value > MILLISECONDS_FROM) return fault('token-malformed', `${name}-in-milliseconds`)
  }
  if (now !== undefined) {
    if (typeof nbf === 'number' && nbf > now) return fault('token-not-yet-valid', 'nbf')
    if ((exp as number) <= now) return fault('token-expired', 'exp')
  }
  return null
}

/** A base64url-encoded JSON object in UTF-8 (RFC 7515, section 2), or null. */
function readPart(part: string): Record<string, unknown> | null {
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) =>
      c.charCodeAt(0),
    )
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return value && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
