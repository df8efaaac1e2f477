/** As many as signatures are in the threads' hands: neither side keeps the other waiting. */
const A_TURN = 64

/** As many as the endpoint has under way at most: one connection can send several requests at once, and each takes some 25 kB. */
const LONGEST_LINE = 8000

/** A turn that hasn't come for so long won't: some runtimes drop what was begun for a request that has ended. Milliseconds. */
const LOST_MS = 1000

interface Loop {
  nextTurn(work: () => void): unknown
  /** Milliseconds on a clock that only goes forward. */
  now(): number
}

/** Immediates, since Node calls its timers in one turn as long as one is due. */
const NODE: Loop = { nextTurn: (work) => setImmediate(work), now: () => performance.now() }

/**
 * Lets requests begin in portions, one in each turn of the event loop. Node takes whatever comes while it reads its sockets,
 * and a crowd that asks again at each answer keeps it reading: two thousand connections that were refused at once held the
 * loop for five seconds, without a signature, a timer or an answer to /healthz in between.
 */
export class Turns {
  readonly #loop: Loop
  #begun = 0
  #dueSince = 0
  readonly #line: { begin: (waitedMs: number) => void; since: number }[] = []

  constructor(loop = NODE) {
    this.#loop = loop
  }

  /** Requests that have come and not begun. */
  get waiting(): number {
    return this.#line.length
  }

  /**
   * Begins a request: at once, or in a later turn where many have begun in this one. They begin in the order they came. Past
   * the longest line whoever comes begins at once, and is refused by what has its bounds behind the door.
   */
  enter(begin: (waitedMs: number) => void): void {
    const since = this.#loop.now()
    if (this.#begun === 0 || since - this.#dueSince > LOST_MS) this.#callNext()
    if (this.#begun >= A_TURN && this.#line.length < LONGEST_LINE) this.#line.push({ begin, since })
    else {
      this.#begun++
      begin(0)
    }
  }

  #callNext(): void {
    this.#dueSince = this.#loop.now()
    this.#loop.nextTurn(() => this.#turn())
  }

  #turn(): void {
    const next = this.#line.splice(0, A_TURN)
    this.#begun = next.length
    if (next.length > 0) this.#callNext()
    const now = this.#loop.now()
    for (const { begin, since } of next) begin(now - since)
  }
}
