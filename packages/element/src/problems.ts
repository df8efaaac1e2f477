import type { ElementCode } from './contract.js'
import type { RetryPolicy, Failure, Category } from './problem.js'

export interface ProblemKind {
  category: Category
  retryPolicy: RetryPolicy
  /** For the developer: what is wrong, then what to do. */
  remediation: string
}

/** What the element knows of each code. */
export const PROBLEMS: Readonly<Record<ElementCode, Readonly<ProblemKind>>> = {
  'sign-in-required': {
    category: 'signIn',
    retryPolicy: 'revoke',
    remediation:
      'The site doesn’t know this visitor. If they are signed in, their cookie didn’t reach token-url: serve the token server from the site’s own domain (a path or a subdomain), or set identity. On another domain, the cookie needs SameSite=None; Secure, and credentials must be include.',
  },
  'name-required': {
    category: 'name',
    retryPolicy: 'keep',
    remediation:
      'Guests choose a name first (CHAT_GUEST_NAMES=ask). The form in the chat’s place asks for it.',
  },
  'access-denied': {
    category: 'denied',
    retryPolicy: 'revoke',
    remediation:
      'The site knows this visitor and rejected them (403, or authorize() returned false). If they should have access, change it there.',
  },
  'event-not-allowed': {
    category: 'notHere',
    retryPolicy: 'revoke',
    remediation: 'The token server doesn’t list this stream. Add it to CHAT_EVENTS, or correct event-id.',
  },
  'origin-not-allowed': {
    category: 'misconfigured',
    retryPolicy: 'revoke',
    remediation:
      'The token server doesn’t list the origin of this page. Add it to CHAT_ALLOWED_ORIGINS with scheme and port, without a path.',
  },
  'bad-request': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'The token server couldn’t read the request. Check event-id, and that no proxy changes the POST or its JSON body {"event_id": "…"}.',
  },
  'identity-expired': {
    category: 'pageTooOld',
    retryPolicy: 'keep',
    remediation:
      'The visitor’s identity token has expired. Reload the page to get a new one. If this happens often, increase its lifetime, exclude the page from caches, or pass a function as identity.',
  },
  'rate-limited': {
    category: 'tooOften',
    retryPolicy: 'retry',
    remediation:
      'One visitor or address requested too many tokens. Raise CHAT_RATE_LIMIT if many share an address, set CHAT_TRUSTED_PROXIES behind a proxy, and look for code that reloads the chat in a loop.',
  },
  'identity-unavailable': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'The site’s identity endpoint failed or timed out. Check CHAT_IDENTITY_URL and the token server’s log.',
  },
  overloaded: {
    category: 'busy',
    retryPolicy: 'retry',
    remediation: 'The token server receives more requests than it can sign. Add replicas or CPU.',
  },
  'server-error': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation: 'The token server failed. Look up the request ID in its log.',
  },
  'key-unavailable': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'The token server has no usable signing key. Run kinescope-chat-server keys list; if there is none, run keys generate and keys register.',
  },
  'key-not-registered': {
    category: 'unknownKey',
    retryPolicy: 'retry',
    remediation:
      'Kinescope doesn’t list the token server’s signing key. Run kinescope-chat-server keys register.',
  },
  'key-expired': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'The public key has expired at Kinescope. Run kinescope-chat-server keys rotate, then keys reconcile daily.',
  },
  'event-not-found': {
    category: 'notHere',
    retryPolicy: 'keep',
    remediation:
      'Kinescope knows no such stream. Check event-id, and that KINESCOPE_API_TOKEN belongs to the stream’s account.',
  },
  'token-malformed': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'The token isn’t a valid JWT. Run kinescope-chat-server token verify for details.',
  },
  'claim-missing': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'A claim is missing. The payload needs aud, user_id, username, event_id and exp; the header needs kid.',
  },
  'bad-algorithm': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'Kinescope accepts RS256 only. Sign with an RSA key and set alg to RS256.',
  },
  'bad-audience': {
    category: 'notForChat',
    retryPolicy: 'keep',
    remediation: 'The token isn’t meant for the chat. Set aud to "chat", in lower case.',
  },
  'wrong-event': {
    category: 'otherStream',
    retryPolicy: 'keep',
    remediation:
      'The token is for another stream. Sign it for the requested event_id. If Kinescope uses another id, reply with event_id (claim) and chat_id (address) too.',
  },
  'token-expired': {
    category: 'expiredOnArrival',
    retryPolicy: 'keep',
    remediation:
      'The token had expired when it arrived. Check the token server’s clock (NTP) and exp, and send Cache-Control: no-store.',
  },
  'token-not-yet-valid': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'The token isn’t valid yet. Omit nbf, or check the token server’s clock (NTP).',
  },
  offline: {
    category: 'offline',
    retryPolicy: 'retry',
    remediation: 'The browser reports no network. The chat reconnects by itself.',
  },
  'endpoint-unreachable': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'token-url couldn’t be reached. Open it in a tab to check the server and its certificate, and see the console for CORS and connect-src. A page of another origin must be in CHAT_ALLOWED_ORIGINS.',
  },
  'endpoint-timeout': {
    category: 'slow',
    retryPolicy: 'retry',
    remediation: 'token-url or fetchToken didn’t answer in 10 s. Check what the token server waits for.',
  },
  'endpoint-not-found': {
    category: 'misconfigured',
    retryPolicy: 'intermediary',
    remediation:
      'There is no token endpoint at token-url. Check the address, CHAT_BASE_PATH and the proxy’s routes.',
  },
  'endpoint-error': {
    category: 'transient',
    retryPolicy: 'retry',
    remediation:
      'token-url failed without a code of the token server. Check the logs of the proxy in front of it.',
  },
  'endpoint-bad-reply': {
    category: 'intercepted',
    retryPolicy: 'intermediary',
    remediation:
      'Something other than the token endpoint answered: a sign-in redirect, a firewall’s or CDN’s challenge, another page. Exclude token-url from it, and reply with JSON {"token": "…"}.',
  },
  'frame-blocked': {
    category: 'blocked',
    retryPolicy: 'revoke',
    remediation: 'The policy of this page forbids the chat’s frame. Allow it as described.',
  },
  'frame-timeout': {
    category: 'slow',
    retryPolicy: 'keep',
    remediation:
      'The chat page didn’t load in 15 s. Check the network, the domains allowed at Kinescope, and that Cross-Origin-Embedder-Policy is unsafe-none.',
  },
  'event-id-missing': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation: 'The tag has no stream. Set event-id to its id; an editor may have removed the attribute.',
  },
  'token-url-missing': {
    category: 'misconfigured',
    retryPolicy: 'keep',
    remediation:
      'The element doesn’t know the token endpoint. Set token-url or fetchToken, or load the script from the token server under its own name.',
  },
}

export const retryPolicyOf = ({ code, retryPolicy }: Pick<Failure, 'code' | 'retryPolicy'>): RetryPolicy =>
  retryPolicy ?? PROBLEMS[code].retryPolicy

/** The category that the visitor's text goes by. */
export const categoryOf = ({ code, ended }: Failure): Category => (ended ? 'ended' : PROBLEMS[code].category)
