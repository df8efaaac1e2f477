import pRetry from 'p-retry'
import { connectionFault, decodeUtf8, parseJson, readCappedResponse, startDeadline } from '../net/limits.js'
import { badResponse, KinescopeError, responseError } from './kinescope-error.js'

export interface KinescopeApiOptions {
  /** `https://api.kinescope.io` */
  url: string
  /** A UUID from the dashboard, Settings → API tokens. */
  token: string
  fetch?: typeof fetch
  /** For one attempt, headers and body; 10 s by default. */
  timeoutMs?: number
  /** Waits between attempts; replaced in tests. */
  wait?: (ms: number) => Promise<void>
  /** 0 to 1 */
  random?: () => number
  /** ms since the epoch */
  now?: () => number
  /** Ends every call: a shutdown, the deadline of a command. */
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
  /** The parsed JSON, without the API token; undefined for an empty body. */
  body: unknown
  requestId: string | undefined
  /** The `Date` header in ms since the epoch, to compare clocks. */
  date: number | null
}

const RETRIES = 2
const FIRST_DELAY_MS = 400
/** A longer `Retry-After` is left to the operator. */
const MAX_DELAY_MS = 30_000
/** One page of a list has a hundredth of it. */
const MAX_BYTES = 1_048_576
/** More than any account has; beyond it, the paging is broken. */
const MAX_PAGES = 200
/** For a whole list. */
const MAX_LIST_MS = 60_000

type Row = Record<string, unknown>

/** Calls Kinescope's API with timeouts, safe retries, and errors that say what to do. */
export class KinescopeApi {
  readonly url: string
  readonly #options: Required<Omit<KinescopeApiOptions, 'url' | 'signal'>>
  readonly #signals: readonly AbortSignal[]
  readonly #withoutToken: <T>(value: T) => T
  /** Shared with the clients that `until` returns. */
  #clock: { date: number | null } = { date: null }

