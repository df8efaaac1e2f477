import { isPlaceholder } from 'kinescope-chat/event-id'
import type { WireCode } from 'kinescope-chat/contract'
import type { ChatUser, IdentityCall } from '../identity/identity.js'
import { CappedBytes, decodeUtf8, parseJson, readCapped } from '../net/limits.js'
import { Refusal, todoFor } from './refusal.js'

/** A token request never needs more than this. Bytes. */
export const MAX_BODY_BYTES = 4096
const MAX_EVENT_ID_LENGTH = 128

/** A request in the form that the endpoint uses, for any server. */
export interface TokenCall<R = unknown> extends IdentityCall<R> {
  readonly method: string
  /** The server's own origin as the browser sees it. */
  readonly ownOrigin: string | null
  /** Whether the request names its host twice. RFC 9112, section 3.2. */
  readonly hostIsAmbiguous?: boolean
  readonly requestId: string
  /** W3C Trace Context of a trusted proxy, for the log. */
  readonly traceparent?: string | undefined
  /** `guest`: a guest chooses a name; `token` where left out. */
  readonly route?: 'token' | 'guest'
  /**
   * Called once, and only if everything before the body was valid.
   * @param until aborts when the request has ended
   */
  readBody(until: Until): Promise<RequestBody>
  /** Calls the listener when the visitor has left before the reply. */
  onDisconnect?(listener: () => void): void
}

/**
 * The route of a request. Handlers are mounted at any address; the element's requests for guests' names end in `guest`.
 */
