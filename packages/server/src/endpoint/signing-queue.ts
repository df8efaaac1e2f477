import type { Deadline } from './deadline.js'
import { ReturnSlots } from './return-slots.js'

/** Work that would take longer than this to sign is refused at once: a late token is no better than a retry. */
const MAX_WAIT_MS = 1000
/**
 * Signatures that make one measurement. They come out of the threads in bursts, with a pause between: of each by itself
 * the pause would look like a slow machine, and turn away the next one who asks.
 */
const MEASURED = 64
/** Below this many a refusal would be noise: the estimate may be wrong, the wait can't be long. */
const ALWAYS_WELCOME = 64
/**
 * Signatures given to the threads at once. Enough that they never run dry between two turns of the loop (32 left a
 * tenth of the machine idle); the rest waits here, where it doesn't stand before DNS and file reads, and comes back in
 * small portions, between which the loop answers others.
 */
const IN_HAND = 64

/**
 * Counts the signatures under way and knows how fast they come out, so that the endpoint can say "come back later"
 * instead of letting requests pile up behind the signing threads (they share those with DNS and file reads).
 */
export class SigningQueue {
  readonly #clock: () => number
  #pending = 0
  #perSignatureMs: number
  /** When the last signature came out, or the queue was last empty. */
  #busySince = 0
  #measured = 0
  #measuredMs = 0
  #inHand = 0
  readonly #waiting: (() => void)[] = []
  readonly #slots = new ReturnSlots()

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

  /** @param waiting how many have come and not begun: some of them for a signature */
  hasRoom(waiting = 0): boolean {
    if (this.#pending < ALWAYS_WELCOME) return true
    // a signer that has stopped (a vault that hangs) gives no measurement to go by
    const stalled = this.#clock() - this.#busySince > MAX_WAIT_MS
    return !stalled && (this.#pending + waiting) * this.#perSignatureMs <= MAX_WAIT_MS
  }

  /** Whole seconds, for whoever is turned away: when there will be room for them. */
  comeBackIn(): number {
    return this.#slots.take(this.#clock(), this.#perSignatureMs)
  }

  /** Signs in turn. A signature whose request has ended is not begun, and one that hangs gives its place up with it. */
  async run<T>(sign: () => Promise<T>, deadline: Pick<Deadline, 'ended' | 'throwIfOver'>): Promise<T> {
    if (this.#pending === 0) this.#busySince = this.#clock()
    this.#pending++
    if (this.#inHand < IN_HAND) this.#inHand++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      deadline.throwIfOver()
      const signed = await Promise.race([sign(), deadline.ended])
      this.#measure()
      return signed
    } finally {
      this.#pending--
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inHand--
    }
  }

  #measure(): void {
    const now = this.#clock()
    this.#measuredMs += now - this.#busySince
    this.#busySince = now
    if (++this.#measured < MEASURED) return
    this.#perSignatureMs = (this.#perSignatureMs + this.#measuredMs / this.#measured) / 2
    this.#measured = this.#measuredMs = 0
  }
}
