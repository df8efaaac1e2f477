import type { KeyChoice } from '../token/signing-key.js'

export const DAY_MS = 86_400_000
/** Operators may be on holiday; a rotation itself takes ten minutes. */
export const WARN_DAYS = 30

/** Whole days until the signing key expires at Kinescope; null where there is no key, or its end is unknown. */
export function daysLeft(choice: KeyChoice, now: number): number | null {
  if (!('key' in choice) || choice.key.expiresAt === null) return null
  return Math.floor((choice.key.expiresAt - now) / DAY_MS)
}

/** Whether the key ends so soon that operators need a warning. */
export function endsSoon(choice: KeyChoice, now: number): boolean {
  const days = daysLeft(choice, now)
  return days !== null && days < WARN_DAYS
}
