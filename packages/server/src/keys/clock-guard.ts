import type { RemoteKey } from '../kinescope/jwk-api.js'
import { OperatorProblem } from '../problem.js'
import { CLOCK_SKEW_MS, type KeyRecord } from './key-state.js'
import type { Registry } from './registry.js'

/**
 * Rejects a local clock that differs from Kinescope's: keys are ended and activated by it. Call it right after a response
 * of Kinescope's. @throws OperatorProblem `clock-off`
 */
export function assertClock({ registry, now }: { registry: Registry; now: () => number }): void {
  const theirs = registry.clock()
  if (theirs === null || Math.abs(now() - theirs) <= CLOCK_SKEW_MS) return
  const seconds = Math.round((now() - theirs) / 1000)
  throw new OperatorProblem(
    'clock-off',
    `this machine’s clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} Kinescope’s`,
    'Nothing was changed at Kinescope. Synchronize the clock (NTP), then run the command again.',
  )
}

/** Rejects a key that has expired at Kinescope: its tokens would be invalid. */
export function assertNotExpired(kid: string, expiresAt: string, now: number): void {
  if (Date.parse(expiresAt) - CLOCK_SKEW_MS > now) return
  throw new OperatorProblem(
    'key-expired',
    `${kid} has expired at Kinescope (${expiresAt})`,
    'Run `kinescope-chat-server keys reconcile`: it replaces the key. If Kinescope lists every key as expired, write to their support.',
  )
}

/** Rejects a list in which a key ended before it was registered: nothing is deleted because of such a list. */
export function assertPlausibleEnd(
  { kid, createdAt, publishedAt }: KeyRecord,
  { expiresAt }: RemoteKey,
): void {
  if (expiresAt === null || Date.parse(expiresAt) > Date.parse(publishedAt ?? createdAt)) return
  throw new OperatorProblem(
    'api-bad-answer',
    `Kinescope lists ${kid} as expired (${expiresAt}) before it was created`,
    'Nothing was changed. Check the key in Kinescope’s dashboard; if its end is right there, write to their support.',
  )
}
