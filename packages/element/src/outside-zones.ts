import { attempt } from './attempt.js'

interface Zones {
  Zone?: { root?: { run?: (work: () => unknown) => unknown } }
}

/**
 * Runs work outside of any zone of zone.js, which patches what a page waits with: Angular holds a page for unstable while
 * a timer or a request that began in its zone is under way, and ours never end. Everything that begins in the work is
 * outside as well.
 */
export function outsideZones<T>(work: () => T): T {
  const root = attempt(() => (globalThis as Zones).Zone?.root)
  // a frame of that name may be another site's, and not to be looked into
  const runs = attempt(() => typeof root?.run === 'function')
  return runs ? (root!.run!(work) as T) : work()
}
