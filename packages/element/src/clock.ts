let elapsed = 0
let wall = Date.now()
let monotonic = performance.now()

/**
 * Milliseconds since the script began, on a clock that survives sleep: the greater of what `performance.now()` counted (it
 * stops while some machines sleep) and what the wall clock moved (it can be set). Only differences have a meaning.
 */
export function steadyNow(): number {
  const [newWall, newMonotonic] = [Date.now(), performance.now()]
  elapsed += Math.max(newMonotonic - monotonic, newWall - wall, 0)
  wall = newWall
  monotonic = newMonotonic
  return elapsed
}

/** Timers stop while a machine sleeps, and overflow past 2^31 ms: none is set for longer than this. */
const LONGEST_TIMER_MS = 60_000

/** One timer for whatever is due next. It may fire early, so the callback checks the time. */
export class Timer {
  #id: ReturnType<typeof setTimeout> | undefined
  readonly #fire: () => void

  constructor(fire: () => void) {
    this.#fire = fire
  }

  /** @param at on the steady clock; Infinity for never */
  set(at: number): void {
    this.stop()
    const wait = at - steadyNow()
    if (wait < Infinity) this.#id = setTimeout(this.#fire, Math.max(0, Math.min(wait, LONGEST_TIMER_MS)))
  }

  stop(): void {
    clearTimeout(this.#id)
  }
}

/**
 * Calls back when time may have passed unseen: the page slept, was hidden, offline, or in the back/forward cache.
 * Optimization plugins rename events of the window object (WP Rocket: `rocket-pageshow`), so this uses the platform's own
 * method, and no event is needed alone.
 */
export class Wake {
  #cached = false

  /** @param signal removes the listeners */
  constructor(page: Window, signal: AbortSignal, woke: (event: Event) => void) {
    const heard = (event: Event) => {
      // after `pagehide`, any other event means that the page was restored
      this.#cached ||= (event as Partial<PageTransitionEvent>).persisted === true
      if (event.type !== 'pagehide') woke(event)
    }
    for (const name of ['visibilitychange', 'online', 'focus', 'resume', 'pageshow', 'pagehide'])
      EventTarget.prototype.addEventListener.call(page, name, heard, { signal, capture: true })
  }

  /** Whether the page was restored from the back/forward cache since the last call. */
  takeRestored(): boolean {
    const cached = this.#cached
    this.#cached = false
    return cached
  }
}

const BURST = 10
const BURST_PERIOD_MS = 5_000

const bursts = new WeakMap<object, { count: number; since: number }>()

/** Limits actions that the page's own code may answer with another cause for the same action. */
export function withinBurstLimit(actor: object): boolean {
  const now = performance.now()
  const last = bursts.get(actor)
  const { count, since } = last && now - last.since < BURST_PERIOD_MS ? last : { count: 0, since: now }
  bursts.set(actor, { count: count + 1, since })
  return count < BURST
}
