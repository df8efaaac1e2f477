import { steadyNow } from '../clock.js'
import { isLoopback, onViolation, own, ownOrigin, tryOrUndefined } from '../platform.js'
import { ChatFailure, type Failure } from '../problems.js'
import { readHeaderValue, type Settings, type TokenReason } from '../settings.js'
import { quote } from '../text.js'
import { readAnswer, readFailure, readReply, type HttpAnswer, type TokenAnswer } from './answer.js'

const ANSWER_TIMEOUT_MS = 10_000
const WHY_TIMEOUT_MS = 5_000
/** No response of a token endpoint is longer. */
const LONGEST_BODY = 65_536

/** Two requests with the same values here are the same request. */
const SAME = ['eventId', 'tokenUrl', 'simple', 'credentials', 'identity', 'fetchToken'] as const
type RequestSettings = Pick<Settings, (typeof SAME)[number]>

interface SharedRequest {
  settings: RequestSettings
  waiting: number
  controller: AbortController
  answer: Promise<TokenAnswer>
}
const pending = new Set<SharedRequest>()

/** Shares the pending requests no more: the visitor may have signed out since they were sent. */
export const forgetRequests = (): void => pending.clear()

/**
 * Requests a token. Elements that make the same request at the same time share it; the last one that leaves aborts it.
 * @throws {ChatFailure}, or anything else once the signal is aborted
 */
export function askForToken(
  settings: RequestSettings,
  reason: TokenReason,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  let request = [...pending].find((other) => SAME.every((key) => other.settings[key] === settings[key]))
  if (!request) {
    const controller = new AbortController()
    request = { settings, waiting: 0, controller, answer: ask(settings, reason, controller) }
    pending.add(request)
  }
  const shared = request
  const settled = () => pending.delete(shared)
  shared.waiting++
  shared.answer.then(settled, settled)
  signal.addEventListener('abort', () => {
    if (--shared.waiting) return
    settled()
    shared.controller.abort()
  })
  return shared.answer
}

async function ask(
  settings: RequestSettings,
  reason: TokenReason,
  controller: AbortController,
): Promise<TokenAnswer> {
  const { signal } = controller
  const begun = steadyNow()
  const timeout = new ChatFailure({ code: 'endpoint-timeout' })
  const timer = setTimeout(() => controller.abort(timeout), ANSWER_TIMEOUT_MS)
  // the page's own functions may ignore the signal
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  )
  try {
    const answer = await Promise.race([askSource(settings, reason, signal), aborted])
    // a machine that slept meanwhile doesn't know the token's age
    if (steadyNow() - begun <= ANSWER_TIMEOUT_MS) return answer
    throw new ChatFailure({ code: 'token-expired', reason: 'The device slept during the request' })
  } finally {
    clearTimeout(timer)
  }
}

/** Calls `fetchToken`, or sends the request to the endpoint. */
async function askSource(
  settings: RequestSettings,
  reason: TokenReason,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const { eventId, fetchToken, identity } = settings
  if (!fetchToken) {
    const value = typeof identity === 'function' ? await runPageCode('identity', identity) : identity
    signal.throwIfAborted()
    return askEndpoint(settings, readHeaderValue(value), signal)
  }
  return runPageCode('fetchToken', async () => {
    const value: unknown = await fetchToken({ eventId, reason, signal })
    const answer = readReply(value)
    if (answer) return answer
    const given = Object(value) === value ? 'an object without a token' : quote(typeof value)
    throw new ChatFailure({ code: 'endpoint-bad-reply', reason: `fetchToken gave ${given}` })
  })
}

/** Runs a function of the page. Its error's message may hold anything, so only the name is shown. */
async function runPageCode<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const kind = tryOrUndefined(() => (error instanceof Error ? error.name : typeof error))
    throw new ChatFailure({ reason: `${name} rejected with ${quote(kind)}`, ...readFailure(error) })
  }
}

/** Requests a token over HTTP. */
async function askEndpoint(
  { eventId: event_id, tokenUrl = '', ...settings }: RequestSettings,
  identity: string | undefined,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const { origin, protocol, hostname } = new URL(tokenUrl)
  const watch = new AbortController()
  let forbidden: string | undefined
  if (location.protocol === 'https:' && protocol === 'http:' && !isLoopback(hostname))
    forbidden = 'token-url is http:, and browsers keep an https: page from requesting it'
  onViolation(document, /^connect-src/, tokenUrl, watch.signal, () => {
    forbidden = `The Content-Security-Policy of this page lacks the token server; add: connect-src ${origin}`
  })
  try {
    return readAnswer(await post(tokenUrl, settings, { event_id }, identity, signal))
  } catch (error) {
    if (error instanceof ChatFailure) throw error
    // browsers report the violation in a task of its own
    await new Promise((resolve) => setTimeout(resolve))
    signal.throwIfAborted()
    // the error of a page's own fetch isn't the endpoint's response, whatever status it has
    const failure = readFailure(undefined)
    const answered = forbidden || failure.code === 'offline' ? undefined : await askWhy(tokenUrl, signal)
    throw new ChatFailure(answered ?? { ...failure, reason: forbidden ?? nameWrapper(error) })
  } finally {
    watch.abort()
  }
}

