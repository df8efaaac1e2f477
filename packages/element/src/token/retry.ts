import type { Failure } from '../problem.js'
import { retryPolicyOf } from '../problems.js'

/** The longest `Retry-After` that is obeyed. */
export const LONGEST_WAIT_MS = 3_600_000
const DATE = /^(?:mon|tue|wed|thu|fri|sat|sun)/i

/**
 * Reads `Retry-After` in either of its forms (RFC 9110, 10.2.3), in milliseconds, an hour at most.
 * @param now milliseconds since the epoch by the server's clock, against which a date is read
 */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  const text = (value ?? '').trim().slice(0, 100)
  const date = DATE.test(text) ? Date.parse(/ GMT$/i.test(text) ? text : `${text} GMT`) : NaN
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : date - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_WAIT_MS)
}

const FIRST_MS = 2_000
const CAP_MS = 72_000
/** The delay of an element with a working chat: in an outage, new visitors need the servers more. */
const PATIENT_MS = 100_000
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
  const patient = !failure.retryAfterMs && failures > 1 && leftMs > PATIENT_MS * (failures > 2 ? 3 : 6)
  const wait = patient ? PATIENT_MS * spread(random) : backOff(failures, random, failure.retryAfterMs)
  if (retryPolicy === 'retry' || !live || wait < leftMs) return wait
  const last = leftMs - LAST_RETRY_MS
  return last >= LAST_RETRY_MS ? last : Infinity
}

const UNATTENDED_FIRST_MS = 15_000
const UNATTENDED_CAP_MS = 900_000

/** Milliseconds until an unattended element does what a person would do: 15 s, doubling up to 15 minutes. */
export const unattendedIn = (attempt: number, random: number): number =>
  Math.min(UNATTENDED_CAP_MS, UNATTENDED_FIRST_MS * 2 ** (attempt - 1)) * spread(random)
