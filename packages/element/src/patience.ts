const MOST = 10
const CALM_MS = 5_000

const times = new WeakMap<object, { count: number; since: number }>()

/**
 * Whether something may be done at once another time, or has been done too often lately. Somebody who undoes or changes
 * each thing that we do must not keep the page busy for ever.
 */
export function mayAgain(doer: object): boolean {
  const now = performance.now()
  const last = times.get(doer)
  const { count, since } = last && now - last.since < CALM_MS ? last : { count: 0, since: now }
  times.set(doer, { count: count + 1, since })
  return count < MOST
}
