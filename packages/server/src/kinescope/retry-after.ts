/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), in ms from now; null where there is none. */
export function readRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
