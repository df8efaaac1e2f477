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
