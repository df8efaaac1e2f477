import type { GuestNameProblem, ProblemReply, WireCode } from 'kinescope-chat/contract'
import { alwaysHeaders } from './origin.js'

interface ProblemKind {
  status: number
  title: string
  detail: string
}

/** The texts of each wire code. None depends on the visitor or on an internal error. */
export const PROBLEMS: Record<WireCode, ProblemKind> = {
  'sign-in-required': {
    status: 401,
    title: 'Sign in first',
    detail: 'The site does not know the visitor.',
  },
  'name-required': {
    status: 401,
    title: 'Name required',
    detail: 'A guest must choose a name first: POST guest with {"name": "…"}.',
  },
  'access-denied': {
    status: 403,
    title: 'Access denied',
    detail: 'The visitor is known, but may not enter this chat.',
  },
  'event-not-allowed': {
    status: 403,
    title: 'Stream not allowed',
    detail: 'This stream is not in the list of the token server (CHAT_EVENTS).',
  },
  'origin-not-allowed': {
    status: 403,
    title: 'Origin not allowed',
    detail: 'The origin of the page is not in the list of the token server (CHAT_ALLOWED_ORIGINS).',
  },
  'bad-request': {
    status: 400,
    title: 'Bad request',
    detail: 'Expected POST with the JSON object {"event_id": "…"}.',
  },
  'identity-expired': {
    status: 401,
    title: 'Identity expired',
    detail: 'The identity token has expired. Reload the page.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    detail: 'Too many token requests. Wait as long as Retry-After says.',
  },
  'identity-unavailable': {
    status: 503,
    title: 'Identity unavailable',
    detail: 'The site could not identify the visitor. Try again later.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail:
      'More tokens are waiting to be signed than can be in about a second. Wait as long as Retry-After says.',
  },
  'server-error': { status: 500, title: 'Server error', detail: 'Something went wrong. Try again later.' },
  'key-unavailable': {
    status: 503,
    title: 'No signing key',
    detail: 'The token server has no usable signing key.',
  },
  'key-not-registered': {
    status: 503,
    title: 'Key not registered',
    detail: 'Kinescope does not list the signing key of the token server.',
  },
  'key-expired': {
    status: 503,
    title: 'Key expired',
    detail: 'The public key has passed its expires_at at Kinescope.',
  },
  'event-not-found': { status: 404, title: 'Stream not found', detail: 'Kinescope knows no such stream.' },
}

export interface RefusalOptions {
  /** For the log: a short stable word. Never holds anything the visitor sent. */
  reason: string
  /** Instead of the code's own; RFC 9110 gives `bad-request` four. */
  status?: number
  detail?: string | undefined
  /** Whole seconds. */
  retryAfter?: number | undefined
  nameProblem?: GuestNameProblem | undefined
  headers?: Record<string, string>
  cause?: unknown
}

/** The end of a request that gets no token. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: WireCode
  readonly status: number
  readonly reason: string
  readonly detail: string
  readonly headers: Record<string, string>
  readonly nameProblem: GuestNameProblem | undefined

  constructor(
    code: WireCode,
    { reason, status, detail, retryAfter, headers, nameProblem, cause }: RefusalOptions,
  ) {
    super(`${code}: ${reason}`, { cause })
    this.code = code
    this.status = status ?? PROBLEMS[code].status
    this.reason = reason
    this.detail = detail ?? PROBLEMS[code].detail
    this.nameProblem = nameProblem
    this.headers = { ...headers, ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }) }
  }

  /** The body of `application/problem+json` (RFC 9457). */
  problem(requestId: string): ProblemReply {
    const { code, status, detail } = this
    const { title } = PROBLEMS[code]
    const type = `urn:kinescope-chat:problem:${code}`
    const problem: ProblemReply = { type, title, status, detail, code, request_id: requestId }
    return this.nameProblem === undefined ? problem : { ...problem, name_problem: this.nameProblem }
  }
}

export interface TokenAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Without a code on purpose: the element then says `endpoint-not-found`, as for any server's 404. */
export const notFound = (requestId: string): TokenAnswer =>
  answerWithoutCode(requestId, 404, 'Not found', 'There is nothing at this address.')

export function answerWithoutCode(
  requestId: string,
  status: number,
  title: string,
  detail: string,
): TokenAnswer {
  const headers = alwaysHeaders(requestId)
  headers['Content-Type'] = 'application/problem+json'
  const body = { type: 'about:blank', title, status, detail, request_id: requestId }
  return { status, headers, body: JSON.stringify(body) }
}

/**
 * The response to a refusal.
 * @param headers those of every response, and CORS headers where the page may read it
 */
export function refusalAnswer(
  refusal: Refusal,
  requestId: string,
  headers = alwaysHeaders(requestId),
): TokenAnswer {
  headers['Content-Type'] = 'application/problem+json'
  Object.assign(headers, refusal.headers)
  return { status: refusal.status, headers, body: JSON.stringify(refusal.problem(requestId)) }
}

