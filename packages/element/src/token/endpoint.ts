import type { GuestReply } from '../contract.js'
import { isOnline, ownOrigin, tryOrUndefined } from '../platform.js'
import { isLoopback, onViolation } from '../policy.js'
import { ChatFailure, chatFailure } from '../problem.js'
import type { Settings } from '../settings.js'
import { readAnswer, readFailure, type HttpAnswer, type TokenAnswer } from './answer.js'

/** No response of a token endpoint is longer. */
const LONGEST_BODY = 65_536
const WHY_TIMEOUT_MS = 5_000
const GUEST_TIMEOUT_MS = 10_000
const REPLACED = 'Something on this page has replaced fetch'

/** A request to the token endpoint. */
type EndpointRequest = Pick<Settings, 'eventId' | 'credentials' | 'simple'> & {
  tokenUrl: string
  identity: string | undefined
}

/**
 * Requests a token over HTTP. Follows no redirect. To our own server on another origin the request is a simple one
 * (Fetch, "CORS-safelisted request-header"), which needs no preflight.
 */
export async function askEndpoint(request: EndpointRequest, signal: AbortSignal): Promise<TokenAnswer> {
  const { eventId: event_id, tokenUrl, credentials, identity, simple } = request
  const { origin, protocol, hostname } = new URL(tokenUrl)
  const watch = new AbortController()
  let forbidden: string | undefined
  if (location.protocol === 'https:' && protocol === 'http:' && !isLoopback(hostname))
    forbidden = 'token-url is http:, and browsers keep an https: page from requesting it'
  onViolation(document, /^connect-src/, tokenUrl, watch.signal, () => {
    forbidden = `The Content-Security-Policy of this page lacks the token server; add: connect-src ${origin}`
  })
  try {
    return readAnswer(
      await exchange(tokenUrl, {
        method: 'POST',
        credentials,
        signal,
        headers: simple
          ? {}
          : { 'Content-Type': 'application/json', ...(identity && { Authorization: `Bearer ${identity}` }) },
        // a string's own type is text/plain;charset=UTF-8
        body: JSON.stringify({ event_id, ...(simple && identity && { identity }) }),
      }),
    )
  } catch (error) {
    if (error instanceof ChatFailure) throw error
    // browsers report the violation in a task of its own
    await new Promise((resolve) => setTimeout(resolve))
    signal.throwIfAborted()
    throw await explain(error, tokenUrl, forbidden, signal)
  } finally {
    watch.abort()
  }
}

/** Enters a guest's name at the token server, beside the token endpoint. */
export async function enterGuest(
  { tokenUrl, credentials, simple }: Pick<EndpointRequest, 'tokenUrl' | 'credentials' | 'simple'>,
  name: string,
): Promise<GuestReply> {
  const answer = await exchange(new URL('guest', tokenUrl).href, {
    method: 'POST',
    credentials,
    signal: AbortSignal.timeout(GUEST_TIMEOUT_MS),
    headers: simple ? {} : { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  const reply = tryOrUndefined(() => JSON.parse(answer.body ?? '') as Partial<GuestReply>)
  if (answer.status === 200 && typeof reply?.identity === 'string') return reply as GuestReply
  readAnswer(answer)
  throw chatFailure('endpoint-bad-reply')
}

/** Names the cause of a request without a response, as far as a page can find it out. */
async function explain(
  error: unknown,
  tokenUrl: string,
  forbidden: string | undefined,
  signal: AbortSignal,
): Promise<ChatFailure> {
  const failure = readFailure(error)
  if (failure.code !== 'endpoint-unreachable') return new ChatFailure(failure)
  if (forbidden) return new ChatFailure({ ...failure, reason: forbidden })
  const { message } = Object(error) as Partial<Error>
  const reason =
    !isNative(fetch) && !NETWORK_ERRORS.test(`${message}`)
      ? `${REPLACED}: the request failed in it`
      : undefined
  return (await askWhy(tokenUrl, signal)) ?? new ChatFailure({ ...failure, reason })
}

/** What browsers say of a network error. Wrappers of `fetch` (monitoring) pass it on. */
const NETWORK_ERRORS = /^(?:failed to fetch|networkerror|load failed|network error|the network connection)/i
const isNative = (fn: unknown): boolean =>
  typeof fn === 'function' && Function.prototype.toString.call(fn).includes('[native code]')

/**
 * Asks another origin for the cause by a GET without credentials, as its rejection of an unlisted page is unreadable.
 * @returns what the server says of this page, or nothing
 */
async function askWhy(tokenUrl: string, signal: AbortSignal): Promise<ChatFailure | undefined> {
  const { origin } = new URL(tokenUrl)
  const own = ownOrigin()
  if (origin === own || !isOnline()) return undefined
  const controller = new AbortController()
  const stop = () => controller.abort()
  signal.addEventListener('abort', stop)
  setTimeout(stop, WHY_TIMEOUT_MS)
  try {
    readAnswer(await exchange(tokenUrl, { credentials: 'omit', signal: controller.signal }))
  } catch (error) {
    if (error instanceof ChatFailure && error.failure.code === 'origin-not-allowed') {
      const reason = `The token server at ${origin} does not list ${own}`
      return new ChatFailure({ ...error.failure, reason, retryPolicy: 'retry-while-valid' })
    }
  }
  return undefined
}

async function exchange(url: string, init: RequestInit): Promise<HttpAnswer> {
  const response = await fetch(url, { cache: 'no-store', redirect: 'manual', ...init })
  const { type, status, headers } = Object(response) as Partial<Response>
  return {
    type,
    status: Number(status),
    headers: typeof headers?.get === 'function' ? headers : new Headers(),
    body: await readBody(response),
  }
}

/** Reads a body up to the longest of an endpoint. A page's own `fetch` may know no streams, or give `json()` alone. */
async function readBody(response: Response): Promise<string | undefined> {
  const { body, bodyUsed } = response
  if (!bodyUsed && body && 'getReader' in body) return readStream(body.getReader())
  let text: string
  try {
    try {
      text = await response.text()
    } catch {
      text = JSON.stringify(await response.json())
    }
  } catch {
    throw chatFailure('endpoint-unreachable', { reason: `${REPLACED}: its response can’t be read` })
  }
  return text.length > LONGEST_BODY ? undefined : text
}

async function readStream(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    length += value.byteLength
    if (length > LONGEST_BODY) return void reader.cancel().catch(() => {})
    text += decoder.decode(value, { stream: true })
  }
}
