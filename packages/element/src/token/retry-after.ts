/**
 * Reads `Retry-After` in either of its forms (RFC 9110, 10.2.3), in milliseconds.
 * @param now milliseconds since the epoch by the server's clock, against which a date is read
 */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  const text = value ?? ''
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
