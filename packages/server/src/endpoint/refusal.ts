import type { ProblemReply, WireCode } from 'kinescope-chat/contract'

interface ProblemKind {
  status: number
  title: string
  detail: string
}

/** What each code of the wire says. Nothing here depends on who asks or on what went wrong inside. */
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
    detail: 'Expected POST with the JSON object {"event_id": "…"} and nothing else.',
  },
  'identity-expired': {
    status: 401,
    title: 'Identity expired',
    detail: 'The statement of who the visitor is was good and has ended. Load the page again.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    detail: 'Too many tokens were asked for. Wait as long as Retry-After says.',
  },
  'identity-unavailable': {
    status: 503,
    title: 'Identity unavailable',
    detail: 'The site could not say who the visitor is. Try again later.',
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
  detail?: string
  /** Whole seconds. */
  retryAfter?: number
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

  constructor(code: WireCode, { reason, status, detail, retryAfter, headers, cause }: RefusalOptions) {
    super(`${code}: ${reason}`, { cause })
    this.code = code
    this.status = status ?? PROBLEMS[code].status
    this.reason = reason
    this.detail = detail ?? PROBLEMS[code].detail
    this.headers = { ...headers, ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }) }
  }

  /** The body of `application/problem+json` (RFC 9457). */
  problem(requestId: string): ProblemReply {
    const { code, status, detail } = this
    const { title } = PROBLEMS[code]
    return { type: `urn:kinescope-chat:problem:${code}`, title, status, detail, code, request_id: requestId }
  }
}
