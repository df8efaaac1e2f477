import type { IdentitySource } from '../identity/identity.js'
import type { KeySource } from '../token/signing-key.js'
import { DEADLINE_MS, Deadlines } from './deadline.js'
import { eventLookup, type AllowedEvents } from './event-list.js'
import { tokenIssuer } from './issue-token.js'
import {
  judgeOrigin,
  letAnyoneRead,
  letPageRead,
  preflightHeaders,
  type OriginVerdict,
} from './origin-policy.js'
import { shown } from './outside-text.js'
import { Refusal } from './refusal.js'
import { todoFor } from './refusal-todo.js'
import { SigningQueue } from './signing-queue.js'
import {
  alwaysHeaders,
  type AuthorizeQuestion,
  type IssuedToken,
  type RateLimit,
  type RegistrationView,
  type TokenAnswer,
  type TokenCall,
  type TokenOutcome,
} from './token-call.js'
import { checkContentType } from './token-request.js'
import type { Turns } from './turns.js'

export interface TokenEndpointOptions<R> {
  identify: IdentitySource<R>
  /** Whether this visitor may enter this chat; by default everyone the site knows may. */
  authorize?: ((question: AuthorizeQuestion<R>) => boolean | Promise<boolean>) | undefined
  /** Exact origins of pages on other hosts. Pages of the server's own origin need no entry. */
  allowedOrigins?: readonly string[] | undefined
  /** The server's own origin, whatever a request's headers say; by default what they say. */
  ownOrigin?: string | undefined
  events: AllowedEvents
  keys: KeySource
  /** Seconds. */
  tokenTtl: number
  notBefore?: boolean | undefined
  /** Makes the `user_id` that leaves out of the site's. */
  pseudonym?: ((userId: string) => Promise<string>) | undefined
  limits?: { address?: RateLimit | undefined; visitor?: RateLimit | undefined } | undefined
  registration?: RegistrationView | undefined
  queue?: SigningQueue | undefined
  /** How many requests begin in one turn of Node's loop; elsewhere the platform sees to that. */
  turns?: Turns | undefined
  /** Milliseconds a request may take in all. */
  deadlineMs?: number | undefined
  /** Neither this nor `onToken` is waited for; what they throw or reject with is dropped. */
  onOutcome?: ((outcome: TokenOutcome) => void) | undefined
  /** Called once for each token, after it is signed. */
  onToken?: ((issued: IssuedToken) => void) | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  /** At least 0, less than 1. */
  random?: (() => number) | undefined
}

/** The token endpoint itself: from the facts of a request to an answer. */
export interface TokenEndpoint<R> {
  /** Never rejects, and ends within its deadline. */
  answer(call: TokenCall<R>): Promise<TokenAnswer>
  /** The answer for an error that ended the request outside of the endpoint, in a server's own hook or parser. */
  refuse(call: TokenCall<R>, error: unknown): TokenAnswer
  /** Ends what is under way with a 503, and whatever still comes: the last moment of a shutdown. */
  close(): void
}

const METHODS = 'POST, OPTIONS'

