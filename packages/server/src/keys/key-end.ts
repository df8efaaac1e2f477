import type { KeyChoice } from '../token/signing-key.js'

const DAY_MS = 86_400_000
/** Long before the key dies: a rotation wants ten minutes, an operator on holiday some weeks. */
export const WARN_DAYS = 30

/** Whole days until the signing key is dead at Kinescope; null where there is no key or nobody knows. */
export function daysLeft(choice: KeyChoice, now: number): number | null {
  if (!('key' in choice) || choice.key.expiresAt === null) return null
  return Math.floor((choice.key.expiresAt - now) / DAY_MS)
}

/** Whether the key ends so soon that somebody should be told. */
export function endsSoon(choice: KeyChoice, now: number): boolean {
  const days = daysLeft(choice, now)
  return days !== null && days < WARN_DAYS
}
