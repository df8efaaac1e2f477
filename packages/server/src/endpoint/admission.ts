import { Refusal } from './refusal.js'

/** Requests that start in one tick of the event loop: as many as there are signatures in the thread pool. */
const STARTS_PER_TICK = 64
/** The limit of requests in flight: one connection can send several requests at once, and each takes some 25 kB. */
const MAX_QUEUE = 8000
/** A tick that is later than this was dropped: some runtimes do that once the request has ended. Milliseconds. */
const LOST_TICK_MS = 1000

interface Loop {
  nextTick(work: () => void): unknown
  /** Milliseconds on a monotonic clock. */
  now(): number
}

/** Uses immediates, because Node runs all due timers in one tick. */
const NODE_LOOP: Loop = { nextTick: (work) => setImmediate(work), now: () => performance.now() }

/**
 * Limits how many requests start in one tick of the event loop. Otherwise, retries of a large audience block the loop:
 * Node reads everything that its sockets contain, before a signature, a timer or a response to /healthz.
 */
export class AdmissionQueue {
  readonly #loop: Loop
  #started = 0
  /** When the next tick was scheduled; null while none is. */
  #scheduledAt: number | null = null
  /** The current chain of ticks. A tick of an abandoned chain may still come. */
  #chain = 0
  readonly #queue: { start: (waitedMs: number) => void; since: number }[] = []

  constructor(loop = NODE_LOOP) {
    this.#loop = loop
  }

  /** Requests that have arrived and not started. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Starts a request in the order of arrival: at once, or in a later tick if many have started in this one.
   * @returns false if the queue is full; the request isn't started then
   */
  admit(start: (waitedMs: number) => void): boolean {
    const now = this.#loop.now()
    if (this.#scheduledAt === null || now - this.#scheduledAt > LOST_TICK_MS) this.#schedule(now)
    if (this.#started < STARTS_PER_TICK && this.#queue.length === 0) {
      this.#started++
      start(0)
      return true
    }
    if (this.#queue.length >= MAX_QUEUE) return false
    this.#queue.push({ start, since: now })
    return true
  }

  #schedule(now: number): void {
    const chain = ++this.#chain
    this.#scheduledAt = now
    this.#loop.nextTick(() => {
      if (chain === this.#chain) this.#tick()
    })
  }

  #tick(): void {
    const batch = this.#queue.splice(0, STARTS_PER_TICK)
    this.#started = batch.length
    const now = this.#loop.now()
    if (batch.length > 0) this.#schedule(now)
    else this.#scheduledAt = null
    for (const { start, since } of batch) start(now - since)
  }
}

/** The estimate may be wrong, and the visitor watches a stream meanwhile. Seconds. */
const MAX_RETRY_AFTER_S = 60

/**
 * Spreads `Retry-After` over the capacity that is free next, so that rejected clients don't return at once. With a
 * fixed value, they return in waves, and most are rejected again.
 */
export class RetryAfterScheduler {
  #next = 0

