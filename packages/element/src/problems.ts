import type { ElementCode } from './contract.js'
import type { RetryPolicy, Failure, Category } from './problem.js'

export interface ProblemKind {
  category: Category
  retryPolicy: RetryPolicy
  /** For the developer: what to do, in whole sentences. */
  remediation: string
}

/**
 * Everything the element knows of each code it can meet. A ban and a sign-out work by `revoke`; a blocked frame is an
 * empty one, so it is removed too.
 */
export const PROBLEMS: Readonly<Record<ElementCode, Readonly<ProblemKind>>> = {
  'sign-in-required': {
    category: 'signIn',
    retryPolicy: 'revoke',
    remediation:
      'The site does not know this visitor. If they are signed in, their cookie did not reach token-url: a cookie goes to another site only with SameSite=None; Secure, and browsers that block third-party cookies never send it. Serve the token server under a path or a subdomain of the site, or set identity. From a domain of its own, credentials must be "include".',
  },
  'name-required': {
    category: 'name',
    retryPolicy: 'keep',
    remediation:
      'This chat lets guests in under a name that they choose (CHAT_GUEST_NAMES=ask). The visitor must enter one.',
  },
  'access-denied': {
    category: 'denied',
    retryPolicy: 'revoke',
    remediation:
      'The site knows this visitor and said no: its answer was 403, or authorize() was false. If they should get in, look there.',
  },
  'event-not-allowed': {
    category: 'notHere',
    retryPolicy: 'revoke',
    remediation: 'Add this stream to CHAT_EVENTS of the token server, or check the event-id of the tag.',
  },
  'origin-not-allowed': {
    category: 'misconfigured',
    retryPolicy: 'revoke',
    remediation:
      'Add the origin of this page to CHAT_ALLOWED_ORIGINS of the token server, with its scheme and port and without a path.',
  },
  'bad-request': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'The token server could not read the request. token-url must take POST with the JSON object {"event_id": "…"}; check event-id, and what a proxy does with the body.',
  },
  'identity-expired': {
    category: 'pageTooOld',
    retryPolicy: 'keep',
    remediation:
      'The statement of who the visitor is was good and has ended. Loading the page again makes a new one. If this is frequent, let statements live longer, keep caches from holding the page, or renew the identity property.',
  },
  'rate-limited': {
    category: 'tooOften',
    retryPolicy: 'retry',
    remediation:
      'Too many tokens were asked for by one visitor or from one address. Raise CHAT_RATE_LIMIT where many share an address, set CHAT_TRUSTED_PROXIES where a proxy is in front, and look for code that reloads the chat in a loop.',
  },
  'identity-unavailable': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'The token server asked the site who the visitor is and got no usable answer. Check CHAT_IDENTITY_URL and the log of the token server.',
  },
  overloaded: {
    category: 'busy',
    retryPolicy: 'retry',
    remediation:
      'More tokens are asked for than this token server can sign in about a second. Add replicas or CPU.',
  },
  'server-error': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation: 'Something went wrong inside the token server. Its log has this request id.',
  },
  'key-unavailable': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'The token server has no usable signing key. Run kinescope-chat-server keys list; if there is none, kinescope-chat-server keys generate and kinescope-chat-server keys register.',
  },
  'key-not-registered': {
    category: 'unknownKey',
    retryPolicy: 'retry',
    remediation:
      'Kinescope does not list the key that the token server signs with. Run kinescope-chat-server keys register.',
  },
  'key-expired': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'The public key has passed its expires_at at Kinescope. Run kinescope-chat-server keys rotate, and kinescope-chat-server keys reconcile daily from then on.',
  },
  'event-not-found': {
    category: 'notHere',
    retryPolicy: 'keep',
    remediation:
      'Kinescope knows no such stream. Check event-id, and that KINESCOPE_API_TOKEN belongs to the account that has the stream.',
  },
  'token-malformed': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'The token must be a JWT of three base64url parts, whose header and payload are JSON objects and whose exp, nbf and iat are whole seconds. kinescope-chat-server token verify says more.',
  },
  'claim-missing': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'A chat token needs aud, user_id, username, event_id and exp in its payload, and kid in its header.',
  },
  'bad-algorithm': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'Kinescope takes RS256 only: sign with an RSA key, and name RS256 in the header.',
  },
  'bad-audience': {
    category: 'notForChat',
    retryPolicy: 'keep',
    remediation:
      'Set aud to "chat", in lower case. A token that was made for something else can’t be used here.',
  },
  'wrong-event': {
    category: 'otherStream',
    retryPolicy: 'keep',
    remediation:
      'Mint the token for the event_id that the request names, or, where Kinescope’s id differs from the one on the tag, reply with event_id (the id in the claim) and chat_id (the id in the address) too.',
  },
  'token-expired': {
    category: 'expiredOnArrival',
    retryPolicy: 'keep',
    remediation:
      'Check the clock of the token server (NTP), that exp is some time ahead, and that nothing caches the answers of token-url: they need Cache-Control: no-store.',
  },
  'token-not-yet-valid': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'Leave nbf out, or check the clock of the token server (NTP).',
  },
  offline: {
    category: 'offline',
    retryPolicy: 'retry',
    remediation: 'The browser says that it has no network.',
  },
  'endpoint-unreachable': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'No answer could be read from token-url. Open the address itself to see whether the server runs and its certificate is good; the browser’s console says whether CORS or connect-src of the page’s policy is in the way. A page of another origin has to be listed in CHAT_ALLOWED_ORIGINS. A fetchToken that rejects without a code or a status counts as this too.',
  },
  'endpoint-timeout': {
    category: 'slow',
    retryPolicy: 'retry',
    remediation: 'token-url, or fetchToken, did not answer in 10 s. Look at what the token server waits for.',
  },
  'endpoint-not-found': {
    category: 'misconfigured',
    retryPolicy: 'intermediary',
    remediation:
      'There is no token endpoint at token-url. Check the address, CHAT_BASE_PATH, and that a proxy passes it on.',
  },
  'endpoint-error': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'token-url failed without a code of the token server’s own: often the proxy in front of it. See their logs.',
  },
  'endpoint-bad-reply': {
    category: 'intercepted',
    retryPolicy: 'intermediary',
    remediation:
      'token-url, or fetchToken, must give JSON {"token": "…"}. What came is somebody else’s: a redirect to a sign-in form, a challenge of a firewall or CDN, a page of a framework or of a hotel’s network. Keep token-url out of what guards pages; it says 401 by itself where nobody is signed in.',
  },
  'frame-blocked': {
    category: 'blocked',
    retryPolicy: 'revoke',
    remediation: 'The policy of this page forbids the chat’s frame.',
  },
  'frame-timeout': {
    category: 'slow',
    retryPolicy: 'keep',
    remediation:
      'The chat page did not load in 15 s. Check the network, the domains that Kinescope lets embed the stream, and Cross-Origin-Embedder-Policy of this page, which has to be unsafe-none.',
  },
  'event-id-missing': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'Set event-id to the id of the stream. An editor may have removed it from the tag.',
  },
  'token-url-missing': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'Set token-url to the address of the token endpoint, or fetchToken to a function that gets a token. Only a script that is loaded from the token server itself, under its own name, knows the address by itself.',
  },
}

export const retryPolicyOf = ({ code, retryPolicy }: Pick<Failure, 'code' | 'retryPolicy'>): RetryPolicy =>
  retryPolicy ?? PROBLEMS[code].retryPolicy

/** What a failure is to the visitor. */
export const categoryOf = ({ code, ended }: Failure): Category => (ended ? 'ended' : PROBLEMS[code].category)
