import type { ElementCode } from './contract.js'

/** What is wrong, as the element shows it: in `problem`, in `kinescope-chat-error`, in `diagnostics()`. */
export interface Problem {
  readonly code: ElementCode
  /** For the visitor, in the element's language. */
  readonly message: string
  /** For the developer: what was found against what is expected, and what to do about it. */
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
  /** What was found and what is expected, for the developer: a whole clause, cut and cleaned. Never a secret. */
  reason?: string | undefined
  status?: number | null | undefined
  retryAfterMs?: number | undefined
  requestId?: string | null | undefined
  /** What could be read of a refused token, for `diagnostics()`; never its signature. */
  header?: Readonly<Record<string, unknown>> | undefined
  claims?: Readonly<Record<string, unknown>> | undefined
  /** The member of the header or the claims that is wrong. */
  claim?: string | undefined
  /** Whether it is the token of a chat on the page that has ended, and not one that came. */
  ended?: boolean | undefined
  /** How it goes on, where that isn't its code's usual way. */
  course?: Course | undefined
}

/** A failure to throw. Whatever else is thrown is the platform's or the page's, and is read before it is believed. */
export class ChatFailure extends Error implements Failure {
  readonly code: ElementCode
  declare reason?: string | undefined
  declare status?: number | null | undefined
  declare retryAfterMs?: number | undefined
  declare requestId?: string | null | undefined
  declare header?: Failure['header']
  declare claims?: Failure['claims']
  declare claim?: string | undefined
  declare ended?: boolean | undefined
  declare course?: Course | undefined

  constructor(code: ElementCode, details?: Omit<Failure, 'code'>) {
    super(code)
    this.code = code
    Object.assign(this, details)
  }
}

export const chatFailure = (code: ElementCode, details?: Omit<Failure, 'code'>): ChatFailure =>
  new ChatFailure(code, details)

/** A problem that is shown, and what it is to the visitor: many codes are one thing to them, and the texts go by it. */
export interface Trouble {
  readonly problem: Problem
  readonly topic: Topic
}

/** What a visitor can be told about a problem. The last six are the article's own cases, and a page that is too old. */
export type Topic =
  | 'signIn'
  | 'denied'
  | 'notHere'
  | 'busy'
  | 'tooOften'
  | 'slow'
  | 'offline'
  | 'blocked'
  | 'setUp'
  | 'intercepted'
  | 'passing'
  | 'otherStream'
  | 'notForChat'
  | 'expiredOnArrival'
  | 'ended'
  | 'unknownKey'
  | 'pageTooOld'

/**
 * How it goes on. `passes`: it can pass by itself, and is tried again. `foreign`: somebody else has answered in the
 * endpoint's place, which says nothing about the visitor: asked again while the token lives, and a few times without one.
 * `keeps`: asked again while the token lives, else it waits for a hand.
 * `refuses`: takes the chat away at once. `stays`: waits for a hand.
 */
export type Course = 'passes' | 'foreign' | 'keeps' | 'refuses' | 'stays'

export interface ProblemKind {
  topic: Topic
  course: Course
  /** For the developer: what to do, in whole sentences. */
  remediation: string
}

/**
 * Everything the element knows of each code it can meet. A ban and a sign-out work by `refuses`; a blocked frame is an
 * empty one, so it refuses too.
 */
