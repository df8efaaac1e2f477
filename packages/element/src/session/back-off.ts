const FIRST_MS = 2_000
const CAP_MS = 120_000
/** `Retry-After` is obeyed up to an hour; a server that asks for more gets a visitor's "Try again" sooner. */
const LONGEST_MS = 3_600_000

/**
 * Milliseconds to wait before trying again: doubling, capped at two minutes, spread by a quarter either way so that
 * many viewers don't return in step. `Retry-After`, where given, is obeyed, with up to two seconds on top.
 * @param attempt how many tries have failed, from 1
 * @param random from 0 up to 1
 */
export function backOff(attempt: number, random: number, retryAfterMs?: number): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, LONGEST_MS) + 2_000 * random
  return Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1)) * (0.75 + 0.5 * random)
}
