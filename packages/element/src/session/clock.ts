let elapsed = 0
let wall = Date.now()
let monotonic = performance.now()

/**
 * Milliseconds that pass, whatever happens to the wall clock: the greater of what `performance.now()` counted (it stops
 * while some machines sleep) and what the wall clock moved (it doesn't, but it can be set). Only differences mean anything.
 */
export function steadyNow(): number {
  const [newWall, newMonotonic] = [Date.now(), performance.now()]
  elapsed += Math.max(newMonotonic - monotonic, newWall - wall, 0)
  wall = newWall
  monotonic = newMonotonic
  return elapsed
}

/** Timers stop while a machine sleeps and overflow past 2^31 ms: none is set for longer than this. */
const LONGEST_TIMER_MS = 60_000

/** One timer, for whatever is due next. It may ring too soon, never much too late: whoever is called looks at the time. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #ring: () => void

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** @param at on the steady clock; Infinity for never */
  set(at: number): void {
    this.stop()
    const wait = at - steadyNow()
    if (wait < Infinity) this.#timer = setTimeout(this.#ring, Math.max(0, Math.min(wait, LONGEST_TIMER_MS)))
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

const MOST = 10
const CALM_MS = 5_000

const times = new WeakMap<object, { count: number; since: number }>()

/**
 * Whether something may be done at once another time, or has been done too often lately. Somebody who undoes or changes
 * each thing that we do must not keep the page busy for ever.
 */
export function withinBurstLimit(doer: object): boolean {
  const now = performance.now()
  const last = times.get(doer)
  const { count, since } = last && now - last.since < CALM_MS ? last : { count: 0, since: now }
  times.set(doer, { count: count + 1, since })
  return count < MOST
}
