import { OperatorProblem } from '../problem.js'

/** What went wrong between us and Kinescope's API, by the names used in `--json` output. */
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

export class KinescopeError extends OperatorProblem {
  override readonly name = 'KinescopeError'
  declare readonly code: KinescopeCode
  /** The HTTP status; null where no answer came. */
  readonly status: number | null

  constructor(
    code: KinescopeCode,
    message: string,
    remediation: string,
    {
      status = null,
      ...rest
    }: { status?: number | null; requestId?: string | undefined; cause?: unknown } = {},
  ) {
    const { requestId, cause } = rest
    super(code, message, remediation, { ...(requestId === undefined ? {} : { requestId }), cause })
    this.status = status
  }
}

/** The error body as it is documented and was seen; anything may be missing. */
interface ErrorBody {
  code?: unknown
  message?: unknown
  detail?: unknown
  invalid_params?: unknown
}

export interface Refusal {
  /** `GET /v1/jwk`: never with an id or a query that came from outside our own code. */
  what: string
  resource: 'key' | 'event'
  status: number
  /** The parsed body; undefined where it wasn't JSON. */
  body: unknown
  requestId: string | undefined
  retryAfterMs: number | null
}

/** Explains a refusal. The HTTP status decides first, then the code: the two don't always agree. */
export function refusalError({
  what,
  resource,
  status,
  body,
  requestId,
  retryAfterMs,
}: Refusal): KinescopeError {
  const error = ((body as { error?: unknown } | null | undefined)?.error ?? {}) as ErrorBody
  const number = typeof error.code === 'number' ? error.code : null
  const said = [error.message, error.detail].filter((text) => typeof text === 'string' && text !== '')
  const params = Array.isArray(error.invalid_params) ? error.invalid_params.map(paramText) : []
  const words = [...said, ...params].join(', ').slice(0, 300)
  const answer = `${what} was answered ${status}${number === null ? '' : `, code ${number}`}${words ? `: ${words}` : ''}`
  const make = (code: KinescopeCode, remediation: string, message = answer) =>
    new KinescopeError(code, message, remediation, { status, requestId })

  if (status >= 500) {
    return make(
      'api-unavailable',
      'Kinescope’s side fails: run the command again in a minute; if it stays, write to its support.',
    )
  }
  switch (status) {
    case 401:
      return make(
        'api-token-refused',
        'Check KINESCOPE_API_TOKEN: a UUID from app.kinescope.io, Settings → API tokens. It may have been deleted.',
      )
    case 402:
      return make(
        number === 100106 && resource === 'key' ? 'key-limit-reached' : 'api-refused',
        'The account’s plan or limit stands in the way: `keys list` shows what is registered; remove what is not needed or ask Kinescope’s support.',
      )
    case 403:
      return make(
        'api-forbidden',
        'The API token’s workspace may not do this: use a token of the workspace that owns the stream.',
      )
    case 404:
      return resource === 'event'
        ? make(
            'event-not-found',
            'Check the stream’s id: `kinescope-chat-server events list` shows all of them with their links.',
          )
        : make(
            'key-not-found',
            'Kinescope has no such key (any more): `kinescope-chat-server keys reconcile` sets the ring right.',
          )
    case 409:
      return make(
        'kid-taken',
        'A key with this kid is registered already: `kinescope-chat-server keys reconcile` finds out which.',
      )
    case 429: {
      const wait = retryAfterMs === null ? 'a few minutes' : `${Math.ceil(retryAfterMs / 1000)} s`
      return make('api-rate-limited', `Too many requests: run the command again in ${wait}.`)
    }
  }
  switch (number ?? 0) {
    case 400201:
      return make(
        'kid-taken',
        'A key with this kid is registered already: `kinescope-chat-server keys reconcile` finds out which.',
      )
    case 100106:
      return make(
        'key-limit-reached',
        'The account holds as many keys as it may: delete unused ones or ask Kinescope’s support.',
      )
    case 400246:
      return make(
        'event-finished',
        'The stream is over, and Kinescope lets nobody edit a finished stream: JWT has to be switched on before it ends. Take another stream.',
        'the stream is finished and can’t be edited any more (400246)',
      )
    case 400301:
      return make(
        'api-id-malformed',
        'Kinescope’s API wants the stream’s UUID: copy it from `kinescope-chat-server events list`, or give the stream’s link.',
        'the id is not a UUID, and no stream has it as the last part of its link (400301)',
      )
  }
  return make('api-refused', hintFor(words))
}

/** The article's own messages for keys; they come without documented codes, so they are only hints. */
function hintFor(words: string): string {
  if (/invalid key format/i.test(words))
    return 'Kinescope didn’t take the key’s form: report this together with the request id.'
  if (/key size too small/i.test(words))
    return 'Use a key of 2048 bits or more: `kinescope-chat-server keys generate`.'
  if (/key expired/i.test(words))
    return 'The key’s expires_at has passed: make a new one with `kinescope-chat-server keys rotate`.'
  return 'If the message doesn’t help, write to Kinescope’s support with the request id.'
}

function paramText(param: unknown): string {
  const { name, reason, message } = (param ?? {}) as Record<string, unknown>
  return [message ?? reason, name].filter((text) => typeof text === 'string').join(' — ')
}
