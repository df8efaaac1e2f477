import type { TokenReply } from '../contract.js'
import { ChatFailure, retryPolicyOf, type Failure } from '../problems.js'
import type { Settings } from '../settings.js'
import type { TokenAnswer } from './answer.js'
import { checkToken, type TokenClaims, type TokenHeader } from './check-token.js'

/** A token that passed the checks. Times are on the steady clock. */
export interface HeldToken {
  value: string
  header: TokenHeader
  claims: TokenClaims
  /** The id for the chat's address. */
  chatId: string
  heldAt: number
  endsAt: number
  refreshAt: number
}

/** The shortest delay of an automatic refresh. */
export const REFRESH_FLOOR_MS = 5_000
/** A refresh is due this long before the end at the latest. */
export const REFRESH_MARGIN_MS = 15_000
/** The assumed lifetime where nothing states one. */
const UNKNOWN_LIFE_S = 600

/**
 * A token's lifetime in milliseconds from the moment its reply arrived, without the browser's clock: `expires_in`, else
 * `exp - iat` less the age that the reply's `Date` shows, else `exp - Date`. Negative for a token that came too late.
 * @param date the reply's `Date` in seconds since the epoch, where it could be read
 */
export function lifeOf(
  { expires_in }: Partial<TokenReply>,
  { exp, iat }: TokenClaims,
  date?: number,
): number {
  const from = Math.max(iat ?? 0, date ?? 0)
  const seconds = expires_in ?? (from ? exp - from : UNKNOWN_LIFE_S)
  // `expires_in` in milliseconds, or of something else, would outlast the token
  return Math.min(seconds, exp - (iat ?? -Infinity)) * 1000
}

/**
 * Milliseconds until the next refresh: `refresh_in`, else a random point between 60 and 90 % of the lifetime, so that
 * viewers who arrived together don't return together. At the latest 15 s before the end, at the earliest in 5 s.
 * @param random from 0 up to 1
 */
export function refreshDelay(lifeMs: number, refreshIn: number | undefined, random: number): number {
  const wanted = Number.isFinite(refreshIn) ? refreshIn! * 1000 : lifeMs * (0.6 + 0.3 * random)
  return Math.max(REFRESH_FLOOR_MS, Math.min(wanted, lifeMs - REFRESH_MARGIN_MS))
}

/**
 * Checks a token and measures its lifetime. The server's time decides what has expired, never the browser's.
 * @param settings those of the request
 * @param held the token held until now: sent again, it lives no longer
 * @param now on the steady clock
 * @param random from 0 up to 1
 * @throws {ChatFailure} that names what is wrong with the token
 */
export function holdToken(
  { reply, date }: TokenAnswer,
  { eventId, tokenUrl, fetchToken }: Pick<Settings, 'eventId' | 'tokenUrl' | 'fetchToken'>,
  held: HeldToken | null,
  now: number,
  random: number,
): HeldToken {
  const { token: value, event_id: claimedId = eventId, chat_id: chatId = eventId, refresh_in } = reply
  const seconds = date && date / 1000
  const { fault, header, claims } = checkToken(value, { eventId: claimedId, now: seconds })
  if (fault)
    throw new ChatFailure({ code: fault.code, reason: fault.detail, claim: fault.claim, header, claims })
  const known = held?.value === value ? held : undefined
  const endsAt = Math.min(known?.endsAt ?? Infinity, now + lifeOf(reply, claims, seconds))
  const left = endsAt - now
  if (left <= 0)
    throw new ChatFailure({
      code: 'token-expired',
      reason: 'By expires_in, or by exp and iat, the token had no time left when it came',
      claim: 'exp',
      header: { ...header },
      claims: { ...claims },
    })
  // without an endpoint there is no other token before the end
  const delay = (tokenUrl ?? fetchToken) ? refreshDelay(left, refresh_in, random) : left
  return { value, header, claims, chatId, heldAt: known?.heldAt ?? now, endsAt, refreshAt: now + delay }
}

const FIRST_MS = 2_000
const CAP_MS = 72_000
/** The delay of an element with a working chat: in an outage, new visitors need the servers more. */
const LIVE_DELAY_MS = 100_000
/** The last retry after an intermediary's response is this long before the token's end. */
const LAST_RETRY_MS = 5_000
/** Retries of a first load after an intermediary's responses. */
const INTERMEDIARY_RETRIES = 3

/**
 * Milliseconds before a retry: doubling, capped, jittered by a quarter either way. A `Retry-After` is obeyed, with up to two
 * seconds on top; a very short one doesn't make a loop.
 * @param attempt the number of failures so far, from 1
 * @param random from 0 up to 1
 */
export function backOff(attempt: number, random: number, retryAfterMs = 0): number {
  if (retryAfterMs >= FIRST_MS) return retryAfterMs + 2_000 * random
  return Math.max(retryAfterMs, Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1)) * spread(random))
}

const spread = (random: number): number => 0.75 + 0.5 * random

/**
 * Milliseconds until a failed request is repeated; Infinity where it waits for the visitor or the network.
 * @param failures the number of failures so far, from 1
 * @param leftMs what the token of the chat on the page has left; 0 without a chat
 * @param random from 0 up to 1
 */
export function retryIn(failure: Failure, failures: number, leftMs: number, random: number): number {
  const retryPolicy = retryPolicyOf(failure)
  const live = leftMs > 0
  const again =
    retryPolicy === 'retry' ||
    (retryPolicy === 'intermediary' && (live || failures <= INTERMEDIARY_RETRIES)) ||
    (retryPolicy === 'retry-while-valid' && live)
  if (!again || failure.code === 'offline') return Infinity
  // a working chat retries at once, then waits
  const isCalm = !failure.retryAfterMs && failures > 1 && leftMs > LIVE_DELAY_MS * (failures > 2 ? 3 : 6)
  const wait = isCalm ? LIVE_DELAY_MS * spread(random) : backOff(failures, random, failure.retryAfterMs)
  if (retryPolicy === 'retry' || !live || wait < leftMs) return wait
  const last = leftMs - LAST_RETRY_MS
  return last >= LAST_RETRY_MS ? last : Infinity
}

const UNATTENDED_FIRST_MS = 15_000
const UNATTENDED_CAP_MS = 900_000

/** Milliseconds until an unattended element does what a person would do: 15 s, doubling up to 15 minutes. */
export const unattendedIn = (attempt: number, random: number): number =>
  Math.min(UNATTENDED_CAP_MS, UNATTENDED_FIRST_MS * 2 ** (attempt - 1)) * spread(random)
