import type { GuestReply } from 'kinescope-chat/contract'
import { identityFromCode, pseudonymWith, type ChatUser, type IdentitySource } from '../identity/identity.js'
import type { Guests } from '../identity/guest.js'
import { isWeakSecret } from '../identity/hmac.js'
import { guardListener, ignoreResult } from '../guard-listener.js'
import { assertTtl } from '../token/mint-token.js'
import type { KeySource } from '../token/signing-key.js'
import { DEADLINE_MS, RequestDeadlines, SigningQueue, type AdmissionQueue } from './admission.js'
import { tokenIssuer, type Issued, type RegistrationView } from './issue-token.js'
import {
  alwaysHeaders,
  judgeOrigin,
  letAnyoneRead,
  letPageRead,
  ORIGIN_DETAILS,
  originList,
  originListFault,
  preflightHeaders,
  type OriginVerdict,
} from './origin.js'
import { DEFAULT_RATES, localLimit, type RateLimit } from './rate-limit.js'
import { Refusal, refusalAnswer, notFound, type TokenAnswer } from './refusal.js'
import { guestRegistrar, type VerifyCaptcha } from './guest.js'
import type { RehearsalSecret } from './rehearsal.js'
import {
  checkContentType,
  eventLookup,
  refusedOutcome,
  type AllowedEvents,
  type AuthenticateContext,
  type AuthorizeQuestion,
  type IssuedToken,
  type TokenCall,
  type TokenOutcome,
} from './request.js'

/** The options of a token endpoint in code; the same for every server. */
export interface TokenHandlerOptions<R> {
  keys: KeySource
  /** The streams that tokens may be issued for; with `*`, a page may request any. */
  events: AllowedEvents
  /**
   * Returns the visitor, or null if none is signed in. Never trust the body for it. A rejection, or no result in time,
   * is `identity-unavailable`.
   */
  authenticate?:
    | ((
        request: R,
        context: AuthenticateContext,
      ) => ChatUser | null | undefined | Promise<ChatUser | null | undefined>)
    | undefined
  /** In place of `authenticate`: an identity source, or several by `chainIdentity`. */
  identity?: IdentitySource<R> | undefined
  /**
   * Guests with a chosen name (`guests`). Their source belongs in `identity`; the handler also answers `POST guest`.
   */
  guests?: Guests | null | undefined
  /** Verifies a captcha before a guest gets a name. */
  verifyCaptcha?: VerifyCaptcha | undefined
  /** Whether this visitor may enter this chat; by default, every visitor of the site may. */
  authorize?: ((question: AuthorizeQuestion<R>) => boolean | Promise<boolean>) | undefined
  /**
   * Exact origins of pages on other hosts, such as `https://www.example.com` or `capacitor://localhost`, and at most one
   * pattern for preview deployments, such as `https://my-app-*.example.app`. Pages of the server's own origin need no entry.
   */
  allowedOrigins?: readonly string[] | undefined
  /** Seconds a token lives: 60 to 86400, an hour by default. */
  tokenTtl?: number | undefined
  /** Makes `user_id` an HMAC of the site's id. 32 bytes or more. */
  userIdSecret?: string | undefined
  /**
   * Tokens a minute. By default the same as for `serve`, counted in this process: 20 for a visitor, and 3000 for an
   * address if it is known. null disables a limit.
   */
  limits?:
    { address?: RateLimit | null | undefined; visitor?: RateLimit | null | undefined } | null | undefined
  /**
   * Milliseconds that a request may take in total: 8000 by default, less than the ten seconds that an element waits.
   */
  deadlineMs?: number | undefined
  /** Ends the requests in flight when the application stops. */
  signal?: AbortSignal | undefined
  /** For logs and metrics. Neither this nor `onToken` is awaited, and their errors are dropped. */
  onOutcome?: ((outcome: TokenOutcome) => void) | undefined
  /** For an audit: called once for each token, after it is signed. */
  onToken?: ((issued: IssuedToken) => void) | undefined
}

/** Options that only our own server and the tests set. */
export interface TokenEndpointOptions<R> extends Omit<TokenHandlerOptions<R>, 'authenticate' | 'identity'> {
  /** In place of `authenticate` and `identity`. */
  identify: IdentitySource<R>
  /** The server's own origin, independent of a request's headers; by default, the headers decide. */
  ownOrigin?: string | undefined
  notBefore?: boolean | undefined
  registration?: RegistrationView | undefined
  queue?: SigningQueue | undefined
  /** Limits how many requests start in one tick of Node's loop; elsewhere, the platform limits them. */
  admission?: AdmissionQueue | undefined
  /** The share of visits that should send reports, 0 to 1, requested for each token. */
  reportRate?: (() => number) | undefined
  /** Lets the operator's own rehearsal get tokens for a stream that doesn't exist. */
  rehearsal?: RehearsalSecret | undefined
  /** Called with the milliseconds that it took to identify a visitor, also after a failure. */
  onIdentified?: ((ms: number) => void) | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  /** At least 0, less than 1. */
  random?: (() => number) | undefined
}