/** By reason, where a reason is more specific than the code. */
const BY_REASON: Record<string, string> = {
  'origin-not-listed': 'If the page is yours, add its origin to CHAT_ALLOWED_ORIGINS.',
  'origin-removed': 'A proxy in front removes Origin. Let it pass Origin and Sec-Fetch-Site on.',
  'no-origin': 'Not a page in a browser. A proxy in front must pass Origin and Sec-Fetch-Site on.',
  'origin-null': 'The page is sandboxed or a local file. Open it from a listed origin.',
  navigation: 'The address was opened in a browser tab. Put the element on a page instead.',
  'not-listed': 'If the stream is yours, add its id to CHAT_EVENTS.',
  'no-credentials':
    'No cookie reaches this server. Put it under a path of the site, or give the element an identity token.',
  'site-moved': 'The address has moved. Set CHAT_IDENTITY_URL to the new one.',
  'site-page':
    'CHAT_IDENTITY_URL responded with a page (a challenge, a sign-in form, an error). Let this server past it.',
  'not-json': 'CHAT_IDENTITY_URL must respond with a JSON object.',
  'not-an-object': 'CHAT_IDENTITY_URL must respond with a JSON object.',
  'too-long': 'CHAT_IDENTITY_URL must respond with a JSON object of less than 256 KiB.',
  'site-busy':
    'The site responds too slowly for so many visitors. Check CHAT_IDENTITY_URL, or use CHAT_IDENTITY=jwt.',
  'no-time-left': 'Requests waited too long to start. If it lasts, add replicas or cores.',
  'id-not-a-string': 'CHAT_IDENTITY_ID_FIELD names a value that is no id. Name the field of the id.',
  'no-id': 'If the visitor was signed in, CHAT_IDENTITY_ID_FIELD names no id in the response of the site.',
  'key-set': 'No key set came from CHAT_IDENTITY_JWKS_URL or the issuer. Check the address from this host.',
  'exp-in-milliseconds': 'The site writes exp in milliseconds. Write seconds.',
  'exp-too-far': 'The identity token expires later than CHAT_IDENTITY_MAX_AGE allows.',
  'other-event': 'The identity token was made for another stream.',
  'identity-token-rejected':
    'If this happens often, the site and CHAT_IDENTITY_SECRET, the key, issuer or audience do not fit.',
  'identity-token-encrypted':
    'The site’s token is encrypted (JWE). Sign a JWT for the chat, or use CHAT_IDENTITY=forward.',
  'identity-token-malformed':
    'The site’s token or cookie is not a JWT. Sign one for the chat, or use CHAT_IDENTITY=forward.',
  'identity-cookie-twice': 'The site sets the cookie twice. Set it once, for one domain and path.',
  'key-unknown': 'The token’s key is not in the key set yet. The set is fetched again within seconds.',
  'name-without-id': 'CHAT_IDENTITY_ID_FIELD (or _HEADER) names no id, but a name came. Correct it.',
  'issuer-unknown': 'If the issuer is yours, add it to CHAT_IDENTITY_OIDC.',
  'azp-other': 'The token was issued to another client. Add that client id to CHAT_IDENTITY_OIDC.',
  'init-data-rejected': 'Check CHAT_TELEGRAM_BOT_ID or the bot token.',
  'identity-token-unknown': 'No source of CHAT_IDENTITY accepts this token. Check its format and the chain.',
  'link-broken': 'The visitor’s link was cut or changed. Nothing to do, unless CHAT_LINK_SECRET changed.',
  'id-of-another-source': 'A member’s id begins like a guest’s or another source’s id. Rename the member.',
  'untrusted-peer': 'If this is your proxy, add its address to CHAT_TRUSTED_PROXIES.',
  'header-repeated': 'Let the proxy remove the copies of its headers that visitors send.',
  'authenticate-failed': 'authenticate() threw. See the cause.',
  address:
    'If many visitors share this address, raise the second number of CHAT_RATE_LIMIT, or set CHAT_TRUSTED_PROXIES.',
  'body-read-already':
    'A body parser ran first and left nothing. Pass its result to the handler as third argument.',
  'signing-late': 'The signer does not respond. Check the key service and the machine.',
  'authorize-late': 'authorize() was too slow. Check what it waits for.',
  'limits-late': 'The rate limit was too slow. Check what it waits for.',
  'headers-too-large': 'The cookies of the site are too large. Remove those that it does not need.',
  'not-http': 'If it happens often, a proxy sends TLS or HTTP/2 here. Let it send plain HTTP/1.1.',
  'visitor-left': 'Nothing: the visitor left before the response.',
  closing: 'Nothing: the server is stopping.',
}

/** By code, for all other reasons. */
const BY_CODE: Partial<Record<WireCode, string>> = {
  'identity-unavailable': 'The site did not identify the visitor. Check CHAT_IDENTITY_URL.',
  overloaded: 'If it lasts, add replicas or cores.',
  'server-error': 'An internal error. See the cause.',
  'key-unavailable': 'Run kinescope-chat-server keys list.',
  'key-not-registered': 'Run kinescope-chat-server keys register.',
  'key-expired': 'Run kinescope-chat-server keys rotate.',
  'event-not-found': 'Kinescope knows no such stream. Correct CHAT_EVENTS.',
}

/** What an operator can do about a refusal; null where there is nothing to do. */
export function todoFor(code: WireCode, reason: string): string | null {
  return BY_REASON[reason] ?? BY_CODE[code] ?? null
}
