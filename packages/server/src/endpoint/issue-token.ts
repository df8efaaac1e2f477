import type { Code, TokenReply } from 'kinescope-chat/contract'
import type { ChatUser, IdentityAnswer, IdentityCall, IdentitySource } from '../identity/identity.js'
import { OperatorProblem } from '../problem.js'
import { mintToken, type MintTokenInput } from '../token/mint-token.js'
import type { KeySource } from '../token/signing-key.js'
import { networkOf } from '../net/addresses.js'
import type { RequestDeadline, SigningQueue } from './admission.js'
import { ignoreResult } from '../guard-listener.js'
import type { RateLimit } from './rate-limit.js'
import { Refusal } from './refusal.js'
import { REHEARSAL_EVENT, REHEARSAL_HEADER, type RehearsalSecret } from './rehearsal.js'
import {
  readTokenRequest,
  withIdentity,
  type AllowedEvent,
  type AuthorizeQuestion,
  type IssuedToken,
  type TokenCall,
  type TokenOutcome,
} from './request.js'

/** The limit of requests in flight. Further ones would only use memory. */
const MAX_IN_FLIGHT = 8000
/** The longest `Retry-After` of a rate limit. */
const MAX_RETRY_AFTER_S = 3600
/** One limit for all values that aren't addresses: proxies write `unknown` or a name (RFC 7239, section 6). */
const UNKNOWN_NETWORK = 'unknown'

/** The known state at Kinescope. Everything is allowed while it is unknown. */
export interface RegistrationView {
  keyProblem(kid: string): 'key-not-registered' | 'key-expired' | null
  /** Milliseconds since the epoch after which Kinescope rejects the key; null if unknown. */
  keyExpiresAt(kid: string): number | null
  eventState(eventId: string): 'missing' | 'jwt-not-enabled' | null
}

export interface IssueOptions<R> {
  identify: IdentitySource<R>
  authorize: ((question: AuthorizeQuestion<R>) => boolean | Promise<boolean>) | undefined
  findEvent: (id: string) => AllowedEvent | null
  keys: KeySource
  tokenTtl: number
  notBefore: boolean
  pseudonym: ((userId: string) => Promise<string>) | null
  limits: { address: RateLimit | null; visitor: RateLimit | null }
  registration: RegistrationView | undefined
  queue: SigningQueue
  /** The share of visits that should send reports, 0 to 1, requested for each token. */
  reportRate: (() => number) | undefined
  rehearsal: RehearsalSecret | undefined
  /** The least remaining time for a request to the site. Milliseconds. */
  minIdentityMs: number
  /** Requests in flight. */
  inFlight: () => number
  /** Requests in the admission queue. */
  waiting: () => number
  onIdentified: ((ms: number) => void) | undefined
  onOutcome: (outcome: TokenOutcome) => void
  onToken: (issued: IssuedToken) => void
  now: () => number
  random: () => number
}

export interface Issued {
  reply: TokenReply
  setCookie: string | undefined
  /** Milliseconds by step, for the operator's own rehearsal; null for any other request. */
  stepMs?: RequestDeadline['stepMs']
}

/**
 * The steps from an allowed request to a token, with the cheapest rejection first: capacity, address, body, stream,
 * visitor, policy, signature. The first one that fails throws its rejection.
 */