export const routeOf = (url: string): 'token' | 'guest' =>
  /\/guest(?:$|[?#])/.test(url.slice(0, 2000)) ? 'guest' : 'token'

/** Tells a callback of the host when to stop. */
export interface Until {
  /** Aborts when the request has ended. */
  readonly signal: AbortSignal
}

/** The second argument of `authenticate`. */
export interface AuthenticateContext extends Until {
  /** The identity token that the element sent, from `Authorization: Bearer` or from the body; null without one. */
  readonly identity: string | null
}

export interface AuthorizeQuestion<R> extends Until {
  user: ChatUser
  /** The id that the page requested. */
  eventId: string
  request: R
}

/** The outcome of a request, for logs and metrics. Contains no name, no id and no credential of the visitor. */
export type TokenOutcome = {
  requestId: string
  /** W3C Trace Context, where a trusted proxy sent it. */
  traceparent?: string
} & (
  | { kind: 'preflight' }
  | { kind: 'minted'; eventId: string; kid: string; signMs: number }
  | {
      kind: 'refused'
      code: WireCode
      status: number
      reason: string
      /** The operator's remedy, in one line; null if there is nothing to do. */
      todo: string | null
      /** The page's origin as the browser sent it, cut and sanitized; null if it sent none. */
      origin: string | null
      /** The visitor's address, cut and sanitized; null if it is unknown. */
      address: string | null
      cause?: unknown
    }
)

/** A signed token, for an audit of issued tokens. */
export interface IssuedToken {
  /** Milliseconds since the epoch. */
  time: number
  requestId: string
  kid: string
  /** As in the token's claims. */
  eventId: string
  /** As in the token's claims: a pseudonym where one is configured. */
  userId: string
  /** Seconds since the epoch. */
  exp: number
  address: string | null
}

/** The body as an adapter read it, at most `MAX_BODY_BYTES` of it; or the value that a framework has already parsed. */
export type RequestBody =
  | { text: string }
  | { value: unknown }
  | { problem: 'too-large' | 'not-utf-8' | 'broken-off' | 'read-already' }

/**
 * Checks `Content-Type` before the body is read. A simple request (Fetch standard) arrives as text in UTF-8. The origin
 * check, which needs `Origin` or `Sec-Fetch-Site`, has already checked it.
 */
export function checkContentType(contentType: string | null, contentEncoding: string | null): void {
  const [type = '', ...parameters] = (contentType ?? '').slice(0, 200).split(';')
  const isText = type.trim().toLowerCase() === 'text/plain' && parameters.every(isUtf8)
  if (!isText && type.trim().toLowerCase() !== 'application/json') {
    throw new Refusal('bad-request', {
      status: 415,
      reason: 'content-type',
      detail: 'Content-Type must be application/json, or text/plain in UTF-8.',
    })
  }
  if (contentEncoding !== null && contentEncoding.trim().toLowerCase() !== 'identity') {
    throw new Refusal('bad-request', {
      status: 415,
      reason: 'content-encoding',
      detail: 'The body must not be compressed.',
    })
  }
}

/** Whether a parameter of a media type leaves the text UTF-8. */
function isUtf8(parameter: string): boolean {
  const [name = '', value = ''] = parameter.split('=')
  if (name.trim().toLowerCase() !== 'charset') return true
  return /^"?utf-?8"?$/i.test(value.trim())
}

export interface TokenRequestBody {
  eventId: string
  /** The identity token, if the request has no `Authorization` header. */
  identity: string | null
}

/** Matches a single header value: the identity token replaces the one of `Authorization: Bearer`. */
const HEADER_SAFE = /^[\x21-\x7e]+$/

const refuse = (reason: string, detail: string, status = 400) =>
  new Refusal('bad-request', { reason, detail, status })

/** Reads a JSON object with no other members than these. Nothing is coerced. */
export function readJsonObject(body: RequestBody, names: readonly string[]): Record<string, unknown> {
  if ('problem' in body) {
    if (body.problem === 'too-large') throw refuse('too-large', 'The body is over 4 KiB.', 413)
    if (body.problem === 'read-already') throw new Refusal('server-error', { reason: 'body-read-already' })
    throw refuse(body.problem, 'The body must be JSON in UTF-8.')
  }
  const value = 'value' in body ? body.value : parseJson(body.text)
  if (value === undefined) throw refuse('not-json', 'The body must be JSON in UTF-8.')
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refuse('not-an-object', 'The body must be a JSON object.')
  }
  if (Object.keys(value).some((name) => !names.includes(name))) {
    const [required, ...optional] = names.map((name) => `"${name}"`)
    throw refuse(
      'extra-member',
      `The body must hold ${required}, an optional ${optional.join(', ')}, and nothing else.`,
    )
  }
  return Object.fromEntries(Object.entries(value))
}

/** Reads the body. Accepts no other member, above all no user id. */
export function readTokenRequest(body: RequestBody, hasAuthorization: boolean): TokenRequestBody {
  const value = readJsonObject(body, ['event_id', 'identity'])
  const member = (name: string): unknown => (Object.hasOwn(value, name) ? value[name] : null)
  const identity = member('identity')
  if (Object.hasOwn(value, 'identity')) {
    if (hasAuthorization) {
      throw refuse('identity-twice', 'Send "identity" in the body or an Authorization header, not both.')
    }
    if (typeof identity !== 'string' || !HEADER_SAFE.test(identity)) {
      throw refuse('identity-type', '"identity" must be an identity token: text without spaces.')
    }
  }
  const eventId = member('event_id')
  if (typeof eventId !== 'string') throw refuse('event-id-type', '"event_id" must be a string.')
  if (isPlaceholder(eventId))
    throw refuse(
      'event-id-placeholder',
      '"event_id" is a placeholder that nothing replaced. Set event-id on the page.',
    )
  if (eventId.length > MAX_EVENT_ID_LENGTH || eventId.trim() === '') {
    throw refuse('event-id-length', `"event_id" must have 1 to ${MAX_EVENT_ID_LENGTH} characters.`)
  }
  // half a surrogate pair has no UTF-8, so no URL, header or claim can carry it
  if (/[\p{Cc}\p{Cs}]/u.test(eventId)) {
    throw refuse('event-id-characters', '"event_id" must be text without control characters.')
  }
  return { eventId: eventId.trim(), identity: identity as string | null }
}

/** The call for identity sources: a token in the body replaces a bearer header. */
export function withIdentity<R>(call: TokenCall<R>, identity: string | null): IdentityCall<R> {
  if (identity === null) return call
  const { address, request } = call
  const header = (name: string) => (name === 'authorization' ? `Bearer ${identity}` : call.header(name))
  return { header, address, request }
}

/** Reads a body that a framework or a serverless adapter has already read, in any form. */
export function bodyReadAlready(body: unknown): RequestBody {
  if (body === undefined || body === null) return { problem: 'read-already' }
  if (body instanceof Uint8Array) return decode(body)
  if (body instanceof ArrayBuffer) return decode(new Uint8Array(body))
  if (typeof body !== 'string') return { value: body }
  if (body.length > MAX_BODY_BYTES) return { problem: 'too-large' }
  return decode(new TextEncoder().encode(body))
}

function decode(bytes: Uint8Array, truncated = false): RequestBody {
  if (truncated || bytes.byteLength > MAX_BODY_BYTES) return { problem: 'too-large' }
  const text = decodeUtf8(bytes)
  return text === null ? { problem: 'not-utf-8' } : { text }
}

/** Reads the body of a `Request`. */
export async function readStreamBody(
  stream: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): Promise<RequestBody> {
  if (stream?.locked) return { problem: 'read-already' }
  try {
    const { bytes, truncated } = await readCapped(stream, MAX_BODY_BYTES, signal)
    return decode(bytes, truncated)
  } catch {
    return { problem: 'broken-off' }
  }
}

/** The used part of Node's `Readable`, whose types an edge runtime doesn't have. */
interface NodeStream {
  readonly destroyed: boolean
  readonly readable: boolean
  readonly readableDidRead: boolean
  readonly readableEnded: boolean
  /** What a parser or a serverless platform has left of it. */
  readonly body?: unknown
  on(event: string, listener: Listener): this
  off(event: string, listener: Listener): this
  pause(): unknown
}

// oxlint-disable-next-line typescript/no-explicit-any -- as Node types it
type Listener = (...values: any[]) => void

/** Reads the body of a Node request, or takes what a parser or a serverless platform has left of it. */
export async function readNodeBody(
  stream: NodeStream,
  contentLength: string | undefined,
  parsedBody?: unknown,
): Promise<RequestBody> {
  if (Number(contentLength) > MAX_BODY_BYTES) return { problem: 'too-large' }
  const body = parsedBody ?? stream.body
  // the visitor has left before the stream was read: it is destroyed
  const untouched = !stream.readableDidRead && !stream.readableEnded && (stream.readable || stream.destroyed)
  // a parser that doesn't take this type leaves an empty object beside a full stream
  if (!untouched || !isEmpty(body)) return bodyReadAlready(body)
  return readNodeStream(stream)
}

function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null || body === '') return true
  return typeof body === 'object' && Object.keys(body).length === 0
}