export const PROBLEMS: Readonly<Record<ElementCode, Readonly<ProblemKind>>> = {
  'sign-in-required': {
    topic: 'signIn',
    course: 'refuses',
    remediation:
      'The site does not know this visitor. If they are signed in, their cookie did not reach token-url: a cookie goes to another site only with SameSite=None; Secure, and browsers that block third-party cookies never send it. Serve the token server under a path or a subdomain of the site, or set identity. From a domain of its own, credentials must be "include".',
  },
  'access-denied': {
    topic: 'denied',
    course: 'refuses',
    remediation:
      'The site knows this visitor and said no: its answer was 403, or authorize() was false. If they should get in, look there.',
  },
  'event-not-allowed': {
    topic: 'notHere',
    course: 'refuses',
    remediation: 'Add this stream to CHAT_EVENTS of the token server, or check the event-id of the tag.',
  },
  'origin-not-allowed': {
    topic: 'setUp',
    course: 'refuses',
    remediation:
      'Add the origin of this page to CHAT_ALLOWED_ORIGINS of the token server, with its scheme and port and without a path.',
  },
  'bad-request': {
    topic: 'setUp',
    course: 'stays',
    remediation:
      'The token server could not read the request. token-url must take POST with the JSON object {"event_id": "…"}; check event-id, and what a proxy does with the body.',
  },
  'identity-expired': {
    topic: 'pageTooOld',
    course: 'stays',
    remediation:
      'The statement of who the visitor is was good and has ended. Loading the page again makes a new one. If this is frequent, let statements live longer, keep caches from holding the page, or renew the identity property.',
  },
  'rate-limited': {
    topic: 'tooOften',
    course: 'passes',
    remediation:
      'Too many tokens were asked for by one visitor or from one address. Raise CHAT_RATE_LIMIT where many share an address, set CHAT_TRUSTED_PROXIES where a proxy is in front, and look for code that reloads the chat in a loop.',
  },
  'identity-unavailable': {
    topic: 'passing',
    course: 'passes',
    remediation:
      'The token server asked the site who the visitor is and got no usable answer. Check CHAT_IDENTITY_URL and the log of the token server.',
  },
  overloaded: {
    topic: 'busy',
    course: 'passes',
    remediation:
      'More tokens are asked for than this token server can sign in about a second. Add replicas or CPU.',
  },
  'server-error': {
    topic: 'passing',
    course: 'passes',
    remediation: 'Something went wrong inside the token server. Its log has this request id.',
  },
  'key-unavailable': {
    topic: 'passing',
    course: 'passes',
    remediation:
      'The token server has no usable signing key. Run kinescope-chat-server keys list; if there is none, kinescope-chat-server keys generate and kinescope-chat-server keys register.',
  },
  'key-not-registered': {
    topic: 'unknownKey',
    course: 'passes',
    remediation:
      'Kinescope does not list the key that the token server signs with. Run kinescope-chat-server keys register.',
  },
  'key-expired': {
    topic: 'setUp',
    course: 'stays',
    remediation:
      'The public key has passed its expires_at at Kinescope. Run kinescope-chat-server keys rotate, and kinescope-chat-server keys reconcile daily from then on.',
  },
  'event-not-found': {
    topic: 'notHere',
    course: 'stays',
    remediation:
      'Kinescope knows no such stream. Check event-id, and that KINESCOPE_API_TOKEN belongs to the account that has the stream.',
  },
  'token-malformed': {
    topic: 'setUp',
    course: 'stays',
    remediation:
      'The token must be a JWT of three base64url parts, whose header and payload are JSON objects and whose exp, nbf and iat are whole seconds. kinescope-chat-server token verify says more.',
  },
  'claim-missing': {
    topic: 'setUp',
    course: 'stays',
    remediation:
      'A chat token needs aud, user_id, username, event_id and exp in its payload, and kid in its header.',
  },
  'bad-algorithm': {
    topic: 'setUp',
    course: 'stays',
    remediation: 'Kinescope takes RS256 only: sign with an RSA key, and name RS256 in the header.',
  },
  'bad-audience': {
    topic: 'notForChat',
    course: 'stays',
    remediation:
      'Set aud to "chat", in lower case. A token that was made for something else can’t be used here.',
  },
  'wrong-event': {
    topic: 'otherStream',
    course: 'stays',
    remediation:
      'Mint the token for the event_id that the request names, or, where Kinescope’s id differs from the one on the tag, reply with event_id (the id in the claim) and chat_id (the id in the address) too.',
  },
  'token-expired': {
    topic: 'expiredOnArrival',
    course: 'stays',
    remediation:
      'Check the clock of the token server (NTP), that exp is some time ahead, and that nothing caches the answers of token-url: they need Cache-Control: no-store.',
  },
  'token-not-yet-valid': {
    topic: 'setUp',
    course: 'stays',
    remediation: 'Leave nbf out, or check the clock of the token server (NTP).',
  },
  offline: {
    topic: 'offline',
    course: 'passes',
    remediation: 'The browser says that it has no network.',
  },
  'endpoint-unreachable': {
    topic: 'passing',
    course: 'passes',
    remediation:
      'No answer could be read from token-url. Open the address itself to see whether the server runs and its certificate is good; the browser’s console says whether CORS or connect-src of the page’s policy is in the way. A page of another origin has to be listed in CHAT_ALLOWED_ORIGINS. A fetchToken that rejects without a code or a status counts as this too.',
  },
  'endpoint-timeout': {
    topic: 'slow',
    course: 'passes',
    remediation: 'token-url, or fetchToken, did not answer in 10 s. Look at what the token server waits for.',
  },
  'endpoint-not-found': {
    topic: 'setUp',
    course: 'foreign',
    remediation:
      'There is no token endpoint at token-url. Check the address, CHAT_BASE_PATH, and that a proxy passes it on.',
  },
  'endpoint-error': {
    topic: 'passing',
    course: 'passes',
    remediation:
      'token-url failed without a code of the token server’s own: often the proxy in front of it. See their logs.',
  },
  'endpoint-bad-reply': {
    topic: 'intercepted',
    course: 'foreign',
    remediation:
      'token-url, or fetchToken, must give JSON {"token": "…"}. What came is somebody else’s: a redirect to a sign-in form, a challenge of a firewall or CDN, a page of a framework or of a hotel’s network. Keep token-url out of what guards pages; it says 401 by itself where nobody is signed in.',
  },
  'frame-blocked': {
    topic: 'blocked',
    course: 'refuses',
    remediation: 'The policy of this page forbids the chat’s frame.',
  },
  'frame-timeout': {
    topic: 'slow',
    course: 'stays',
    remediation:
      'The chat page did not load in 15 s. Check the network, the domains that Kinescope lets embed the stream, and Cross-Origin-Embedder-Policy of this page, which has to be unsafe-none.',
  },
  'event-id-missing': {
    topic: 'setUp',
    course: 'stays',
    remediation: 'Set event-id to the id of the stream. An editor may have removed it from the tag.',
  },
  'token-url-missing': {
    topic: 'setUp',
    course: 'stays',
    remediation:
      'Set token-url to the address of the token endpoint, or fetchToken to a function that gets a token. Only a script that is loaded from the token server itself, under its own name, knows the address by itself.',
  },
}

export const courseOf = ({ code, course }: Pick<Failure, 'code' | 'course'>): Course =>
  course ?? PROBLEMS[code].course

/** What a failure is to the visitor. */
export const topicOf = ({ code, ended }: Failure): Topic => (ended ? 'ended' : PROBLEMS[code].topic)
