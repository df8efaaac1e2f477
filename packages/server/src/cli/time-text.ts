/** A moment for people: `2026-11-25 04:20 UTC`. */
export const momentText = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** How far off a moment is: `in 10 min`, `3 days ago`. */
export function distanceText(iso: string, now: number): string {
  const ms = Date.parse(iso) - now
  const text = durationText(Math.abs(ms) / 1000)
  if (Math.abs(ms) < 1000) return 'now'
  return ms > 0 ? `in ${text}` : `${text} ago`
}

/** A duration in its largest fitting unit. */
export function durationText(seconds: number): string {
  const units: [number, string, string][] = [
    [86_400, 'day', 'days'],
    [3600, 'h', 'h'],
    [60, 'min', 'min'],
    [1, 's', 's'],
  ]
  const [size, one, many] = units.find(([unit]) => seconds >= unit * (unit >= 3600 ? 2 : 1)) ?? units[3]!
  const count = Math.round(seconds / size)
  return `${count} ${count === 1 ? one : many}`
}

export const momentAndDistance = (iso: string, now: number): string =>
  `${momentText(iso)} (${distanceText(iso, now)})`

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** `2026-11-25`, `2026-11-25T18:00Z`, or how long ago: `30min`, `24h`, `7d`. In ms since the epoch; null: neither. */
export function readMoment(text: string, now: number): number | null {
  const [, count, unit] = /^(\d{1,6})\s*(s|min|h|d)$/.exec(text.trim()) ?? []
  if (count !== undefined) return now - Number(count) * UNITS_MS[unit!]!
  // anything else that Date.parse takes depends on the engine
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text.trim())) return null
  const at = Date.parse(text.trim())
  return Number.isNaN(at) ? null : at
}