/**
 * Reads a stream of Node. Stopping early keeps the socket, because the rejection must still be sent. It uses
 * events, which cost a third of an async iterator.
 */
function readNodeStream(stream: NodeStream): Promise<RequestBody> {
  return new Promise((resolve) => {
    const capped = new CappedBytes(MAX_BODY_BYTES)
    const finish = (body: RequestBody) => {
      stream.off('data', onData).off('end', onEnd).off('close', onClose)
      resolve(body)
    }
    const onData = (chunk: Uint8Array | string) => {
      // text where the host has called setEncoding(), or a hook of Fastify has replaced the stream
      if (capped.add(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)) return
      stream.pause()
      finish({ problem: 'too-large' })
    }
    const onEnd = () => finish(decode(capped.bytes()))
    const onClose = () => finish({ problem: 'broken-off' })
    // an error without a listener would end the process; 'close' follows it
    stream
      .on('data', onData)
      .on('end', onEnd)
      .on('close', onClose)
      .on('error', () => undefined)
    if (stream.destroyed) onClose()
  })
}

/**
 * A stream that tokens may be issued for. Kinescope has up to three ids for one stream (a UUID, a 22-character public
 * id, a number) and doesn't document which one the claim needs. So the ids of the claim and of the chat URL can be set
 * separately.
 */
export interface AllowedEvent {
  /** The id that the page requests. */
  id: string
  /** The id in the token's `event_id` claim; by default the page's. */
  claimId?: string
  /** The id in the chat's URL; by default the page's. */
  chatId?: string
}

/** The streams that tokens may be issued for, or `*` for any. */
export type AllowedEvents = '*' | readonly (string | AllowedEvent)[]

/** Makes a lookup of the streams that a page may request; null for a stream that isn't listed. */
export function eventLookup(events: AllowedEvents): (id: string) => AllowedEvent | null {
  // without a list, only a text that can be an id may go into a claim
  if (events === '*') return (id) => (/^[\w-]+$/.test(id) ? { id } : null)
  const byId = new Map(
    events.map((event) => (typeof event === 'string' ? { id: event } : event)).map((e) => [e.id, e]),
  )
  return (id) => byId.get(id) ?? null
}

const MAX_LOGGED = 200

/** Makes an untrusted text safe for a log: cut, and without characters that could forge a line or reverse it. */
export function sanitizeForLog(text: string): string {
  const short = text.length > MAX_LOGGED ? `${text.slice(0, MAX_LOGGED)}…` : text
  return short.replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, '\ufffd')
}

export type RefusedOutcome = Extract<TokenOutcome, { kind: 'refused' }>

/** What log and metrics keep of a refusal. */
export function refusedOutcome(
  { code, status, reason, cause }: Refusal,
  {
    requestId,
    traceparent,
    origin,
    address,
  }: Pick<TokenCall, 'requestId' | 'traceparent' | 'address'> & { origin: string | null },
): RefusedOutcome {
  return {
    kind: 'refused',
    requestId,
    ...(traceparent === undefined ? {} : { traceparent }),
    code,
    status,
    reason,
    todo: todoFor(code, reason),
    origin: origin && sanitizeForLog(origin),
    address: address && sanitizeForLog(address),
    cause,
  }
}