  /**
   * @param now milliseconds on a monotonic clock
   * @param perTokenMs how long one token takes when the server is busy
   * @returns whole seconds, from 1 to 60
   */
  next(now: number, perTokenMs: number): number {
    this.#next = Math.min(Math.max(this.#next, now + 1000) + perTokenMs, now + MAX_RETRY_AFTER_S * 1000)
    return Math.ceil((this.#next - now) / 1000)
  }
}

/** More work than can be signed in this time is rejected at once: a late token is no better than a retry. */
const MAX_SIGNING_WAIT_MS = 1000
/**
 * Signatures in one measurement. The thread pool returns them in bursts, and the pauses between single ones would look
 * like a slow machine.
 */
const SIGNATURES_PER_MEASUREMENT = 64
/** Never reject below this queue length: the estimate is too rough. */
const MIN_QUEUE_LENGTH = 64
/**
 * Signatures in the thread pool at once, which DNS and file reads share. Fewer leave the machine partly idle; more only
 * delay the others.
 */
const MAX_IN_POOL = 64

/** Counts the signatures in flight and measures their rate, so that the endpoint can reject early. */
export class SigningQueue {
  readonly #clock: () => number
  #pending = 0
  #perSignatureMs: number
  /** When the last signature was done, or the queue was last empty. */
  #busySince = 0
  #measured = 0
  #measuredMs = 0
  #inPool = 0
  readonly #waiting: (() => void)[] = []
  readonly #retryAfter = new RetryAfterScheduler()

  /**
   * @param clock milliseconds on a monotonic clock
   * @param perSignatureMs a first estimate of the time between two signatures when busy
   */
  constructor(clock: () => number, perSignatureMs = 0.4) {
    this.#clock = clock
    this.#perSignatureMs = perSignatureMs
  }

  get pending(): number {
    return this.#pending
  }

  /** @param waiting requests in the admission queue: some of them need a signature */
  hasRoom(waiting = 0): boolean {
    if (this.#pending < MIN_QUEUE_LENGTH) return true
    // a stopped signer (a vault that hangs) gives no measurement
    const stalled = this.#clock() - this.#busySince > MAX_SIGNING_WAIT_MS
    return !stalled && (this.#pending + waiting) * this.#perSignatureMs <= MAX_SIGNING_WAIT_MS
  }

  /** `Retry-After` of a rejected request: whole seconds until there is room for it. */
  retryAfter(): number {
    return this.#retryAfter.next(this.#clock(), this.#perSignatureMs)
  }

  /**
   * Signs in order. Doesn't start a signature whose request has ended. A signature that hangs frees its place when its
   * request ends.
   */
  async run<T>(sign: () => Promise<T>, deadline: RequestDeadline): Promise<T> {
    if (this.#pending === 0) this.#busySince = this.#clock()
    this.#pending++
    if (this.#inPool < MAX_IN_POOL) this.#inPool++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      deadline.throwIfOver()
      const signed = await deadline.race(sign())
      this.#measure()
      return signed
    } finally {
      this.#pending--
      const next = this.#waiting.shift()
      if (next) next()
      else this.#inPool--
    }
  }

  #measure(): void {
    const now = this.#clock()
    this.#measuredMs += now - this.#busySince
    this.#busySince = now
    if (++this.#measured < SIGNATURES_PER_MEASUREMENT) return
    this.#perSignatureMs = (this.#perSignatureMs + this.#measuredMs / this.#measured) / 2
    this.#measured = this.#measuredMs = 0
  }
}

/** The time limit of a request: shorter than the ten seconds that an element waits, and than the limits of proxies. */
export const DEADLINE_MS = 8000

/** The step that a request is waiting for. */
export type Step = 'limits' | 'body' | 'identity' | 'authorize' | 'signing'

/** The rejection at the deadline, by the current step. */
const TIMEOUT_REFUSALS: Record<Step, () => Refusal> = {
  limits: () => new Refusal('server-error', { reason: 'limits-late' }),
  // RFC 9110, section 15.5.9
  body: () =>
    new Refusal('bad-request', {
      reason: 'body-late',
      status: 408,
      detail: 'The body of the request did not arrive in time.',
    }),
  identity: () => new Refusal('identity-unavailable', { reason: 'identity-late', retryAfter: 2 }),
  authorize: () => new Refusal('server-error', { reason: 'authorize-late' }),
  signing: () => new Refusal('overloaded', { reason: 'signing-late', retryAfter: 2 }),
}

/** The deadline of a request: body, limits, identity, policy and signature all stop with it. */
export class RequestDeadline {
  #step: Step = 'limits'
  #stepSince = 0
  #stepMs: Partial<Record<Step, number>> | null = null
  readonly #onEnd: ((refusal: Refusal) => void)[] = []
  #refusal: Refusal | null = null
  #controller: AbortController | null = null
  readonly #endsAt: number
  readonly #onDisconnect: ((listener: () => void) => void) | undefined

  /**
   * @param ms from now
   * @param onDisconnect calls its listener when the visitor has left
   */
  constructor(ms = DEADLINE_MS, onDisconnect?: (listener: () => void) => void) {
    this.#endsAt = performance.now() + ms
    this.#onDisconnect = onDisconnect
  }

  get over(): boolean {
    return this.#refusal !== null
  }

  get step(): Step {
    return this.#step
  }

  set step(next: Step) {
    if (this.#stepMs) {
      const now = performance.now()
      this.#stepMs[this.#step] = (this.#stepMs[this.#step] ?? 0) + now - this.#stepSince
      this.#stepSince = now
    }
    this.#step = next
  }

  /** Measures the steps from now on. Only a rehearsal needs them. */
  measureSteps(): void {
    this.#stepMs = {}
    this.#stepSince = performance.now()
  }

  /** Milliseconds that each step has taken so far; null if they aren't measured. */
  get stepMs(): Readonly<Partial<Record<Step, number>>> | null {
    return this.#stepMs
  }

  /** Milliseconds until the deadline. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now())
  }

  /** For `fetch` and callbacks of the host. Created on first use: most requests need none. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#refusal) this.#controller.abort(this.#refusal)
      else this.#onDisconnect?.(() => this.end(new Refusal('bad-request', { reason: 'visitor-left' })))
    }
    return this.#controller.signal
  }

  /** @throws the rejection that has ended the request */
  throwIfOver(): void {
    if (this.#refusal) throw this.#refusal
  }

  end(refusal: Refusal = TIMEOUT_REFUSALS[this.step]()): void {
    if (this.#refusal) return
    this.#refusal = refusal
    for (const end of this.#onEnd) end(refusal)
    this.#controller?.abort(refusal)
  }

  /** Returns the result of work for the request, unless a rejection ends the request before. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#refusal) reject(this.#refusal)
      this.#onEnd.push(reject)
      work.then(resolve, reject)
    })
  }
}

/** The deadlines of all requests in flight. A shutdown ends them together. */
export class RequestDeadlines {
  readonly #inFlight = new Set<RequestDeadline>()
  readonly #ms: number
  #closed = false

  constructor(ms: number) {
    this.#ms = ms
  }

  get size(): number {
    return this.#inFlight.size
  }

  /**
   * Runs a request's work within its deadline. Drops the result of work that continues after it.
   * @param waitedMs the part of the time that the admission queue took
   */
  async within<T>(
    work: (deadline: RequestDeadline) => Promise<T>,
    onDisconnect?: (listener: () => void) => void,
    waitedMs = 0,
  ): Promise<T> {
    const ms = this.#ms - waitedMs
    if (ms <= 0) throw new Refusal('overloaded', { reason: 'line-late', retryAfter: 2 })
    if (this.#closed) throw closing()
    // a connection also closes after the response, when work that the host shares may go on
    const whileInFlight = (listener: () => void) =>
      onDisconnect?.(() => this.#inFlight.has(deadline) && listener())
    const deadline: RequestDeadline = new RequestDeadline(ms, whileInFlight)
    this.#inFlight.add(deadline)
    // not startDeadline(): a signal for each token is expensive, and this timer needs none
    const timer = setTimeout(() => deadline.end(), ms)
    try {
      return await deadline.race(work(deadline))
    } finally {
      clearTimeout(timer)
      this.#inFlight.delete(deadline)
    }
  }

  /** Ends the requests in flight, and all later ones. */
  close(): void {
    this.#closed = true
    for (const deadline of this.#inFlight) deadline.end(closing())
  }
}

function closing(): Refusal {
  const detail = 'The token server is restarting. Wait as long as Retry-After says.'
  return new Refusal('overloaded', { reason: 'closing', detail, retryAfter: 1 })
}
