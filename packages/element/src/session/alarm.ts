import { steadyNow } from './steady-clock.js'

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
