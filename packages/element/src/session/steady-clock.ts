/**
 * Milliseconds that pass, whatever happens to the wall clock: the greater of what `performance.now()` counted (it stops
 * while some machines sleep) and what the wall clock moved (it doesn't, but it can be set). Only differences mean anything.
 */
export class SteadyClock {
  #elapsed = 0
  #wall = Date.now()
  #monotonic = performance.now()

  now(): number {
    const wall = Date.now()
    const monotonic = performance.now()
    this.#elapsed += Math.max(monotonic - this.#monotonic, wall - this.#wall, 0)
    this.#wall = wall
    this.#monotonic = monotonic
    return this.#elapsed
  }
}