/** Puts the checks, the identity and the keys together. */
export function createTokenEndpoint<R>(options: TokenEndpointOptions<R>): TokenEndpoint<R> {
  const { notBefore = false, now = Date.now, random = Math.random } = options
  const { queue = new SigningQueue(() => performance.now()), deadlineMs = DEADLINE_MS, turns } = options
  const onOutcome = listener(options.onOutcome)
  const allowedOrigins = new Set(options.allowedOrigins)
  const deadlines = new Deadlines(deadlineMs)
  const issue = tokenIssuer<R>({
    ...options,
    findEvent: eventLookup(options.events),
    notBefore,
    queue,
    open: () => deadlines.size,
    waiting: () => turns?.waiting ?? 0,
    onOutcome,
    onToken: listener(options.onToken),
    now,
    random,
  })

  function judge(call: TokenCall<R>): OriginVerdict {
    const { ownOrigin = call.ownOrigin } = options
    const page = { origin: call.header('origin'), fetchSite: call.header('sec-fetch-site'), ownOrigin }
    return judgeOrigin(page, allowedOrigins)
  }

  /** A GET tells no secret, so that anybody may read why a page gets no token. */
  function headersFor(call: TokenCall<R>, verdict: OriginVerdict): Record<string, string> {
    const headers = alwaysHeaders(call.requestId)
    if (call.method === 'GET' || call.method === 'HEAD') letAnyoneRead(headers)
    else letPageRead(headers, verdict.readable)
    return headers
  }

  function refuse(call: TokenCall<R>, error: unknown): TokenAnswer {
    const { requestId } = call
    const refusal =
      error instanceof Refusal ? error : new Refusal('server-error', { reason: 'unexpected', cause: error })
    const { code, status, reason, cause } = refusal
    const [origin, address] = [call.header('origin'), call.address].map((text) => text && shown(text))
    onOutcome({
      kind: 'refused',
      requestId,
      code,
      status,
      reason,
      todo: todoFor(code, reason),
      origin: origin ?? null,
      address: address ?? null,
      cause,
    })
    const headers = headersFor(call, judge(call))
    headers['Content-Type'] = 'application/problem+json'
    // RFC 9110, section 15.5.2: a 401 names a scheme; no browser shows a box for this one
    if (status === 401) headers['WWW-Authenticate'] = 'Bearer'
    Object.assign(headers, refusal.headers)
    return { status, headers, body: JSON.stringify(refusal.problem(requestId)) }
  }

  async function answer(call: TokenCall<R>): Promise<TokenAnswer> {
    const waitedMs = turns ? await new Promise<number>((begin) => turns.enter(begin)) : 0
    const { method } = call
    const verdict = judge(call)
    const origin = call.header('origin')
    if (!verdict.allowed && mustBeAllowed(method, origin)) {
      throw new Refusal('origin-not-allowed', { reason: verdict.reason })
    }
    if (method === 'OPTIONS') {
      onOutcome({ kind: 'preflight', requestId: call.requestId })
      const asked = call.header('access-control-request-headers')
      const headers = headersFor(call, verdict)
      headers['Allow'] = METHODS
      Object.assign(headers, preflightHeaders(verdict.readable, asked))
      return { status: 204, headers, body: '' }
    }
    if (method !== 'POST') {
      throw new Refusal('bad-request', { reason: 'method', status: 405, headers: { Allow: METHODS } })
    }
    checkContentType(call.header('content-type'), call.header('content-encoding'))
    const whenGone = call.whenGone && ((listener: () => void) => call.whenGone?.(listener))
    const { reply, setCookie } = await deadlines.within(
      (deadline) => issue(call, deadline),
      whenGone,
      waitedMs,
    )
    const headers = headersFor(call, verdict)
    headers['Content-Type'] = 'application/json'
    if (setCookie) headers['Set-Cookie'] = setCookie
    return { status: 200, headers, body: JSON.stringify(reply) }
  }

  return {
    refuse,
    answer: (call) => answer(call).catch((error: unknown) => refuse(call, error)),
    close: () => deadlines.close(),
  }
}

/** Before anything else of a POST; of OPTIONS and GET only where a page is named, for the rest changes nothing. */
function mustBeAllowed(method: string, origin: string | null): boolean {
  if (method === 'POST') return true
  return origin !== null && ['OPTIONS', 'GET', 'HEAD'].includes(method)
}

/** A callback of the host as the endpoint calls it: it can neither throw nor be waited for. */
function listener<T>(callback: ((value: T) => unknown) | undefined): (value: T) => void {
  if (!callback) return () => undefined
  return (value) => {
    try {
      const answer = callback(value)
      // a rejection that nobody hears ends a Node process
      if (answer) void Promise.resolve(answer).catch(() => undefined)
    } catch {
      // the host's own fault, and none of the visitor's
    }
  }
}
