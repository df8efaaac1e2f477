import { OperatorProblem } from '../problem.js'

/** What went wrong in a call to Kinescope's API, as named in `--json` output. */
export type KinescopeCode =
  | 'api-unreachable'
  | 'api-timeout'
  | 'api-gave-up'
  | 'api-token-refused'
  | 'api-forbidden'
  | 'api-rate-limited'
  | 'api-unavailable'
  | 'api-refused'
  | 'api-bad-answer'
  | 'api-id-malformed'
  | 'event-not-found'
  | 'event-finished'
  | 'key-not-found'
  | 'key-limit-reached'
  | 'kid-taken'

interface ErrorFacts {
  status?: number | null
  requestId?: string | undefined
  retryAfterMs?: number | null
  cause?: unknown
}

export class KinescopeError extends OperatorProblem {
  override readonly name = 'KinescopeError'
  declare readonly code: KinescopeCode
  /** The HTTP status; null where no response came. */
  readonly status: number | null
  /** What `Retry-After` asks for. */
  readonly retryAfterMs: number | null

  constructor(code: KinescopeCode, message: string, remediation: string, facts: ErrorFacts = {}) {
    const { status = null, retryAfterMs = null, requestId, cause } = facts
    super(code, message, remediation, { ...(requestId === undefined ? {} : { requestId }), cause })
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** A response in none of the known forms. It never counts as "nothing there". */
export const badResponse = (what: string, form: string, facts: ErrorFacts = {}): KinescopeError =>
  new KinescopeError(
    'api-bad-answer',
    `${what}: the response is ${form}`,
    'Check KINESCOPE_API_URL and the proxy or sign-in page in between. If they are right, report the request id.',
    facts,
  )

/** The error body as documented and seen; any member may be missing. */
interface ErrorBody {
  code?: unknown
  message?: unknown
  detail?: unknown
  invalid_params?: unknown
}

export interface ErrorResponse {
  /** `GET /v1/jwk`: never with an id or a query from outside our own code. */
  what: string
  resource: 'key' | 'event'
  status: number
  /** The parsed body; undefined where it isn't JSON. */
  body: unknown
  requestId: string | undefined
  retryAfterMs: number | null
}

type Remedy = readonly [KinescopeCode, remediation: string, message?: string]

const KID_TAKEN: Remedy = [
  'kid-taken',
  'A key with this kid is already registered. Run `kinescope-chat-server keys reconcile` to find out which one.',
]
const KEY_LIMIT: Remedy = [
  'key-limit-reached',
  'The account’s key limit is reached. Delete unused keys (`kinescope-chat-server keys list`) or ask Kinescope’s support.',
]

const BY_STATUS: Readonly<Record<number, Remedy>> = {
  401: [
    'api-token-refused',
    'Check KINESCOPE_API_TOKEN: a UUID from app.kinescope.io, Settings → API tokens. The token may be deleted.',
  ],
  402: ['api-refused', 'The account’s plan does not allow this. Ask Kinescope’s support.'],
  403: [
    'api-forbidden',
    'The API token’s workspace is not allowed to do this. Use a token of the workspace that owns the stream.',
  ],
  409: KID_TAKEN,
}

const BY_CODE: Readonly<Record<number, Remedy>> = {
  400201: KID_TAKEN,
  100106: KEY_LIMIT,
  400246: [
    'event-finished',
    'Enable JWT before a stream ends. Use another stream.',
    'the stream has ended, and Kinescope does not change ended streams (400246)',
  ],
  400301: [
    'api-id-malformed',
    'Use the stream’s UUID from `kinescope-chat-server events list`, or the stream’s link.',
    'the id is not a UUID, and no stream’s link ends with it (400301)',
  ],
}

const NOT_FOUND: Readonly<Record<ErrorResponse['resource'], Remedy>> = {
  event: [
    'event-not-found',
    'Check the stream’s id: `kinescope-chat-server events list` shows every stream with its link.',
  ],
  key: [
    'key-not-found',
    'Kinescope has no such key. Run `kinescope-chat-server keys reconcile` to update the key ring.',
  ],
}

/** Explains an error response. The HTTP status decides first, then the code: the two don't always agree. */
export function responseError(response: ErrorResponse): KinescopeError {
  const { what, resource, status, body, requestId, retryAfterMs } = response
  const error = ((body as { error?: unknown } | null | undefined)?.error ?? {}) as ErrorBody
  const number = typeof error.code === 'number' ? error.code : null
  const texts = [error.message, error.detail].filter((text) => typeof text === 'string' && text !== '')
  const params = Array.isArray(error.invalid_params) ? error.invalid_params.map(paramText) : []
  const details = [...texts, ...params].join(', ').slice(0, 300)
  const [code, remediation, message = summary()] = remedyFor()
  return new KinescopeError(code, message, remediation, { status, requestId, retryAfterMs })

  function summary(): string {
    return `${what}: Kinescope answered ${status}${number === null ? '' : `, code ${number}`}${details ? `: ${details}` : ''}`
  }

  function remedyFor(): Remedy {
    if (status >= 500) {
      return [
        'api-unavailable',
        'Kinescope’s API is failing. Run the command again in a minute; if it keeps failing, write to their support.',
      ]
    }
    if (status === 404) return NOT_FOUND[resource]
    if (status === 429) {
      const wait = retryAfterMs === null ? 'a few minutes' : `${Math.ceil(retryAfterMs / 1000)} s`
      return ['api-rate-limited', `Too many requests. Run the command again in ${wait}.`]
    }
    if (status === 402 && number === 100106 && resource === 'key') return KEY_LIMIT
    return BY_STATUS[status] ?? BY_CODE[number ?? 0] ?? ['api-refused', hintFor(details)]
  }
}

/** Remedies by the article's own messages, which have no documented codes. */
function hintFor(details: string): string {
  if (/invalid key format/i.test(details))
    return 'Kinescope rejected the form of the key. Report it with the request id.'
  if (/key size too small/i.test(details))
    return 'Use a key of 2048 bits or more: `kinescope-chat-server keys generate`.'
  if (/key expired/i.test(details))
    return 'The key’s expires_at has passed. Make a new key with `kinescope-chat-server keys rotate`.'
  return 'If the message doesn’t help, write to Kinescope’s support with the request id.'
}

function paramText(param: unknown): string {
  const { name, reason, message } = (param ?? {}) as Record<string, unknown>
  return [message ?? reason, name].filter((text) => typeof text === 'string').join(' — ')
}
