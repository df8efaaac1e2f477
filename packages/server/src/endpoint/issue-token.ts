import type { Code, TokenReply } from 'kinescope-chat/contract'
import type { ChatUser, IdentitySource } from '../identity/identity.js'
import { OperatorProblem } from '../problem.js'
import { mintToken, type MintTokenInput } from '../token/mint-token.js'
import type { KeySource } from '../token/signing-key.js'
import type { Deadline } from './deadline.js'
import type { AllowedEvent } from './event-list.js'
import { networkOf } from './network.js'
import { Refusal } from './refusal.js'
import type { SigningQueue } from './signing-queue.js'
import type {
  AuthorizeQuestion,
  IssuedToken,
  RateLimit,
  RegistrationView,
  TokenCall,
  TokenOutcome,
} from './token-call.js'
import { readEventId } from './token-request.js'

/** Requests under way at once. Past it the machine only holds what it can't do. */
const MAX_OPEN = 8000

/** Nobody is told to wait longer. */
const LONGEST_WAIT_S = 3600

export interface IssueOptions<R> {
  identify: IdentitySource<R>
  authorize?: ((question: AuthorizeQuestion<R>) => boolean | Promise<boolean>) | undefined
  findEvent: (id: string) => AllowedEvent | null
  keys: KeySource
  tokenTtl: number
  notBefore: boolean
  pseudonym?: ((userId: string) => Promise<string>) | undefined
  limits?: { address?: RateLimit | undefined; visitor?: RateLimit | undefined } | undefined
  registration?: RegistrationView | undefined
  queue: SigningQueue
  /** Requests under way. */
  open: () => number
  /** Requests that have come and not begun. */
  waiting: () => number
  onOutcome: (outcome: TokenOutcome) => void
  onToken: (issued: IssuedToken) => void
  now: () => number
  random: () => number
}

export interface Issued {
  reply: TokenReply
  setCookie: string | undefined
}

/**
 * The steps from a request that may be answered to a token, in the order that costs a bad one the least: room for it,
 * address, body, stream, visitor, policy, signature. The first that says no throws its refusal.
 */
export function tokenIssuer<R>(
  options: IssueOptions<R>,
): (call: TokenCall<R>, deadline: Deadline) => Promise<Issued> {
  const { identify, authorize, findEvent, keys, pseudonym, limits, registration, queue, now, random } =
    options

  /** Before a byte of the body: who comes back at once would otherwise be all that the machine works for. */
  function admit(): void {
    if (queue.hasRoom(options.waiting()) && options.open() <= MAX_OPEN) return
    throw new Refusal('overloaded', { reason: 'queue', retryAfter: queue.comeBackIn() })
  }

  async function spend(limit: RateLimit | undefined, key: string | null, reason: string): Promise<void> {
    if (!limit || key === null) return
    const retryAfter = await limit.spend(key)
    // a host's own limit may say any number, and the header takes whole seconds
    if (retryAfter > 0) {
      const whole = Math.min(Math.ceil(retryAfter), LONGEST_WAIT_S)
      throw new Refusal('rate-limited', { reason, retryAfter: whole })
    }
  }

  function eventFor(eventId: string): { event: AllowedEvent; warning: Code | null } {
    const event = findEvent(eventId)
    if (!event) throw new Refusal('event-not-allowed', { reason: 'not-listed' })
    const state = registration?.eventState(event.id) ?? null
    if (state === 'missing') throw new Refusal('event-not-found', { reason: 'watch' })
    return { event, warning: state }
  }

  async function whoIs(
    call: TokenCall<R>,
    eventId: string,
    deadline: Deadline,
  ): Promise<{ user: ChatUser; setCookie?: string }> {
    const answer = await identify(call, eventId, deadline)
    if (!('refused' in answer)) return answer
    const { refused, reason, detail, retryAfter, cause } = answer
    throw new Refusal(refused, {
      reason,
      ...(detail === undefined ? {} : { detail }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      cause,
    })
  }

  /** The key to sign with now, and its end: the one Kinescope names counts too, CHAT_PRIVATE_KEY brings none along. */
  function currentKey() {
    const choice = keys.current(now())
    if ('problem' in choice) throw new Refusal(choice.problem, { reason: 'key-source' })
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
    deadline: Deadline,
  ): Promise<TokenReply> {
    admit()
    const key = currentKey()
    const { kid } = key
    const userId = pseudonym ? await pseudonym(user.id) : user.id
    const eventId = event.claimId ?? event.id
    const time = now()
    const { tokenTtl: ttl, notBefore } = options
    const asked: MintTokenInput = { key, userId, username: user.name, eventId, ttl, notBefore, now: time }
    // made only where somebody listens: a signal for each token has its price
    if ('sign' in key) asked.signal = deadline.signal
    const mint = () => mintToken(asked)
    const started = performance.now()
    const { token, expiresIn } = await queue.run(mint, deadline).catch(signerFailed)
    // nobody will get it: it was never issued
    deadline.throwIfOver()
    if (expiresIn < 1) throw new Refusal('key-expired', { reason: 'lifetime' })
    const signMs = performance.now() - started
    const { requestId, address } = call
    options.onOutcome({ kind: 'minted', requestId, eventId: event.id, kid, signMs })
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
    return reply
  }

  return async (call, deadline) => {
    admit()
    const { address } = call
    if (address !== null) await spend(limits?.address, networkOf(address), 'address')
    deadline.step = 'body'
    const eventId = readEventId(await call.readBody(deadline))
    const { event, warning } = eventFor(eventId)
    deadline.step = 'identity'
    const { user, setCookie } = await whoIs(call, eventId, deadline)
    deadline.throwIfOver()
    deadline.step = 'limits'
    await spend(limits?.visitor, user.id, 'visitor')
    deadline.step = 'authorize'
    if (authorize) {
      const { signal } = deadline
      const may = await authorize({ user, eventId, request: call.request, signal })
      if (!may) throw new Refusal('access-denied', { reason: 'authorize' })
      deadline.throwIfOver()
    }
    deadline.step = 'signing'
    const reply = await sign(call, user, event, deadline)
    if (warning) reply.warning = warning
    return { reply, setCookie }
  }
}

/** A signer that is elsewhere can fail. */
function signerFailed(cause: unknown): never {
  if (!(cause instanceof OperatorProblem)) throw cause
  throw new Refusal('key-unavailable', { reason: 'signer', cause })
}

/**
 * Seconds until the element should ask again: anywhere from 60 to 90 % of the lifetime. Viewers who came together at
 * the start of a stream must not come back together (100,000 of them: 120 a second instead of 30,000).
 */
export function refreshIn(lifetime: number, random: number): number {
  return Math.max(1, Math.floor(lifetime * (0.6 + 0.3 * random)))
}
