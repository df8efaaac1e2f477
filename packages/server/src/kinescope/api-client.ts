import { KinescopeError, refusalError } from './kinescope-error.js'
import { readRetryAfter } from './retry-after.js'

export interface KinescopeApiOptions {
  /** `https://api.kinescope.io` */
  url: string
  /** A UUID from the dashboard, Settings → API tokens. */
  token: string
  fetch?: typeof fetch
  /** For one attempt, answer and body; 10 s by default. */
  timeoutMs?: number
  /** Waits between attempts; replaced in tests. */
  wait?: (ms: number) => Promise<void>
  /** 0 to 1 */
  random?: () => number
  /** ms since the epoch */
  now?: () => number
  /** Ends whatever is under way: a shutdown, the deadline of a command. */
  signal?: AbortSignal
}

export interface ApiCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** The path's segments; ids among them are encoded. */
  path: readonly string[]
  query?: Record<string, string>
  body?: unknown
  resource: 'key' | 'event'
}

export interface ApiAnswer {
  status: number
  /** The parsed JSON; undefined for an empty body. */
  body: unknown
  requestId: string | undefined
  /** The answer's `Date` in ms since the epoch, to compare clocks by. */
  date: number | null
}

const ATTEMPTS = 3
const FIRST_DELAY_MS = 400
/** Longer waits are left to the operator, who is told the time. */
const LONGEST_WAIT_MS = 30_000
/** Of one answer. A page of a list has a hundredth of it; whoever sends more isn't the API. */
const MOST_BYTES = 1_048_576

/** Talks to Kinescope's API: timeouts, safe retries, and errors that say what to do. */
export class KinescopeApi {
  readonly url: string
  readonly #options: Required<Omit<KinescopeApiOptions, 'url' | 'signal'>> & { signal?: AbortSignal }
  /** Shared with those that `until` makes. */
  #clock: { date: number | null } = { date: null }

