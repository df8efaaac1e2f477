import type { ElementCode } from './contract.js'

/** A problem, as the element shows it: in `problem`, in `kinescope-chat-error`, in `diagnostics()`. */
export interface Problem {
  readonly code: ElementCode
  /** For the visitor, in the element's language. */
  readonly message: string
  /** For the developer: the found and the expected value, and the remedy. */
  readonly remediation: string
  /** The address of the code's page in the docs, in the element's language; null if the page configures no docs. */
  readonly help: string | null
  /** The HTTP status, if there was one. */
  readonly status: number | null
  /** Milliseconds until the element retries; null if it won't. */
  readonly retryInMs: number | null
  /** The `X-Request-ID` of the rejecting response. */
  readonly requestId: string | null
}

/** A failure without texts, as a fetch, a token check or a frame reports it. */
export interface Failure {
  code: ElementCode
  /** For the developer: the found and the expected value, as one clause, cut and sanitized. Never a secret. */
  reason?: string | undefined
  status?: number | null | undefined
  retryAfterMs?: number | undefined
  requestId?: string | null | undefined
  /** The readable parts of a rejected token, for `diagnostics()`; never its signature. */
  header?: Readonly<Record<string, unknown>> | undefined
  claims?: Readonly<Record<string, unknown>> | undefined
  /** The wrong member of the header or the claims. */
  claim?: string | undefined
  /** Whether the token of a chat on the page has expired, as opposed to a received token. */
  ended?: boolean | undefined
  /** The retry policy, if it isn't the code's usual one. */
  retryPolicy?: RetryPolicy | undefined
}

/** Carries a failure through code that throws. */
export class ChatFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}

/** A category of the visitor's texts: many codes share one text. The texts of a language are listed by category. */
export type Category =
  | 'signIn'
  | 'name'
  | 'denied'
  | 'notHere'
  | 'busy'
  | 'tooOften'
  | 'slow'
  | 'offline'
  | 'blocked'
  | 'misconfigured'
  | 'intercepted'
  | 'transient'
  // the cases of Kinescope's article
  | 'otherStream'
  | 'notForChat'
  | 'expiredOnArrival'
  | 'ended'
  | 'unknownKey'
  | 'pageTooOld'

/**
 * What the element does after a failure.
 * - `retry`: retries with growing delays.
 * - `intermediary`: an intermediary answered for the endpoint; retries while the token is valid, a few times without
 * one.
 * - `retry-while-valid`: retries while the token is valid, else waits for the visitor.
 * - `keep`: keeps the current chat and waits for the visitor.
 * - `revoke`: removes the chat at once.
 */
type RetryPolicy = 'retry' | 'intermediary' | 'retry-while-valid' | 'keep' | 'revoke'

/**
 * For each code: the category of the visitor's text, the retry policy, and the problem and the remedy for the
 * developer.
 */
export const PROBLEMS: Readonly<
  Record<ElementCode, readonly [category: Category, retryPolicy: RetryPolicy, remediation: string]>
