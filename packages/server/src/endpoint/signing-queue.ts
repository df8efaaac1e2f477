/** Work that would take longer than this to sign is refused at once: a late token is no better than a retry. */
const MAX_WAIT_MS = 1000
/** How much one measurement moves the average. */
const WEIGHT = 0.05
/** Below this many a refusal would be noise: the estimate may be wrong, the wait can't be long. */
const ALWAYS_WELCOME = 64
/**
 * Signatures given to the threads at once. Enough to keep them busy; the rest waits here, where it doesn't stand before
 * DNS and file reads, and comes back in small portions, between which the loop answers others.
 */
const IN_HAND = 32

/**
 * Counts the signatures under way and knows how fast they come out, so that the endpoint can say "come back later"
 * instead of letting requests pile up behind the signing threads (they share those with DNS and file reads).
 */
export class SigningQueue {
  readonly #clock: () => number
  #pending = 0
  #perSignatureMs: number
  #busySince = 0
  #inHand = 0
  readonly #waiting: (() => void)[] = []

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
    if (this.#inHand < IN_HAND) this.#inHand++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await sign()
    } finally {
      this.#pending--
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inHand--
      const now = this.#clock()
      this.#perSignatureMs += WEIGHT * (now - this.#busySince - this.#perSignatureMs)
      this.#busySince = now
    }
  }
}