  constructor({ url, signal, ...options }: KinescopeApiOptions, signals: readonly AbortSignal[] = []) {
    this.url = url.replace(/(?<!\/)\/+$/, '')
    this.#signals = signal ? [...signals, signal] : signals
    this.#options = {
      fetch: (...call) => fetch(...call), // looked up at each call, so that tests can replace it
      timeoutMs: 10_000,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      random: Math.random,
      now: Date.now,
      ...options,
    }
    this.#withoutToken = secretRemover(options.token)
  }

  /** The `Date` of the last response, in ms since the epoch; null before the first. */
  get clock(): number | null {
    return this.#clock.date
  }

  /** The same client, whose calls also end with the signal. */
  until(signal: AbortSignal): KinescopeApi {
    const api = new KinescopeApi({ ...this.#options, url: this.url, signal }, this.#signals)
    api.#clock = this.#clock
    return api
  }

  /**
   * Makes a call. Retries GET, DELETE and the one-field PUT after a temporary failure, POST only after 429, which says
   * that nothing was done.
   *
   * @throws KinescopeError
   */
  call(call: ApiCall): Promise<ApiAnswer> {
    const { random } = this.#options
    return pRetry(() => this.#attempt(call), {
      retries: RETRIES,
      minTimeout: 0,
      maxTimeout: 0,
      shouldRetry: ({ error }) => error instanceof KinescopeError && mayRetry(call, error),
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
        if (!(error instanceof KinescopeError) || retriesLeft === 0 || !mayRetry(call, error)) return
        const backoff = FIRST_DELAY_MS * 2 ** (attemptNumber - 1) * (0.5 + random())
        await this.#wait(error.retryAfterMs ?? backoff, error)
      },
    })
  }

  /** @throws the error where a signal aborts the wait */
  async #wait(ms: number, error: KinescopeError): Promise<void> {
    const aborted = new AbortController()
    const onAbort = () => aborted.abort()
    for (const signal of this.#signals) signal.addEventListener('abort', onAbort, { once: true })
    const ended = new Promise<void>((resolve) => aborted.signal.addEventListener('abort', () => resolve()))
    await Promise.race([this.#options.wait(ms), ended])
    for (const signal of this.#signals) signal.removeEventListener('abort', onAbort)
    if (this.#isAborted()) throw error
  }

  #isAborted(): boolean {
    return this.#signals.some(({ aborted }) => aborted)
  }

  async #attempt(call: ApiCall): Promise<ApiAnswer> {
    const { fetch, timeoutMs, token, now } = this.#options
    const what = `${call.method} /${call.path.slice(0, call.resource === 'key' ? 2 : 3).join('/')}`
    const url = this.#urlOf(call)
    const deadline = startDeadline(timeoutMs, ...this.#signals)
    let requestId: string | undefined
    let response: Response
    let text: string | null
    try {
      response = await fetch(url, {
        method: call.method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        redirect: 'manual', // the token goes to this URL only
        signal: deadline.signal,
      })
      requestId = this.#withoutToken(response.headers.get('x-request-id'))?.slice(0, 100)
      const { bytes, truncated } = await readCappedResponse(response, MAX_BYTES, deadline.signal)
      text = truncated ? null : decodeUtf8(bytes)
    } catch (cause) {
      throw this.#connectionError(what, deadline.expired, requestId, cause)
    } finally {
      deadline.clear()
    }
    const { status } = response
    const date = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(date)) this.#clock.date = date
    const isEmpty = text !== null && text.trim() === ''
    const body = text === null || isEmpty ? undefined : this.#withoutToken(parseJson(text))
    if (status >= 400) {
      const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), now())
      throw responseError({ what, resource: call.resource, status, body, requestId, retryAfterMs })
    }
    if (response.ok && (isEmpty || body !== undefined)) {
      return { status, body, requestId, date: Number.isNaN(date) ? null : date }
    }
    const form = text === null ? 'more than 1 MiB or bytes that are not UTF-8' : 'a body that is not JSON'
    throw badResponse(what, response.ok ? form : `a redirect (${status})`, { status, requestId })
  }

  #urlOf({ path, query }: ApiCall): string {
    const url = new URL(`${this.url}/${path.map(pathSegment).join('/')}`)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    return url.href
  }

  #connectionError(
    what: string,
    timedOut: boolean,
    requestId: string | undefined,
    cause: unknown,
  ): KinescopeError {
    const { host } = new URL(this.url)
    if (timedOut) {
      return new KinescopeError(
        'api-timeout',
        `${what}: ${host} did not answer within ${this.#options.timeoutMs / 1000} s`,
        'Check Kinescope’s status and your network. Then run the command again; it continues safely.',
        { requestId, cause },
      )
    }
    if (this.#isAborted()) {
      return new KinescopeError(
        'api-gave-up',
        `${what}: ${host} did not answer before the deadline`,
        'Run the command again; it continues safely.',
        { requestId, cause },
      )
    }
    return new KinescopeError(
      'api-unreachable',
      `${what}: can’t connect to ${host} (${connectionFault(cause)})`,
      'Check the network, proxy, firewall and KINESCOPE_API_URL. Then run the command again.',
      { requestId, cause },
    )
  }
}

function mayRetry({ method }: ApiCall, { code, retryAfterMs }: KinescopeError): boolean {
  if ((retryAfterMs ?? 0) > MAX_DELAY_MS) return false
  if (code === 'api-rate-limited') return true
  return method !== 'POST' && ['api-unreachable', 'api-timeout', 'api-unavailable'].includes(code)
}

/** An id as one segment of a path. With `..`, a DELETE could reach the whole collection. */
export function pathSegment(id: string): string {
  let decoded = id
  try {
    decoded = decodeURIComponent(id)
  } catch {
    // a lone % is encoded below
  }
  if (['', '.', '..'].includes(decoded.trim())) {
    throw new KinescopeError('api-id-malformed', `"${id}" is not a valid id`, 'Copy the id from the list.')
  }
  return encodeURIComponent(id)
}

/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), in ms from now; null where it is missing. */
export function readRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

const MASK = '[hidden]'

/**
 * Returns a function that replaces a secret in every text and name of a JSON value. An API may quote the token it was
 * sent: in another case, without its dashes, in parts, percent-encoded or in base64.
 */
export function secretRemover(secret: string): <T>(value: T) => T {
  const characters = [...secret.replaceAll('-', '')]
  const plain = characters
    .map((character, at) => {
      // only where it can't match the character: the search would take time without bound
      const isSeparable = [characters[at - 1], character].every((side = '') => /^[0-9a-z]$/i.test(side))
      return (isSeparable ? '(?:%(?:25){0,8}2d|[^0-9a-z]{0,8})' : '-?') + percentEncoded(character)
    })
    .join('')
  const encoded = [secret, secret.toLowerCase(), secret.toUpperCase()].flatMap(inBase64)
  const pattern = new RegExp([plain, ...new Set(encoded)].join('|'), 'gi')
  const clean = (text: string): string => text.replace(pattern, MASK)
  const remove = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (Array.isArray(value)) return value.map(remove)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [clean(name), remove(part)]))
  }
  return (value) => (plain === '' ? value : (remove(value) as typeof value))
}

