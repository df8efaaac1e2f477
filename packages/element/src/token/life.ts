import type { TokenReply } from '../contract.js'
import type { Failure } from '../problem.js'
import { retryPolicyOf } from '../problems.js'
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

/** Obeyed up to an hour: a server that asks for more gets a visitor's "Try again" sooner. */
const LONGEST_MS = 3_600_000
const DATE = /^(?:mon|tue|wed|thu|fri|sat|sun)/i

/**
 * Reads `Retry-After` in either of its forms (RFC 9110, 10.2.3), in milliseconds, an hour at most.
 * @param now milliseconds since the epoch by the server's clock, against which a date is read
 */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  const text = (value ?? '').trim().slice(0, 100)
  const date = DATE.test(text) ? Date.parse(/ GMT$/i.test(text) ? text : `${text} GMT`) : NaN
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : date - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_MS)
}

const FIRST_MS = 2_000
/** So that nobody is without a token for longer than a minute and a half once an outage is over. */
const CAP_MS = 72_000
/** How long whoever has a chat and time waits once asking at once hasn't helped. */
const PATIENT_MS = 100_000
/** How long before a token's end somebody else's answer is asked about for the last time. */
const LAST_LOOK_MS = 5_000
/** How often a first load asks again after an answer that wasn't the endpoint's. */
const FOREIGN_TRIES = 3

/**
 * Milliseconds to wait before trying again: doubling, capped at 72 seconds, spread by a quarter either way so that
 * many viewers don't return in step. `Retry-After`, where given, is obeyed, with up to two seconds on top; one that asks
 * for next to nothing still doesn't make a loop.
 * @param attempt how many tries have failed, from 1
 * @param random from 0 up to 1
 */
export function backOff(attempt: number, random: number, retryAfterMs = 0): number {
  if (retryAfterMs >= FIRST_MS) return retryAfterMs + 2_000 * random
  return Math.max(retryAfterMs, Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1)) * spread(random))
}

const spread = (random: number): number => 0.75 + 0.5 * random

export interface Standing {
  /** How many tries have failed, from 1. */
  failures: number
  /** Milliseconds that the token of the chat on the page has left; 0 without a chat. */
  leftMs: number
  /** From 0 up to 1. */
  random: number
}

/**
 * Milliseconds until a failure is followed by another try; Infinity where a hand is waited for, or the network. A chat makes good
 * a passing fault at once, by one more try or two, and then waits while its token lives long enough: in an outage those who
 * come anew need the servers more.
 */
export function askAgainIn(failure: Failure, { failures, leftMs, random }: Standing): number {
  const retryPolicy = retryPolicyOf(failure)
  const live = leftMs > 0
  const again =
    retryPolicy === 'retry' ||
    (retryPolicy === 'intermediary' && (live || failures <= FOREIGN_TRIES)) ||
    (retryPolicy === 'retry-while-valid' && live)
  if (!again || failure.code === 'offline') return Infinity
  const patient = !failure.retryAfterMs && failures > 1 && leftMs > PATIENT_MS * (failures > 2 ? 3 : 6)
  const wait = patient ? PATIENT_MS * spread(random) : backOff(failures, random, failure.retryAfterMs)
  if (retryPolicy === 'retry' || !live || wait < leftMs) return wait
  // what isn't asked once the token has ended is asked a last time shortly before
  const last = leftMs - LAST_LOOK_MS
  return last >= LAST_LOOK_MS ? last : Infinity
}
