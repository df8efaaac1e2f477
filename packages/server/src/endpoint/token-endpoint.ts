import type { Code, TokenReply } from 'kinescope-chat/contract'
import type { ChatUser, IdentitySource } from '../identity/identity.js'
import { mintToken } from '../token/mint-token.js'
import { OperatorProblem } from '../problem.js'
import type { KeySource } from '../token/signing-key.js'
import { eventLookup, type AllowedEvent, type AllowedEvents } from './event-list.js'
import { corsHeaders, judgeOrigin, preflightHeaders } from './origin-policy.js'
import { Refusal } from './refusal.js'
import { SigningQueue } from './signing-queue.js'
import {
  ALWAYS_HEADERS,
  type AuthorizeQuestion,
  type RateLimit,
  type RegistrationView,
  type TokenAnswer,
  type TokenCall,
  type TokenOutcome,
} from './token-call.js'
import { checkContentType, readEventId } from './token-request.js'

export interface TokenEndpointOptions<R> {
  identify: IdentitySource<R>
  /** Whether this visitor may enter this chat; by default everyone the site knows may. */
  authorize?: ((question: AuthorizeQuestion<R>) => boolean | Promise<boolean>) | undefined
  /** Exact origins of pages on other hosts. Pages of the server's own origin need no entry. */
  allowedOrigins?: readonly string[] | undefined
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
  onOutcome?: ((outcome: TokenOutcome) => void) | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  /** At least 0, less than 1. */
  random?: (() => number) | undefined
}

/** The token endpoint itself: from the facts of a request to an answer. */
export interface TokenEndpoint<R> {
  /** Never rejects. */
  answer(call: TokenCall<R>): Promise<TokenAnswer>
  /** The answer for an error that ended the request outside of the endpoint, in a server's own hook or parser. */
  refuse(call: TokenCall<R>, error: unknown): TokenAnswer
}

