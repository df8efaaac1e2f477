import type { TokenReply } from '../contract.js'
import type { TokenClaims } from './check-token.js'

/** The soonest that a token may ever be asked for again by itself. */
export const REFRESH_FLOOR_MS = 5_000
/** A refresh is due this long before the end at the latest. */
export const REFRESH_MARGIN_MS = 15_000
/** What a token is taken to live for when nothing tells. */
const UNKNOWN_LIFE_S = 600

/**
 * How long a token lives from the moment its reply arrived, in milliseconds. The browser's clock has no say in it:
 * `expires_in` counts first, then `exp - iat`, less the age that the reply's `Date` shows, then `exp - Date`.
 * @param date the reply's `Date` in seconds since the epoch, where it could be read
 */
export function lifeOf(
  { expires_in }: Partial<TokenReply>,
  { exp, iat }: TokenClaims,
  date?: number,
): number {
  const from = Math.max(iat ?? 0, date ?? 0)
  const seconds = Number.isFinite(expires_in) ? expires_in! : from ? exp - from : UNKNOWN_LIFE_S
  return Math.max(0, seconds) * 1000
}

/**
 * When to ask for the next token: at `refresh_in` where the server gave it, else at a random point between 60 and 90 %
 * of the life, so that viewers who came together don't return together; at the latest 15 s before the end, and never
 * sooner than 5 s from now.
 * @param random from 0 up to 1
 */
export function refreshDelay(lifeMs: number, refreshIn: number | undefined, random: number): number {
  const wanted = Number.isFinite(refreshIn) ? refreshIn! * 1000 : lifeMs * (0.6 + 0.3 * random)
  return Math.max(REFRESH_FLOOR_MS, Math.min(wanted, lifeMs - REFRESH_MARGIN_MS))
}