/**
 * Enters a guest's name at the token server, beside the token endpoint.
 * @returns the guest's identity token
 */
export async function enterGuest(settings: RequestSettings, name: string): Promise<string> {
  const url = new URL('guest', settings.tokenUrl).href
  const answer = await post(url, settings, { name }, undefined, AbortSignal.timeout(ANSWER_TIMEOUT_MS))
  const identity = own(
    tryOrUndefined(() => JSON.parse(answer.body ?? '') as unknown),
    'identity',
  )
  if (answer.status === 200 && typeof identity === 'string') return identity
  readAnswer(answer)
  throw new ChatFailure({ code: 'endpoint-bad-reply' })
}

/**
 * Posts JSON. To our own server on another origin the request is a simple one (Fetch, "CORS-safelisted request-header"),
 * which needs no preflight.
 */
const post = (
  url: string,
  { credentials, simple }: Pick<Settings, 'credentials' | 'simple'>,
  body: object,
  identity: string | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> =>
  exchange(url, {
    method: 'POST',
    credentials,
    signal,
    headers: simple
      ? {}
      : { 'Content-Type': 'application/json', ...(identity && { Authorization: `Bearer ${identity}` }) },
    // a string's own type is text/plain;charset=UTF-8
    body: JSON.stringify({ ...body, ...(simple && identity && { identity }) }),
  })

/**
 * Asks another origin for the cause by a GET without credentials, as its rejection of an unlisted page is unreadable.
 * @returns what the server says of this page, or nothing
 */
async function askWhy(tokenUrl: string, signal: AbortSignal): Promise<Failure | undefined> {
  const { origin } = new URL(tokenUrl)
  const page = ownOrigin()
  if (origin === page) return undefined
  const controller = new AbortController()
  const stop = () => controller.abort()
  signal.addEventListener('abort', stop)
  setTimeout(stop, WHY_TIMEOUT_MS)
  try {
    readAnswer(await exchange(tokenUrl, { credentials: 'omit', signal: controller.signal }))
  } catch (error) {
    const failure = readFailure(error)
    if (failure.code === 'origin-not-allowed') {
      const reason = `The token server at ${origin} does not list ${page}`
      return { ...failure, reason, retryPolicy: 'retry-while-valid' }
    }
  }
  return undefined
}

/** How the errors of the browsers' own `fetch` begin. Wrappers of it (monitoring) pass them on. */
const FETCH_ERRORS = /^(?:failed to fetch|network ?error|load failed|the network connection|error in)/i
/** The source of the browser's own `fetch`. Those of a bound function and of a proxy have no name, or another one. */
const NATIVE = /^function fetch\(\W+native/

/** Names a page's own `fetch` as the cause of an error that no browser's has. */
const nameWrapper = (error: unknown): string | undefined =>
  FETCH_ERRORS.test(String(own(error, 'message'))) || NATIVE.test(String(window.fetch))
    ? undefined
    : 'Something on this page has replaced fetch: the request failed in it'

/** Follows no redirect. Needs no more of a page's own `fetch` than the body. */
async function exchange(url: string, init: RequestInit): Promise<HttpAnswer> {
  // a plain object: a page's own `fetch` may call `hasOwnProperty` of it
  const response = await request(url, { cache: 'no-store', redirect: 'manual', ...init })
  const { type, status, ok, headers } = Object(response) as Partial<Response>
  const body = await readBody(response)
  return {
    type,
    status: status ?? (ok === false ? 0 : 200),
    headers: typeof headers?.get === 'function' ? headers : new Headers(),
    body,
  }
}

/** Calls `fetch`. A page's own may reject with the response to a failed request, or with an error that has it. */
async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    const response = [error, own(error, 'response')].find((value) => own(value, 'headers'))
    if (response) return response as Response
    throw error
  }
}

/** Reads no more than a reply can have; undefined for more. A page's own `fetch` may know no streams, or give `json()` alone. */
async function readBody(response: Response): Promise<string | undefined> {
  try {
    if (response.bodyUsed || !response.body?.getReader) return cut(await response.text())
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text
      text += decoder.decode(value, { stream: true })
      if (text.length > LONGEST_BODY) return void reader.cancel().catch(() => {})
    }
  } catch (error) {
    try {
      return cut(JSON.stringify(await response.json()))
    } catch {
      throw error
    }
  }
}

const cut = (text: string): string | undefined => (text.length > LONGEST_BODY ? undefined : text)
