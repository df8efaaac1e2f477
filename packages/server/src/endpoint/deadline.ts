import { Refusal } from './refusal.js'

/** A request's whole life here: shorter than the ten seconds an element waits, and than the proxies between. */
export const DEADLINE_MS = 8000

/** What a request is waiting for. */
export type Step = 'limits' | 'body' | 'identity' | 'authorize' | 'signing'

/** What the visitor hears when time is up, by what was waited for. */
const LATE: Record<Step, () => Refusal> = {
  limits: () => new Refusal('server-error', { reason: 'limits-late' }),
  body: () =>
    new Refusal('bad-request', { reason: 'body-late', detail: 'The body of the request did not come.' }),
  identity: () => new Refusal('identity-unavailable', { reason: 'identity-late', retryAfter: 2 }),
  authorize: () => new Refusal('server-error', { reason: 'authorize-late' }),
  signing: () => new Refusal('overloaded', { reason: 'signing-late', retryAfter: 2 }),
}

/** The one end of a request: body, limits, identity, policy and signature all stop by it. */
export class Deadline {
  step: Step = 'limits'
  /** Rejects with the refusal that ends the request. */
  readonly ended: Promise<never>
  #reject!: (refusal: Refusal) => void
  #refusal: Refusal | null = null
  #controller: AbortController | null = null
  readonly #whenGone: ((listener: () => void) => void) | undefined

  /** @param whenGone hears of a visitor who has left */
  constructor(whenGone?: (listener: () => void) => void) {
    this.#whenGone = whenGone
    this.ended = new Promise((_resolve, reject) => (this.#reject = reject))
    // most requests end before it, and nobody hears it then
    this.ended.catch(() => undefined)
  }

  get over(): boolean {
    return this.#refusal !== null
  }

  /** For `fetch` and whatever else can be called back. Made when first asked for: most requests need none. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#refusal) this.#controller.abort(this.#refusal)
      else this.#whenGone?.(() => this.end(new Refusal('bad-request', { reason: 'visitor-left' })))
    }
    return this.#controller.signal
  }

  /** @throws the refusal that has ended the request */
  throwIfOver(): void {
    if (this.#refusal) throw this.#refusal
  }

  end(refusal: Refusal = LATE[this.step]()): void {
    if (this.#refusal) return
    this.#refusal = refusal
    this.#reject(refusal)
    this.#controller?.abort(refusal)
  }
}

/** All requests under way: each gets its time, and a shutdown ends them together. */
export class Deadlines {
  readonly #open = new Set<Deadline>()
  readonly #ms: number
  #closed = false

  constructor(ms: number) {
    this.#ms = ms
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * Does a request's work within its time. Work that goes on after it has nobody left to hear it.
   * @param spentMs how much of that time is over: the request has waited before the door
   */
  async within<T>(
    work: (deadline: Deadline) => Promise<T>,
    whenGone?: (listener: () => void) => void,
    spentMs = 0,
  ): Promise<T> {
    if (spentMs >= this.#ms) throw new Refusal('overloaded', { reason: 'line-late', retryAfter: 2 })
    const deadline = new Deadline(whenGone)
    if (this.#closed) throw closing()
    this.#open.add(deadline)
    const timer = setTimeout(() => deadline.end(), this.#ms - spentMs)
    try {
      return await Promise.race([work(deadline), deadline.ended])
    } finally {
      clearTimeout(timer)
      this.#open.delete(deadline)
    }
  }

  /** Ends what is under way, and whatever still comes. */
  close(): void {
    this.#closed = true
    for (const deadline of this.#open) deadline.end(closing())
  }
}

function closing(): Refusal {
  const detail = 'The token server is being restarted. Wait as long as Retry-After says.'
  return new Refusal('overloaded', { reason: 'closing', detail, retryAfter: 1 })
}
