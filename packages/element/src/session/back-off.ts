import type { Failure } from '../problem.js'
import { retryPolicyOf } from '../problems.js'

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
