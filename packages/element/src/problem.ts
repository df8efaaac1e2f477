import type { ElementCode } from './contract.js'

/** What is wrong, as the element shows it: in `problem`, in `kinescope-chat-error`, in `diagnostics()`. */
export interface Problem {
  readonly code: ElementCode
  /** For the visitor, in the element's language. */
  readonly message: string
  /** For the developer: what to do about it. */
  readonly remediation: string
  /** The HTTP status behind it, where there was one. */
  readonly status: number | null
  /** Milliseconds until the element tries again by itself; null where it won't. */
  readonly retryInMs: number | null
  /** The `X-Request-ID` of the refusing answer. */
  readonly requestId: string | null
}

/** A failure before it has words: what a fetch, a token check or a frame reports upwards. */
export interface Failure {
  code: ElementCode
  /** What exactly, for the developer: a claim's name, a directive to add. Never a secret. */
  reason?: string | undefined
  status?: number | null | undefined
  retryAfterMs?: number | undefined
  requestId?: string | null | undefined
}

export type ChatFailure = Error & Failure

/** A failure to throw. */
export const chatFailure = (code: ElementCode, details?: Omit<Failure, 'code'>): ChatFailure =>
  Object.assign(new Error(code), { code, ...details })

/** What a visitor can be told about a problem; many codes are one thing to them. */
export type Topic = 'signIn' | 'denied' | 'notHere' | 'busy' | 'failed' | 'offline' | 'blocked' | 'expired'

/** Whether a failure can pass by itself, and so is tried again; or takes the chat away at once; or waits for a hand. */
type Course = 'passes' | 'refuses' | 'stays'

/**
 * Everything the element knows of each code it can meet: what it is to the visitor, how it goes on, and what the developer
 * should do. A ban and a sign-out work by `refuses`; a blocked frame is an empty one, so it refuses too.
 */
export const PROBLEMS: Record<ElementCode, readonly [Topic, Course, cure: string]> = {
  'sign-in-required': [
    'signIn',
    'refuses',
    'Sign the visitor in. If they are, no cookie reached token-url: serve it under the domain of the page, or set identity.',
  ],
  'access-denied': ['denied', 'refuses', 'The site or authorize said no.'],
  'event-not-allowed': ['notHere', 'refuses', 'Add the stream to CHAT_EVENTS.'],
  'origin-not-allowed': ['notHere', 'refuses', 'Add the origin of the page to CHAT_ALLOWED_ORIGINS.'],
  'bad-request': ['failed', 'stays', 'token-url must take POST with JSON {"event_id"}.'],
  'identity-expired': [
    'expired',
    'stays',
    'The statement of who the visitor is has ended: load the page again, or let statements live longer.',
  ],
  'rate-limited': ['busy', 'passes', 'Wait, or raise CHAT_RATE_LIMIT.'],
  'identity-unavailable': ['failed', 'passes', 'Check CHAT_IDENTITY_URL.'],
  overloaded: ['busy', 'passes', 'Add token servers.'],
  'server-error': ['failed', 'passes', 'See the log of token-url.'],
  'key-unavailable': ['failed', 'passes', 'Run kinescope-chat keys list.'],
  'key-not-registered': ['failed', 'passes', 'Run kinescope-chat keys register.'],
  'key-expired': ['failed', 'stays', 'Run kinescope-chat keys rotate.'],
  'event-not-found': ['notHere', 'stays', 'Check event-id.'],
  'token-malformed': ['failed', 'stays', 'Run kinescope-chat token verify.'],
  'claim-missing': ['failed', 'stays', 'Add the claim.'],
  'bad-algorithm': ['failed', 'stays', 'Sign with RS256.'],
  'bad-audience': ['failed', 'stays', 'Set aud to "chat".'],
  'wrong-event': ['failed', 'stays', 'Set event_id to the id of the stream.'],
  'token-expired': [
    'expired',
    'stays',
    'Check the clock of the token server, and that nothing caches token-url.',
  ],
  'token-not-yet-valid': ['failed', 'stays', 'Leave out nbf.'],
  offline: ['offline', 'passes', 'No network.'],
  'endpoint-unreachable': ['failed', 'passes', 'Check token-url, its CORS and TLS, and connect-src.'],
  'endpoint-timeout': ['failed', 'passes', 'No answer in 10 s.'],
  'endpoint-not-found': ['failed', 'stays', 'Check token-url.'],
  'endpoint-error': ['failed', 'passes', 'See the log of token-url.'],
  'endpoint-bad-reply': ['failed', 'stays', 'token-url must reply JSON {"token"}.'],
  'frame-blocked': ['blocked', 'refuses', 'Add to the policy of the page:'],
  'frame-timeout': ['failed', 'stays', 'Check the network, the domains allowed at Kinescope and COEP.'],
  'event-id-missing': ['notHere', 'stays', 'Set event-id; an editor may have removed it.'],
  'token-url-missing': ['notHere', 'stays', 'Set token-url.'],
}

export const canPass = (code: ElementCode): boolean => PROBLEMS[code][1] === 'passes'

export const isRefusal = ({ code, status }: Failure): boolean =>
  code !== 'identity-expired' && (PROBLEMS[code][1] === 'refuses' || status === 401 || status === 403)
