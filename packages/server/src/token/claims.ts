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
