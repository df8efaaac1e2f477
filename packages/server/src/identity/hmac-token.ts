import { decodeClaims, decodeHex, hmacWith } from './hmac.js'
import { identityTokenOf, MAX_IDENTITY_TOKEN_LENGTH } from './credentials.js'
import { rejected, readField, userFrom, type IdentitySource } from './identity.js'
import { DEFAULT_MAX_AGE_S, otherEvent, tooFar } from './jwt.js'

/** A difference between two hosts' clocks. Seconds. */
const LEEWAY_S = 30

export interface HmacIdentityOptions {
  /** Shared with the site. 32 bytes or more. */
  secret: string
  /** Seconds that `exp` may be ahead: a day by default. */
  maxAge?: number | undefined
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Verifies `hmac.<claims>.<MAC>`: claims are base64url JSON with `sub`, `name`, `exp` and `event_id`, the MAC is
 * HMAC-SHA-256 of the claims' text in hexadecimal. Systems that can't make a JWT can make this.
 */
export function hmacIdentity({
  secret,
  maxAge = DEFAULT_MAX_AGE_S,
  now = Date.now,
}: HmacIdentityOptions): IdentitySource {
  const hmac = hmacWith(secret)
  return async (call, eventId) => {
    const token = identityTokenOf(call)
    if (token?.format !== 'hmac') return { refused: 'sign-in-required', reason: 'no-identity-token' }
    if (token.text.length > MAX_IDENTITY_TOKEN_LENGTH) return rejected('identity-token-too-long')
    const [, payload = '', mac = '', ...rest] = token.text.split('.', 5)
    // the signature first: nothing in a forged token is looked at
    if (rest.length > 0 || !(await hmac.verify(payload, decodeHex(mac))))
      return rejected('identity-token-rejected')
    // padded or standard base64 is what some systems have
    const claims = decodeClaims(
      payload
        .replace(/={1,2}$/, '')
        .replaceAll('+', '-')
        .replaceAll('/', '_'),
    )
    if (claims === null)
      return rejected('identity-token-malformed', 'The claims are not a JSON object in base64url.')
    const { exp, event_id } = claims
    if (typeof exp !== 'number' || !Number.isFinite(exp) || exp <= 0) {
      return rejected('exp-missing', 'The identity token has no exp. Add it, in seconds since 1970.')
    }
    if (typeof event_id !== 'string' || event_id === '') {
      return rejected('event-id-missing', 'The identity token has no event_id. Add the id of the stream.')
    }
    const nowS = now() / 1000
    const refused = tooFar(exp, nowS, maxAge) ?? otherEvent(claims, eventId)
    if (refused) return refused
    const answer = userFrom(readField(claims, 'sub'), readField(claims, 'name'))
    if ('refused' in answer) return { ...answer, rejected: true }
    return exp + LEEWAY_S <= nowS ? { refused: 'identity-expired', reason: 'identity-token-expired' } : answer
  }
}
