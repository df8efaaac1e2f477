import { ChatFailure, chatFailure } from '../problem.js'
import { readAnswer, type HttpAnswer, type TokenAnswer } from './answer.js'
import { isOnline, ofDocument, ownOrigin } from '../platform.js'

/** No answer of a token endpoint is longer; what is, isn't read to its end. */
const LONGEST_BODY = 65_536
/** The time for the question why there was no answer. */
const WHY_TIMEOUT_MS = 5_000

/** Where browsers take `http:` for safe. */
const LOOPBACK = /^(?:localhost|127\.[\d.]+|\[::1\])$/

export interface EndpointQuestion {
  eventId: string
  tokenUrl: string
  credentials: RequestCredentials
  identity: string | undefined
}

/** Asks a token endpoint over HTTP. Follows no redirect, and reads no more than an answer of ours can be long. */
export async function askEndpoint(question: EndpointQuestion, signal: AbortSignal): Promise<TokenAnswer> {
  const { eventId, tokenUrl, credentials, identity } = question
  const policy = watchPolicy(tokenUrl)
  const asked = exchange(tokenUrl, {
    method: 'POST',
    credentials,
    signal,
    headers: {
      'Content-Type': 'application/json',
      ...(identity ? { Authorization: `Bearer ${identity}` } : {}),
    },
    body: JSON.stringify({ event_id: eventId }),
  })
  try {
    return readAnswer(await asked)
  } catch (error) {
    if (error instanceof ChatFailure) throw error
    // the browser says in a task of its own that it was the policy
    await nextTask()
    signal.throwIfAborted()
    throw policy.forbids ? chatFailure('endpoint-unreachable', { reason: policy.forbids }) : error
  } finally {
    policy.stop()
  }
}

/**
 * Why was there no answer to read? A page of an origin that isn't listed gets none it can read, but for this: a GET without
 * credentials, which says nothing about the visitor and so decides nothing for them. Once per failure.
 * @returns what the address says of this page, or nothing
 */
export async function askWhy(tokenUrl: string, signal: AbortSignal): Promise<ChatFailure | undefined> {
  const { origin } = new URL(tokenUrl)
  const own = ownOrigin()
  if (origin === own || !isOnline()) return undefined
  const controller = new AbortController()
  const stop = () => controller.abort()
  signal.addEventListener('abort', stop)
  const timer = setTimeout(stop, WHY_TIMEOUT_MS)
  try {
    readAnswer(await exchange(tokenUrl, { credentials: 'omit', signal: controller.signal }))
  } catch (error) {
    if (error instanceof ChatFailure && error.code === 'origin-not-allowed') {
      const { status, requestId } = error
      const reason = `The token server at ${origin} does not list ${own}`
      return chatFailure('origin-not-allowed', {
        status,
        requestId,
        reason,
        retryPolicy: 'retry-while-valid',
      })
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
  return undefined
}

/** A timer would do, but for pages that slow those of hidden tabs down. */
const nextTask = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = resolve
    port2.postMessage(null)
  })

async function exchange(url: string, init: RequestInit): Promise<HttpAnswer> {
  const response = await fetch(url, { cache: 'no-store', redirect: 'manual', ...init })
  const { type, status, headers } = response
  return { type, status, headers, body: await readBody(response) }
}

async function readBody(response: Response): Promise<string | undefined> {
  const { body } = response
  // what a page has put in the place of `fetch` may know no streams
  if (!body || !('getReader' in body)) {
    const text = await response.text()
    return text.length > LONGEST_BODY ? undefined : text
  }
  const reader = body.getReader()
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

/** Notes whether the page's own policy forbids this address: the browser says so, though not in what `fetch` throws. */
function watchPolicy(tokenUrl: string) {
  const { origin, protocol, hostname } = new URL(tokenUrl)
  const watch = {
    forbids: undefined as string | undefined,
    stop: () => ofDocument('removeEventListener')('securitypolicyviolation', see),
  }
  const see = ({ effectiveDirective, blockedURI, disposition }: SecurityPolicyViolationEvent) => {
    if (disposition === 'enforce' && effectiveDirective === 'connect-src' && blockedURI.startsWith(origin))
      watch.forbids = `The Content-Security-Policy of this page lacks the token server; add: connect-src ${origin}`
  }
  if (location.protocol === 'https:' && protocol === 'http:' && !LOOPBACK.test(hostname))
    watch.forbids = 'token-url is http:, and browsers keep an https: page from asking there'
  ofDocument('addEventListener')('securitypolicyviolation', see)
  return watch
}
