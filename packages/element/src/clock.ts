/** What `performance.now()` returns. A page can have a variable `performance` (Web IDL, [Replaceable]). */
const monotonicNow = (): number => new Event('').timeStamp

let elapsed = 0
let wall = Date.now()
let monotonic = monotonicNow()

/**
 * Milliseconds since the script began, on a clock that survives sleep: the greater of what a monotonic clock counted (it
 * stops while some machines sleep) and what the wall clock moved (it can be set). Only differences have a meaning.
 */
export function steadyNow(): number {
  const [newWall, newMonotonic] = [Date.now(), monotonicNow()]
  elapsed += Math.max(newMonotonic - monotonic, newWall - wall, 0)
  wall = newWall
  monotonic = newMonotonic
  return elapsed
}

/**
 * Listens for events of a window. Optimization plugins rename them (WP Rocket: `rocket-pageshow`), so this uses the
 * platform's own method. It isn't taken from `EventTarget`, which some pages replace.
 */
export function listen(
  page: Window,
  names: string[],
  listener: (event: Event) => void,
  options?: AddEventListenerOptions,
): void {
  for (const name of names) Document.prototype.addEventListener.call(page, name, listener, options)
}

/**
 * Listens for the events after which time may have passed unseen: the page slept, was hidden, offline, or in the
 * back/forward cache. No event is needed alone.
 */
export const onWake = (page: Window, signal: AbortSignal, woke: (event: Event) => void): void =>
  listen(page, ['visibilitychange', 'online', 'focus', 'blur', 'resume', 'pageshow', 'pagehide'], woke, {
    signal,
    capture: true,
  })

const BURST = 10
const BURST_PERIOD_MS = 5_000

const bursts = new WeakMap<object, { count: number; since: number }>()

/** Limits actions that the page's own code may answer with another cause for the same action. */
export function withinBurstLimit(actor: object): boolean {
  const now = monotonicNow()
  const last = bursts.get(actor)
  const { count, since } = last && now - last.since < BURST_PERIOD_MS ? last : { count: 0, since: now }
  bursts.set(actor, { count: count + 1, since })
  return count < BURST
}
