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

/** Talks to Kinescope's API: timeouts, safe retries, and errors that say what to do. */
export class KinescopeApi {
  readonly url: string
  readonly #options: Required<Omit<KinescopeApiOptions, 'url'>>

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
      await this.#options.wait(delay)
    }
  }

  async #attempt(
    call: ApiCall,
  ): Promise<{ answer: ApiAnswer } | { error: KinescopeError; retryAfterMs: number | null }> {
    const { fetch, timeoutMs, token, now } = this.#options
    const what = `${call.method} /${call.path.slice(0, call.resource === 'key' ? 2 : 3).join('/')}`
    let response: Response
    let text: string
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
        signal: AbortSignal.timeout(timeoutMs),
      })
      requestId = response.headers.get('x-request-id') ?? undefined
      text = await response.text()
    } catch (cause) {
      return { error: this.#silence(what, requestId, cause), retryAfterMs: null }
    }
    const { status } = response
    const body = parse(text)
    if (response.ok && body !== NOT_JSON) {
      const date = Date.parse(response.headers.get('date') ?? '')
      return { answer: { status, body, requestId, date: Number.isNaN(date) ? null : date } }
    }
    if (status >= 400) {
      const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), now())
      const error = refusalError({
        what,
        resource: call.resource,
        status,
        body: body === NOT_JSON ? undefined : body,
        requestId,
        retryAfterMs,
      })
      return { error, retryAfterMs }
    }
    return {
      error: badAnswer(what, response.ok ? 'a page that is not JSON' : `a redirect (${status})`, {
        status,
        requestId,
      }),
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

const NOT_JSON = Symbol('not JSON')

function parse(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return NOT_JSON
  }
}