/** The token endpoint itself: turns the data of a request into a response. */
export interface TokenEndpoint<R> {
  /** Never rejects, and ends within its deadline. */
  answer(call: TokenCall<R>): Promise<TokenAnswer>
  /** The response to an error that ended the request outside of the endpoint, in a server's own hook or parser. */
  refuse(call: TokenCall<R>, error: unknown): TokenAnswer
  /** Ends the requests in flight and all later ones with a 503, as the last step of a shutdown. */
  close(): void
}

/** Creates the endpoint from the options in code. @throws TypeError naming an unsafe option */
export function endpointFor<R>(
  { authenticate, identity, ...options }: TokenHandlerOptions<R>,
  admission?: AdmissionQueue,
): TokenEndpoint<R> {
  const identify = identity ?? (authenticate && identityFromCode(authenticate))
  if (!identify) throw new TypeError('authenticate or identity is missing')
  return createTokenEndpoint<R>({ ...options, admission, identify })
}

type Reply = Omit<Issued, 'reply'> & { reply: Issued['reply'] | GuestReply }

const METHODS = 'POST, OPTIONS'

/** Combines the checks, the identity and the keys. @throws TypeError naming an unsafe option */
export function createTokenEndpoint<R>(options: TokenEndpointOptions<R>): TokenEndpoint<R> {
  const { tokenTtl = 3600, userIdSecret, allowedOrigins = [], limits, signal, admission } = options
  assertTtl(tokenTtl, 'tokenTtl')
  if (userIdSecret !== undefined && isWeakSecret(userIdSecret)) {
    throw new TypeError('userIdSecret must be a random text of 32 bytes or more')
  }
  const { events, keys, deadlineMs = DEADLINE_MS } = options
  // longer timers overflow, and fire at once
  if (!(deadlineMs >= 1 && deadlineMs < 2 ** 31)) {
    throw new TypeError('deadlineMs must be a number of milliseconds, less than 2147483648')
  }
  if (events !== '*' && !Array.isArray(events)) throw new TypeError("events must be an array of ids, or '*'")
  if (typeof (keys as Partial<KeySource> | undefined)?.current !== 'function') {
    throw new TypeError('keys must be a key source, such as fixedKeySource() or ringKeySource() returns')
  }
  const fault = originListFault(allowedOrigins)
  if (fault) throw new TypeError(`allowedOrigins ${fault.fault} ${fault.remedy}`)
  const origins = originList(allowedOrigins)
  const limit = (of: 'address' | 'visitor') => {
    const chosen = limits === null ? null : limits?.[of]
    return chosen === undefined ? localLimit({ points: DEFAULT_RATES[of] }) : chosen
  }
  const { queue = new SigningQueue(() => performance.now()) } = options
  const onOutcome = guardListener(options.onOutcome)
  const deadlines = new RequestDeadlines(deadlineMs)
  const issue = tokenIssuer<R>({
    identify: options.identify,
    authorize: options.authorize,
    findEvent: eventLookup(events),
    keys,
    tokenTtl,
    notBefore: options.notBefore ?? false,
    pseudonym: userIdSecret === undefined ? null : pseudonymWith(userIdSecret),
    limits: { address: limit('address'), visitor: limit('visitor') },
    registration: options.registration,
    queue,
    reportRate: options.reportRate,
    rehearsal: options.rehearsal,
    minIdentityMs: deadlineMs / 8,
    inFlight: () => deadlines.size,
    waiting: () => admission?.waiting ?? 0,
    onIdentified: options.onIdentified,
    onOutcome,
    onToken: guardListener(options.onToken),
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  })

  const register = options.guests?.asks
    ? guestRegistrar<R>({
        guests: options.guests,
        verifyCaptcha: options.verifyCaptcha,
        ...(limits === null ? { limit: null } : {}),
      })
    : null

  function judge(call: TokenCall<R>): OriginVerdict {
    const page = {
      origin: call.header('origin'),
      fetchSite: call.header('sec-fetch-site'),
      get ownOrigin() {
        return options.ownOrigin ?? call.ownOrigin
      },
    }
    return judgeOrigin(page, origins)
  }

  /** The response to a GET contains no secret, so any page may read why it gets no token. */
  function headersFor(call: TokenCall<R>, verdict: OriginVerdict): Record<string, string> {
    const headers = alwaysHeaders(call.requestId)
    if (call.method === 'GET' || call.method === 'HEAD') letAnyoneRead(headers)
    else letPageRead(headers, verdict.readable)
    return headers
  }

  function refuse(call: TokenCall<R>, error: unknown): TokenAnswer {
    const { requestId, traceparent, address } = call
    const refusal = refusalFor(error)
    onOutcome(refusedOutcome(refusal, { requestId, traceparent, origin: call.header('origin'), address }))
    const headers = headersFor(call, judge(call))
    // RFC 9110, section 15.5.2: a 401 names a scheme; no browser shows a dialog for this one
    if (refusal.status === 401) headers['WWW-Authenticate'] = 'Bearer'
    return refusalAnswer(refusal, requestId, headers)
  }

  function admit(): Promise<number> {
    if (!admission) return Promise.resolve(0)
    return new Promise((start, reject) => {
      if (admission.admit(start)) return
      reject(new Refusal('overloaded', { reason: 'queue', retryAfter: queue.retryAfter() }))
    })
  }

  async function answer(call: TokenCall<R>): Promise<TokenAnswer> {
    const isGuest = call.route === 'guest'
    if (isGuest && !register) return notFound(call.requestId)
    const waitedMs = admission && !isGuest ? await admit() : 0
    const { method } = call
    // RFC 9112, section 3.2: the server can't know which of two hosts a proxy has checked
    if (call.hostIsAmbiguous) {
      const detail = 'The request must have one Host header field.'
      throw new Refusal('bad-request', { reason: 'host', detail })
    }
    const verdict = judge(call)
    const origin = call.header('origin')
    if (!verdict.allowed && mustBeAllowed(method, origin)) {
      const { reason } = verdict
      throw new Refusal('origin-not-allowed', { reason, detail: ORIGIN_DETAILS[reason] })
    }
    if (method === 'OPTIONS') {
      onOutcome({ kind: 'preflight', requestId: call.requestId })
      const requested = call.header('access-control-request-headers')
      const headers = headersFor(call, verdict)
      headers['Allow'] = METHODS
      Object.assign(headers, preflightHeaders(verdict.readable, requested))
      return { status: 204, headers, body: '' }
    }
    if (method !== 'POST') {
      throw new Refusal('bad-request', { reason: 'method', status: 405, headers: { Allow: METHODS } })
    }
    checkContentType(call.header('content-type'), call.header('content-encoding'))
    const onDisconnect = call.onDisconnect && ((listener: () => void) => call.onDisconnect?.(listener))
    const { reply, setCookie, stepMs } = await deadlines.within<Reply>(
      (deadline) => (isGuest ? register!(call, deadline) : issue(call, deadline)),
      onDisconnect,
      waitedMs,
    )
    const headers = headersFor(call, verdict)
    headers['Content-Type'] = 'application/json'
    if (setCookie) headers['Set-Cookie'] = setCookie
    if (stepMs) headers['Server-Timing'] = serverTiming(stepMs)
    return { status: 200, headers, body: JSON.stringify(reply) }
  }

  const close = () => deadlines.close()
  if (signal?.aborted) close()
  signal?.addEventListener('abort', close, { once: true })
  return {
    refuse,
    answer: (call) => answer(call).catch((error: unknown) => refuse(call, error)),
    close,
  }
}