export function tokenIssuer<R>(
  options: IssueOptions<R>,
): (call: TokenCall<R>, deadline: RequestDeadline) => Promise<Issued> {
  const { identify, authorize, findEvent, keys, pseudonym, limits, registration, queue, now, random } =
    options

  /** Runs before the server reads the body, so that rejections cost little under load. */
  function checkCapacity(): void {
    if (queue.hasRoom(options.waiting()) && options.inFlight() <= MAX_IN_FLIGHT) return
    throw new Refusal('overloaded', { reason: 'queue', retryAfter: queue.retryAfter() })
  }

  async function spend(limit: RateLimit, key: string, reason: string): Promise<void> {
    const retryAfter = await limit.spend(key)
    // a host's own limit may return any number, and the header takes whole seconds
    if (retryAfter > 0) {
      const whole = Math.min(Math.ceil(retryAfter), MAX_RETRY_AFTER_S)
      throw new Refusal('rate-limited', { reason, retryAfter: whole })
    }
  }

  function eventFor(eventId: string, isRehearsal: boolean): { event: AllowedEvent; warning: Code | null } {
    const event = isRehearsal ? rehearsalEvent(eventId) : findEvent(eventId)
    if (!event) throw new Refusal('event-not-allowed', { reason: 'not-listed' })
    const state = registration?.eventState(event.id) ?? null
    if (state === 'missing') throw new Refusal('event-not-found', { reason: 'watch' })
    return { event, warning: state }
  }

  /** The simulated address of a request in the operator's own rehearsal; null for any other. */
  function rehearsedAddress(call: TokenCall<R>): Promise<string | null> | null {
    const header = options.rehearsal && call.header(REHEARSAL_HEADER)
    return header ? options.rehearsal!.addressIn(header, now()) : null
  }

  async function identifyVisitor(
    call: IdentityCall<R>,
    eventId: string,
    deadline: RequestDeadline,
  ): Promise<{ user: ChatUser; setCookie?: string }> {
    // a request would only add to the load of a slow identity server
    if (deadline.remainingMs < options.minIdentityMs) {
      throw new Refusal('overloaded', { reason: 'no-time-left', retryAfter: queue.retryAfter() })
    }
    const started = performance.now()
    let answer: IdentityAnswer
    try {
      // a source in code may return its result without a promise, or throw
      answer = await identify(call, eventId, deadline)
    } finally {
      options.onIdentified?.(performance.now() - started)
    }
    if (!('refused' in answer)) return answer
    const { refused, reason, detail, retryAfter, cause } = answer
    throw new Refusal(refused, {
      reason,
      ...(detail === undefined ? {} : { detail }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      cause,
    })
  }

  /** The current signing key, and its expiry. Kinescope's expiry counts too: CHAT_PRIVATE_KEY has none. */
  function currentKey() {
    const choice = keys.current(now())
    if ('problem' in choice) throw new Refusal(choice.problem, { reason: 'key-source' })
    if (!('key' in choice)) ignoreResult(choice)
    const { kid } = choice.key
    const problem = registration?.keyProblem(kid) ?? null
    if (problem) throw new Refusal(problem, { reason: 'watch' })
    const end = registration?.keyExpiresAt(kid) ?? null
    const { expiresAt } = choice.key
    if (end === null || (expiresAt !== null && expiresAt <= end)) return choice.key
    return { ...choice.key, expiresAt: end }
  }

  async function sign(
    call: TokenCall<R>,
    user: ChatUser,
    event: AllowedEvent,
    deadline: RequestDeadline,
  ): Promise<TokenReply> {
    checkCapacity()
    const key = currentKey()
    const { kid } = key
    const userId = pseudonym ? await pseudonym(user.id) : user.id
    const eventId = event.claimId ?? event.id
    const time = now()
    const { tokenTtl: ttl, notBefore } = options
    const input: MintTokenInput = { key, userId, username: user.name, eventId, ttl, notBefore, now: time }
    // only on use: a signal for each token is expensive
    if ('sign' in key) input.signal = deadline.signal
    const mint = () => mintToken(input)
    const started = performance.now()
    const { token, expiresIn } = await queue.run(mint, deadline).catch(signerFailed)
    // the visitor won't get the token, so it isn't issued
    deadline.throwIfOver()
    if (expiresIn < 1) throw new Refusal('key-expired', { reason: 'lifetime' })
    const signMs = performance.now() - started
    const { requestId, address, traceparent } = call
    const minted = { kind: 'minted' as const, requestId, eventId: event.id, kid, signMs }
    options.onOutcome(traceparent === undefined ? minted : { ...minted, traceparent })
    options.onToken({
      time,
      requestId,
      kid,
      eventId,
      userId,
      exp: Math.floor(time / 1000) + expiresIn,
      address,
    })
    const reply: TokenReply = { token, expires_in: expiresIn, refresh_in: refreshIn(expiresIn, random()) }
    if (event.chatId !== undefined) reply.chat_id = event.chatId
    if (event.claimId !== undefined) reply.event_id = event.claimId
    const reportRate = options.reportRate?.() ?? 1
    if (reportRate < 1) reply.report_rate = reportRate
    return reply
  }

  return async (call, deadline) => {
    checkCapacity()
    const rehearsal = rehearsedAddress(call)
    const rehearsed = rehearsal && (await rehearsal)
    if (rehearsed !== null) deadline.measureSteps()
    const address = rehearsed ?? call.address
    if (limits.address && address !== null) {
      await spend(limits.address, networkOf(address) ?? UNKNOWN_NETWORK, 'address')
    }
    deadline.step = 'body'
    const body = await call.readBody(deadline)
    const { eventId, identity } = readTokenRequest(body, call.header('authorization') !== null)
    const { event, warning } = eventFor(eventId, rehearsed !== null)
    deadline.step = 'identity'
    const { user, setCookie } = await identifyVisitor(withIdentity(call, identity), eventId, deadline)
    deadline.throwIfOver()
    deadline.step = 'limits'
    if (limits.visitor) await spend(limits.visitor, user.id, 'visitor')
    deadline.step = 'authorize'
    if (authorize) {
      const { signal } = deadline
      const may = await authorize({ user, eventId, request: call.request, signal })
      if (!may) throw new Refusal('access-denied', { reason: 'authorize' })
      deadline.throwIfOver()
    }
    deadline.step = 'signing'
    const reply = await sign(call, user, event, deadline)
    deadline.step = 'limits'
    if (warning) reply.warning = warning
    return { reply, setCookie, stepMs: deadline.stepMs }
  }
}

/** The stream of a rehearsal, which isn't a real one. */
const rehearsalEvent = (eventId: string): AllowedEvent | null =>
  eventId === REHEARSAL_EVENT ? { id: eventId } : null

/** A remote signer can fail. */
function signerFailed(cause: unknown): never {
  if (!(cause instanceof OperatorProblem)) throw cause
  throw new Refusal('key-unavailable', { reason: 'signer', cause })
}

/**
 * Seconds until the element should refresh: at random from 60 to 90 % of the lifetime, so that viewers who arrived
 * together don't return together (100,000 of them: 120 a second instead of 30,000).
 */
export function refreshIn(lifetime: number, random: number): number {
  return Math.max(1, Math.floor(lifetime * (0.6 + 0.3 * random)))
}