/** A pattern of a character as it is, and as a part of a URL. */
function percentEncoded(character: string): string {
  const codes = [character.toLowerCase(), character.toUpperCase()].map(encodeByte)
  return `(?:${character.replace(/[^\w]/, '\\$&')}|%(?:25){0,8}(?:${codes.join('|')}))`
}

const encodeByte = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0')

/** The characters that base64 has for a text, at each of the three places that it may have in a longer one. */
function inBase64(text: string): string[] {
  if (!/^[\x20-\x7e]{8,}$/.test(text)) return []
  return [0, 1, 2].map((before) => {
    const length = before + text.length
    const base64 = btoa(' '.repeat(before) + text)
    const own = base64.slice(Math.ceil((before * 8) / 6), Math.floor((length * 8) / 6))
    return own.replaceAll('+', '[+-]').replaceAll('/', '[/_]')
  })
}

/**
 * Reads a whole list in any documented form: `{"data":[…]}`, bare, `{"keys":[…]}`, paged by `meta.pagination` or by
 * `meta.offset`. Any other form is an error: taken for "no keys", it would make us register a key twice.
 *
 * @param isEnough ends the reading early
 */
export async function readList(
  api: KinescopeApi,
  call: ApiCall,
  query: Record<string, string> = {},
  isEnough: (row: Row) => boolean = () => false,
): Promise<Row[]> {
  const what = `${call.method} /${call.path.join('/')}`
  const deadline = startDeadline(MAX_LIST_MS)
  const bounded = api.until(deadline.signal)
  const rows = new Map<string, Row>()
  let paging: Record<string, string> = {}
  try {
    for (let page = 1; ; page += 1) {
      const answer = await bounded.call({ ...call, query: { ...query, ...paging } })
      const before = rows.size
      for (const row of rowsOf(answer, what)) {
        rows.set(row['id'] as string, row)
        if (isEnough(row)) return [...rows.values()]
      }
      const next = nextPage(answer.body, rows.size, page)
      if (!next) return [...rows.values()]
      if (rows.size === before) {
        throw badResponse(what, `fewer entries than its total says (${rows.size})`, answer)
      }
      if (page === MAX_PAGES) throw badResponse(what, `more than ${MAX_PAGES} pages`, answer)
      paging = next
    }
  } finally {
    deadline.clear()
  }
}

function rowsOf({ body, status, requestId }: ApiAnswer, what: string): Row[] {
  const { data, keys } = (body ?? {}) as Record<string, unknown>
  const list = [body, data, keys].find(Array.isArray) as unknown[] | undefined
  if (!list) throw badResponse(what, 'a list in an unknown form', { status, requestId })
  return list.map((row) => readObject(row, what, { status, requestId }))
}

function nextPage(body: unknown, received: number, page: number): Record<string, string> | null {
  const { meta } = (body ?? {}) as {
    meta?: { pagination?: { total?: unknown; per_page?: unknown }; total?: unknown }
  }
  const pagination = meta?.pagination
  const total = pagination?.total ?? meta?.total
  if (typeof total !== 'number' || total <= received) return null
  if (!pagination) return { offset: String(received) }
  const size = pagination.per_page
  return { page: String(page + 1), ...(typeof size === 'number' ? { per_page: String(size) } : {}) }
}

/** One object, bare or as `{"data":{…}}`, with an `id`. */
export function readOne({ body, status, requestId }: ApiAnswer, what: string): Row {
  const { data } = (body ?? {}) as Record<string, unknown>
  return readObject(data ?? body, what, { status, requestId })
}

function readObject(
  value: unknown,
  what: string,
  facts: { status: number; requestId: string | undefined },
): Row {
  const row = value as Row | null | undefined
  const id = row !== null && typeof row === 'object' ? row['id'] : undefined
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') {
    throw badResponse(what, 'an entry without an id', facts)
  }
  return { ...row, id: String(id) }
}
