import type { RemoteKey } from '../kinescope/jwk-api.js'
import { OperatorProblem } from '../problem.js'
import { CLOCK_SKEW_MS, type KeyRecord } from './key-state.js'
import type { Registry } from './registry.js'

/** Keys are ended and handed over by the clock: two that disagree, or a date that can't be, must not do either. */

/**
 * What ends a key or sets its end goes by the clock, so a clock that Kinescope's disagrees with may not decide it.
 * Called right after an answer of Kinescope's. @throws OperatorProblem `clock-off`
 */
export function refuseWrongClock({ registry, now }: { registry: Registry; now: () => number }): void {
  const theirs = registry.clock()
  if (theirs === null || Math.abs(now() - theirs) <= CLOCK_SKEW_MS) return
  const seconds = Math.round((now() - theirs) / 1000)
  throw new OperatorProblem(
    'clock-off',
    `this machine’s clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} Kinescope’s`,
    'Nothing was changed at Kinescope. Set the clock (NTP), then run the command again.',
  )
}

/** A key that Kinescope takes for ended may not take over: there would be nothing to sign with. */
export function refuseSpent(kid: string, expiresAt: string, now: number): void {
  if (Date.parse(expiresAt) - CLOCK_SKEW_MS > now) return
  throw new OperatorProblem(
    'key-expired',
    `Kinescope lists ${kid} with an end that is over (${expiresAt}): no token of it would be taken`,
    'Nothing signs with it. `kinescope-chat-server keys reconcile` removes it and takes another; if Kinescope shows such an end of every key, write to its support.',
  )
}

/** A key that ended before it was registered: such a list is wrong, and nothing is deleted on its word. */
export function refuseEarlyEnd({ kid, createdAt, publishedAt }: KeyRecord, { expiresAt }: RemoteKey): void {
  if (expiresAt === null || Date.parse(expiresAt) > Date.parse(publishedAt ?? createdAt)) return
  throw new OperatorProblem(
    'api-bad-answer',
    `Kinescope lists ${kid} with an end (${expiresAt}) before its beginning`,
    'Nothing was changed. Look at the key in Kinescope’s dashboard; if its end is what it should be there, write to Kinescope’s support.',
  )
}