/** Puts the checks, the identity and the keys together, in the order that costs a bad request the least. */
export function createTokenEndpoint<R>(options: TokenEndpointOptions<R>): TokenEndpoint<R> {
  const { identify, authorize, keys, tokenTtl, notBefore = false, pseudonym, limits, registration } = options
  const { now = Date.now, random = Math.random, onOutcome } = options
  const queue = options.queue ?? new SigningQueue(() => performance.now())
  const allowedOrigins = new Set(options.allowedOrigins)
  const findEvent = eventLookup(options.events)

  async function mint(call: TokenCall<R>): Promise<{ reply: TokenReply; setCookie: string | undefined }> {
    const address = call.address
    if (address !== null) await spend(limits?.address, address, 'address')
    const eventId = readEventId(await call.readBody())
    const { user, setCookie } = await whoIs(call, eventId)
    await spend(limits?.visitor, user.id, 'visitor')
    const event = findEvent(eventId)
    if (!event) throw new Refusal('event-not-allowed', { reason: 'not-listed' })
    if (authorize && !(await authorize({ user, eventId, request: call.request }))) {
      throw new Refusal('access-denied', { reason: 'authorize' })
    }
    const warning = checkEvent(event)
    return { reply: await sign(call, user, event, warning), setCookie }
  }

  async function spend(limit: RateLimit | undefined, key: string, reason: string): Promise<void> {
    const retryAfter = (await limit?.spend(key)) ?? 0
    if (retryAfter > 0) throw new Refusal('rate-limited', { reason, retryAfter })
  }

  async function whoIs(call: TokenCall<R>, eventId: string): Promise<{ user: ChatUser; setCookie?: string }> {
    const answer = await identify(call, eventId)
    if ('refused' in answer) {
      const { refused, reason, detail } = answer
      throw new Refusal(refused, {
        reason,
        ...(detail === undefined ? {} : { detail }),
        // RFC 9110, section 15.5.2: a 401 names a scheme; no browser shows a box for this one
        ...(refused === 'sign-in-required' ? { headers: { 'WWW-Authenticate': 'Bearer' } } : {}),
        cause: answer.cause,
      })
    }
    return answer
  }

  function checkEvent(event: AllowedEvent): Code | null {
    const state = registration?.eventState(event.id) ?? null
    if (state === 'missing') throw new Refusal('event-not-found', { reason: 'watch' })
    return state
  }

  async function sign(
    call: TokenCall<R>,
    user: ChatUser,
    event: AllowedEvent,
    warning: Code | null,
  ): Promise<TokenReply> {
    if (queue.full)
      throw new Refusal('overloaded', { reason: 'queue', retryAfter: 1 + Math.floor(random() * 5) })
    const choice = keys.current(now())
    if ('problem' in choice) throw new Refusal(choice.problem, { reason: 'key-source' })
    const { kid } = choice.key
    const problem = registration?.keyProblem(kid) ?? null
    if (problem) throw new Refusal(problem, { reason: 'watch' })

    const userId = (await pseudonym?.(user.id)) ?? user.id
    const claimId = event.claimId ?? event.id
    // the end Kinescope names counts too: CHAT_PRIVATE_KEY brings none along
    const ends = [choice.key.expiresAt, registration?.keyExpiresAt(kid) ?? null].filter((end) => end !== null)
    const key = { ...choice.key, expiresAt: ends.length > 0 ? Math.min(...ends) : null }
    const asked = { key, userId, username: user.name, eventId: claimId, ttl: tokenTtl, notBefore, now: now() }
    const started = performance.now()
    const { token, expiresIn } = await queue
      .run(() => mintToken(asked))
      .catch((cause: unknown) => {
        if (!(cause instanceof OperatorProblem)) throw cause
        throw new Refusal('key-unavailable', { reason: 'signer', cause })
      })
    if (expiresIn < 1) throw new Refusal('key-expired', { reason: 'lifetime' })
    const signMs = performance.now() - started
    onOutcome?.({ kind: 'minted', requestId: call.requestId, eventId: event.id, kid, signMs })
    return {
      token,
      expires_in: expiresIn,
      refresh_in: refreshIn(expiresIn, random()),
      ...(event.chatId === undefined ? {} : { chat_id: event.chatId }),
      ...(event.claimId === undefined ? {} : { event_id: event.claimId }),
      ...(warning ? { warning } : {}),
    }
  }

  function judge(call: TokenCall<R>) {
    const verdict = judgeOrigin(
      { origin: call.header('origin'), fetchSite: call.header('sec-fetch-site'), ownOrigin: call.ownOrigin },
      allowedOrigins,
    )
    return {
      verdict,
      headers: { ...ALWAYS_HEADERS, 'X-Request-ID': call.requestId, ...corsHeaders(verdict.readable) },
    }
  }

  function refuse(call: TokenCall<R>, error: unknown): TokenAnswer {
    const { requestId } = call
    const refusal =
      error instanceof Refusal ? error : new Refusal('server-error', { reason: 'unexpected', cause: error })
    const { code, status, reason, cause } = refusal
    onOutcome?.({ kind: 'refused', requestId, code, status, reason, cause })
    return {
      status,
      headers: { ...judge(call).headers, 'Content-Type': 'application/problem+json', ...refusal.headers },
      body: JSON.stringify(refusal.problem(requestId)),
    }
  }

  async function answer(call: TokenCall<R>): Promise<TokenAnswer> {
    const { method, requestId } = call
    const { verdict, headers } = judge(call)
    if (method !== 'POST' && method !== 'OPTIONS') {
      throw new Refusal('bad-request', { reason: 'method', status: 405, headers: { Allow: 'POST, OPTIONS' } })
    }
    if (method === 'POST') checkContentType(call.header('content-type'), call.header('content-encoding'))
    // without an Origin this is no preflight, but somebody who wants to know what is allowed
    const asksOnly = method === 'OPTIONS' && call.header('origin') === null
    if (!verdict.allowed && !asksOnly) throw new Refusal('origin-not-allowed', { reason: verdict.reason })
    if (method === 'OPTIONS') {
      onOutcome?.({ kind: 'preflight', requestId })
      return {
        status: 204,
        headers: { ...headers, Allow: 'POST, OPTIONS', ...preflightHeaders(verdict.readable) },
        body: '',
      }
    }
    const { reply, setCookie } = await mint(call)
    return {
      status: 200,
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        ...(setCookie ? { 'Set-Cookie': setCookie } : {}),
      },
      body: JSON.stringify(reply),
    }
  }

  return { refuse, answer: (call) => answer(call).catch((error: unknown) => refuse(call, error)) }
}

/**
 * Seconds until the element should ask again: anywhere from 60 to 90 % of the lifetime. Viewers who came together at
 * the start of a stream must not come back together (100,000 of them: 120 a second instead of 30,000).
 */
export function refreshIn(lifetime: number, random: number): number {
  return Math.max(1, Math.floor(lifetime * (0.6 + 0.3 * random)))
}