/** A host may throw anything, also a proxy that throws when it is looked at. */
function refusalFor(error: unknown): Refusal {
  try {
    if (error instanceof Refusal) return error
  } catch {
    // not ours
  }
  return new Refusal('server-error', { reason: 'unexpected', cause: error })
}

/**
 * Whether the origin must be allowed: always for POST, but for OPTIONS, GET and HEAD only if the request names one. The
 * check changes nothing for the rest.
 */
function mustBeAllowed(method: string, origin: string | null): boolean {
  if (method === 'POST') return true
  return origin !== null && ['OPTIONS', 'GET', 'HEAD'].includes(method)
}

/** Calls the endpoint with an address from a host's own callback. An error of the callback ends this request only. */
export function answerWith<R>(
  endpoint: TokenEndpoint<R>,
  call: Omit<TokenCall<R>, 'address'>,
  addressOf: () => unknown,
): Promise<TokenAnswer> {
  try {
    const address = addressOf()
    if (typeof address !== 'string') ignoreResult(address)
    return endpoint.answer({ ...call, address: typeof address === 'string' ? address : null })
  } catch (error) {
    return Promise.resolve(endpoint.refuse({ ...call, address: null }, error))
  }
}

/** Milliseconds by step as `Server-Timing` (W3C). */
const serverTiming = (stepMs: Readonly<Record<string, number>>): string =>
  Object.entries(stepMs)
    .map(([step, ms]) => `${step};dur=${ms.toFixed(1)}`)
    .join(', ')
