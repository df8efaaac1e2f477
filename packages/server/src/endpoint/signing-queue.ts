/** Work that would take longer than this to sign is refused at once: a late token is no better than a retry. */
const MAX_WAIT_MS = 1000
/** How much one measurement moves the average. */
const WEIGHT = 0.05
/** Below this many a refusal would be noise: the estimate may be wrong, the wait can't be long. */
const ALWAYS_WELCOME = 64

/**
 * Counts the signatures under way and knows how fast they come out, so that the endpoint can say "come back later"
 * instead of letting requests pile up behind the signing threads (they share those with DNS and file reads).
 */
export class SigningQueue {
  readonly #clock: () => number
  #pending = 0
  #perSignatureMs: number
  #busySince = 0

  /**
   * @param clock milliseconds on a clock that only goes forward
   * @param perSignatureMs a first guess of the time between two signatures when busy
   */
  constructor(clock: () => number, perSignatureMs = 0.4) {
    this.#clock = clock
    this.#perSignatureMs = perSignatureMs
  }

  get pending(): number {
    return this.#pending
  }

  get full(): boolean {
    return this.#pending >= ALWAYS_WELCOME && this.#pending * this.#perSignatureMs > MAX_WAIT_MS
  }

  async run<T>(sign: () => Promise<T>): Promise<T> {
    if (this.#pending === 0) this.#busySince = this.#clock()
    this.#pending++
    try {
      return await sign()
    } finally {
      this.#pending--
      const now = this.#clock()
      this.#perSignatureMs += WEIGHT * (now - this.#busySince - this.#perSignatureMs)
      this.#busySince = now
    }
  }
}