> = {
  'sign-in-required': [
    'signIn',
    'revoke',
    'The site doesn’t know this visitor. If they are signed in, serve the token server from the site’s own domain or set identity: their cookie didn’t reach token-url.',
  ],
  'name-required': [
    'name',
    'revoke',
    'Guests choose a name first. The form in the chat’s place asks for it.',
  ],
  'access-denied': [
    'denied',
    'revoke',
    'The site rejected this visitor (403). If they should have access, change it there.',
  ],
  'event-not-allowed': [
    'notHere',
    'revoke',
    'The token server doesn’t list this stream. Add it to CHAT_EVENTS, or correct event-id.',
  ],
  'origin-not-allowed': [
    'misconfigured',
    'revoke',
    'The token server doesn’t list the origin of this page. Add it to CHAT_ALLOWED_ORIGINS.',
  ],
  'bad-request': [
    'misconfigured',
    'keep',
    'The token server couldn’t read the request. Check event-id, and that no proxy changes the request.',
  ],
  'identity-expired': [
    'pageTooOld',
    'keep',
    'The visitor’s identity token has expired. Reload the page; if this happens often, exclude it from caches or pass a function as identity.',
  ],
  'rate-limited': [
    'tooOften',
    'retry',
    'One visitor or address requested too many tokens. Raise CHAT_RATE_LIMIT, or set CHAT_TRUSTED_PROXIES behind a proxy.',
  ],
  'identity-unavailable': [
    'transient',
    'retry',
    'The site’s identity endpoint failed or timed out. Check CHAT_IDENTITY_URL and the token server’s log.',
  ],
  overloaded: [
    'busy',
    'retry',
    'The token server receives more requests than it can sign. Add replicas or CPU.',
  ],
  'server-error': ['transient', 'retry', 'The token server failed. Look up the request ID in its log.'],
  'key-unavailable': [
    'transient',
    'retry',
    'The token server has no usable signing key. Run kinescope-chat-server keys list.',
  ],
  'key-not-registered': [
    'unknownKey',
    'retry',
    'Kinescope doesn’t list the token server’s signing key. Run kinescope-chat-server keys register.',
  ],
  'key-expired': [
    'misconfigured',
    'keep',
    'The public key has expired at Kinescope. Run kinescope-chat-server keys rotate.',
  ],
  'event-not-found': [
    'notHere',
    'keep',
    'Kinescope knows no such stream. Check event-id and the account of KINESCOPE_API_TOKEN.',
  ],
  'token-malformed': [
    'misconfigured',
    'keep',
    'The token isn’t a valid JWT. Run kinescope-chat-server token verify.',
  ],
  'claim-missing': [
    'misconfigured',
    'keep',
    'A claim is missing. Set aud, user_id, username, event_id and exp, and kid in the header.',
  ],
  'bad-algorithm': [
    'misconfigured',
    'keep',
    'Kinescope accepts RS256 only. Sign with an RSA key and set alg to RS256.',
  ],
  'bad-audience': [
    'notForChat',
    'keep',
    'The token isn’t meant for the chat. Set aud to "chat", in lower case.',
  ],
  'wrong-event': [
    'otherStream',
    'keep',
    'The token is for another stream. Sign it for the requested event_id.',
  ],
  'token-expired': [
    'expiredOnArrival',
    'keep',
    'The token had expired when it arrived. Check the token server’s clock (NTP), and send Cache-Control: no-store.',
  ],
  'token-not-yet-valid': [
    'misconfigured',
    'keep',
    'The token isn’t valid yet. Omit nbf, or check the token server’s clock (NTP).',
  ],
  offline: ['offline', 'retry', 'The browser reports no network. The chat reconnects by itself.'],
  'endpoint-unreachable': [
    'transient',
    'retry',
    'token-url couldn’t be reached. Open it in a tab, and look for CORS and connect-src in the console.',
  ],
  'endpoint-timeout': [
    'slow',
    'retry',
    'token-url or fetchToken didn’t answer in 10 s. Check what the token server waits for.',
  ],
  'endpoint-not-found': [
    'misconfigured',
    'intermediary',
    'There is no token endpoint at token-url. Check the address, CHAT_BASE_PATH and the proxy’s routes.',
  ],
  'endpoint-error': [
    'transient',
    'retry',
    'token-url failed without a code of the token server. Check the proxy’s log.',
  ],
  'endpoint-bad-reply': [
    'intercepted',
    'intermediary',
    'Something other than the token endpoint answered. Exclude token-url from sign-in redirects, firewalls and CDN challenges.',
  ],
  'frame-blocked': [
    'blocked',
    'revoke',
    'The policy of this page forbids the chat’s frame. Allow it as described.',
  ],
  'frame-timeout': [
    'slow',
    'keep',
    'The chat page didn’t load in 15 s. Check the network and the domains allowed at Kinescope.',
  ],
  'event-id-missing': ['misconfigured', 'keep', 'The tag has no stream. Set event-id to its id.'],
  'token-url-missing': [
    'misconfigured',
    'keep',
    'The element doesn’t know the token endpoint. Set token-url, or load the script from the token server.',
  ],
}

export const retryPolicyOf = ({ code, retryPolicy }: Pick<Failure, 'code' | 'retryPolicy'>): RetryPolicy =>
  retryPolicy ?? PROBLEMS[code][1]

/** The category of the visitor's text. */
export const categoryOf = ({ code, ended }: Failure): Category => (ended ? 'ended' : PROBLEMS[code][0])