  constructor({ url, ...options }: KinescopeApiOptions) {
    this.url = url.replace(/(?<!\/)\/+$/, '')
    this.#options = {
      fetch: (...call) => fetch(...call), // looked up late, so that a test's fetch counts
      timeoutMs: 10_000,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      random: Math.random,
      now: Date.now,
      ...options,
    }
  }

  /** The `Date` of the last answer, in ms since the epoch; null before the first. */
  get clock(): number | null {
    return this.#clock.date
  }

  /** The same API, but everything under way ends with the signal too. */
  until(signal: AbortSignal): KinescopeApi {
    const signals = this.#options.signal ? [this.#options.signal, signal] : [signal]
    const api = new KinescopeApi({ ...this.#options, url: this.url, signal: AbortSignal.any(signals) })
    api.#clock = this.#clock
    return api
  }

  /**
   * Makes the call, again where that is safe: reading, deleting and the one-field `PUT` after any passing failure,
   * `POST` only after 429, which says that nothing was done.
   *
   * @throws KinescopeError
   */
  async call(call: ApiCall): Promise<ApiAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call)
      if ('answer' in outcome) return outcome.answer
      const { error, retryAfterMs } = outcome
      const delay = retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + this.#options.random())
      if (attempt >= ATTEMPTS || !mayRepeat(call, error) || delay > LONGEST_WAIT_MS) throw error
      await this.#pause(delay, error)
    }
  }

  /** Waits, unless the end comes first. */
  async #pause(ms: number, error: KinescopeError): Promise<void> {
    const { signal, wait } = this.#options
    let stop = () => undefined as void
    const ended = new Promise<void>((resolve) => (stop = resolve))
    signal?.addEventListener('abort', stop, { once: true })
    await Promise.race([wait(ms), ended])
    signal?.removeEventListener('abort', stop)
    if (signal?.aborted) throw error
  }

  async #attempt(
    call: ApiCall,
  ): Promise<{ answer: ApiAnswer } | { error: KinescopeError; retryAfterMs: number | null }> {
    const { fetch, timeoutMs, token, now, signal } = this.#options
    const what = `${call.method} /${call.path.slice(0, call.resource === 'key' ? 2 : 3).join('/')}`
    const deadline = AbortSignal.timeout(timeoutMs)
    let response: Response
    let text: string | null
    let requestId: string | undefined
    try {
      response = await fetch(this.#address(call), {
        method: call.method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        redirect: 'manual', // the token goes to this address and no other
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      })
      requestId = response.headers.get('x-request-id')?.slice(0, 100)
      text = await readCapped(response)
    } catch (cause) {
      return { error: this.#silence(what, requestId, cause), retryAfterMs: null }
    }
    const { status } = response
    const date = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(date)) this.#clock.date = date
    const body = text === null ? TOO_LARGE : parse(text)
    const isRead = body !== NOT_JSON && body !== TOO_LARGE
    if (response.ok && isRead) {
      return { answer: { status, body, requestId, date: Number.isNaN(date) ? null : date } }
    }
    if (status >= 400) {
      const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), now())
      const error = refusalError({
        what,
        resource: call.resource,
        status,
        body: isRead ? body : undefined,
        requestId,
        retryAfterMs,
      })
      return { error, retryAfterMs }
    }
    const form = body === TOO_LARGE ? 'more than 1 MiB' : 'a page that is not JSON'
    return {
      error: badAnswer(what, response.ok ? form : `a redirect (${status})`, { status, requestId }),
      retryAfterMs: null,
    }
  }

  #address({ path, query }: ApiCall): string {
    const address = new URL(`${this.url}/${path.map(pathSegment).join('/')}`)
    for (const [name, value] of Object.entries(query ?? {})) address.searchParams.set(name, value)
    return address.href
  }

  #silence(what: string, requestId: string | undefined, cause: unknown): KinescopeError {
    if (cause instanceof KinescopeError) return cause
    const host = new URL(this.url).host
    if (this.#options.signal?.aborted) {
      return new KinescopeError(
        'api-gave-up',
        `${what} was given up: ${host} had not answered when the time for all of it was over`,
        'Run the command again: it finds out what was done.',
        { requestId, cause },
      )
    }
    if (cause instanceof Error && cause.name === 'TimeoutError') {
      return new KinescopeError(
        'api-timeout',
        `${what} got no answer from ${host} within ${this.#options.timeoutMs / 1000} s`,
        'Run the command again: it finds out what was done. If it stays, look at status and network.',
        { requestId, cause },
      )
    }
    const inner = (cause as { cause?: { code?: unknown; message?: unknown } } | null)?.cause
    const reason = typeof inner?.code === 'string' ? inner.code : 'the connection broke'
    return new KinescopeError(
      'api-unreachable',
      `${what} failed: ${host} can’t be reached (${reason})`,
      'Check the network, a proxy or firewall between, and KINESCOPE_API_URL; then run the command again.',
      { requestId, cause },
    )
  }
}

/** An answer that is none of the known forms: never to be taken for "nothing there". */
export const badAnswer = (
  what: string,
  form: string,
  facts: { status?: number; requestId?: string | undefined } = {},
): KinescopeError =>
  new KinescopeError(
    'api-bad-answer',
    `${what} was answered with ${form}`,
    'Check KINESCOPE_API_URL and what stands between (proxy, sign-in page). If the address is right, the API has changed: report it with the request id.',
    facts,
  )

function mayRepeat({ method }: ApiCall, { code }: KinescopeError): boolean {
  if (code === 'api-rate-limited') return true
  return method !== 'POST' && ['api-unreachable', 'api-timeout', 'api-unavailable'].includes(code)
}

/** An id as one segment of a path. `..` would address the parent: deleting that could delete everything. */
export function pathSegment(id: string): string {
  let decoded = id
  try {
    decoded = decodeURIComponent(id)
  } catch {
    // a stray % is encoded below
  }
  if (['', '.', '..'].includes(decoded.trim())) {
    throw new KinescopeError('api-id-malformed', `"${id}" can’t be an id`, 'Give the id as `list` shows it.')
  }
  return encodeURIComponent(id)
}

/** The body as text; null where it is too large, and the rest of it is not read. */
async function readCapped(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = Number(response.headers.get('content-length') ?? 0)
  if (bytes > MOST_BYTES) {
    await response.body?.cancel()
    return null
  }
  bytes = 0
  // leaving the loop cancels the stream
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const NOT_JSON = Symbol('not JSON')
const TOO_LARGE = Symbol('too large')

function parse(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return NOT_JSON
  }
}
