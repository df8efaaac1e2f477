/** Nobody is sent away for longer: the estimate may be wrong, and somebody watches a stream meanwhile. Seconds. */
const LONGEST_S = 60

/**
 * Tells those who are sent away when to come back, so that they come as fast as they can be served and no faster: each
 * refusal takes the next free moment in a line that nobody stands in. A fixed `Retry-After` would bring a crowd back in
 * waves, most of them to be refused again.
 */
export class ReturnSlots {
  #next = 0

  /**
   * @param now milliseconds on a clock that only goes forward
   * @param perTokenMs how long one token takes when the server is busy
   * @returns whole seconds for `Retry-After`, from 1 to 60
   */
  take(now: number, perTokenMs: number): number {
    this.#next = Math.min(Math.max(this.#next, now + 1000) + perTokenMs, now + LONGEST_S * 1000)
    return Math.ceil((this.#next - now) / 1000)
  }
}
