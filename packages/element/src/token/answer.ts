import { WIRE_STATUSES, type ElementCode, type TokenReply, type WireCode } from '../contract.js'
import { isOnline, own, tryOrUndefined } from '../platform.js'
import { ChatFailure, PROBLEMS, type Failure } from '../problems.js'
import { quote, shown } from '../text.js'

/** A response with its body as text; undefined if the body is longer than any valid one. */
export interface HttpAnswer {
  /** `opaqueredirect` for a redirect that wasn't followed. */
  type: ResponseType | undefined
  status: number
  headers: Headers
  body: string | undefined
}

export interface TokenAnswer {
  reply: TokenReply
  /** The members of the reply that were dropped for their type. */
  ignored: readonly string[]
  /** The response's `Date` in milliseconds since the epoch. */
  date?: number | undefined
}

const REFUSALS: Partial<Record<number, ElementCode>> = { 401: 'sign-in-required', 403: 'access-denied' }

/** Matches markup under any content type. In UTF-16, each character contains a zero. */
const MARKUP = /^[\s\p{Cc}\p{Cf}]*<[!?a-z]|<(?:\/|(?:!doctype|html|head|body|title|script|meta|br)\b)|\0/iu
const CDN_PAGE = /^error code: \d{3,4}\s*$/i
/** Headers by which a firewall, a CDN or a gateway marks its own response. */
const INTERMEDIARIES = [
  'cf-mitigated',
  'x-vercel-mitigated',
  'x-amzn-waf-action',
  'x-amzn-errortype',
  'x-datadome',
]

/**
 * Tells a response of the token endpoint from one of an intermediary (proxy, CDN, captive portal). The endpoint's has a
 * token, one of our codes at its own status, or is a hand-written 401 or 403.
 * @throws {ChatFailure} where the response has no token
 */
export function readAnswer(answer: HttpAnswer, now = Date.now()): TokenAnswer {
  const { status, headers, body } = answer
  const date = Date.parse(headers.get('Date') ?? '') || undefined
  const json = tryOrUndefined(() => JSON.parse(body ?? '') as unknown)
  const [token, wireCode] = [own(json, 'token'), own(json, 'code')]
  const id = headers.get('X-Request-ID') ?? own(json, 'request_id')
  const failure = (code: ElementCode, details?: object) =>
    new ChatFailure({
      code,
      status: status || null,
      retryAfterMs: readRetryAfter(headers.get('Retry-After'), date ?? now),
      requestId: typeof id === 'string' && id ? shown(id, 100) : null,
      ...details,
    })

  if (status >= 200 && status < 300 && typeof token === 'string') return { ...readReply(json)!, date }
  if (isWireCode(wireCode, status)) throw failure(wireCode)
  if (REFUSALS[status] && isHandWritten(answer, json)) throw failure(REFUSALS[status])
  throw failure(codeOf(status), { reason: describeAnswer(answer, json) })
}

/** Whether this is one of our codes, at a status that belongs to it. */
export function isWireCode(code: unknown, status: number): code is WireCode {
  const statuses = typeof code === 'string' ? own(WIRE_STATUSES, code) : undefined
  return (statuses as readonly number[] | undefined)?.includes(status) ?? false
}

/** The code of an intermediary's response, or of a status that a page's `fetchToken` rejects with. */
export function codeOf(status: number): ElementCode {
  if (status === 404) return 'endpoint-not-found'
  if (status === 429) return 'rate-limited'
  return status >= 500 && status < 600 ? 'endpoint-error' : 'endpoint-bad-reply'
}

/** Whether a rejection looks hand-written: empty, plain text, or JSON of no product's error shape. */
export function isHandWritten({ headers, body }: HttpAnswer, json: unknown): boolean {
  if (body === undefined || INTERMEDIARIES.some((name) => headers.get(name))) return false
  if (body.trim() === '') return true
  // a script may give its JSON no type
  if (Object(json) === json) return !isProductError(json, body)
  const text = typeof json === 'string' ? json : body
  const broken = json === undefined && /^\s*[[{]/.test(body)
  if (broken || MARKUP.test(text) || CDN_PAGE.test(text)) return false
  return /^$|^text\/plain$|\bjson$/.test(mediaType(headers))
}

/** Members and texts of security services' JSON: Akamai, DataDome, HUMAN, Apigee, Yandex Cloud, Imperva, F5. */
const SERVICE = /captcha|challenge|"(?:blockScript|fault|errorType|incidentId|supportId)"/i

/** Whether JSON has the error shape of a known product, which answered instead of the endpoint. */
function isProductError(json: unknown, body: string): boolean {
  const errors = [own(json, 'errors')].flat()
  return (
    // WordPress
    (Array.isArray(json) && json.length > 0) ||
    // WordPress, MediaWiki, Cloudflare, Google: the code is nested
    [own(json, 'data'), own(json, 'error'), errors]
      .flat()
      .some((value) => own(value, 'code') ?? own(value, 'status')) ||
    // GraphQL, JSON:API
    errors.some((error) => own(error, 'message') ?? own(error, 'title')) ||
    // Spring
    (own(json, 'timestamp') && own(json, 'path')) !== undefined ||
    // another product's problem details (RFC 9457); frameworks name the RFC of the status
    /^"https?:(?!.*\/rfc\d)/.test(quote(own(json, 'type'))) ||
    SERVICE.test(body)
  )
}

const mediaType = (headers: Headers): string =>
  (headers.get('Content-Type') ?? '').split(';', 1)[0]!.trim().toLowerCase()

/** Describes the response for the developer: its title or type, its status, and the server's name. */
function describeAnswer({ type, status, headers, body = '' }: HttpAnswer, json: unknown): string {
  if (type === 'opaqueredirect') return 'The answer is a redirect, and none is followed'
  const title = MARKUP.test(body) && /<title[^>]{0,100}>([^<]{1,200})/i.exec(body)?.[1]?.trim()
  const code = own(json, 'code')
  const form = title ? `the HTML page ${quote(title)}` : mediaType(headers) || 'without a type'
  const server = headers.get('Server')
  return `The answer is ${code ? `JSON with ${quote(code)}` : shown(form)}, HTTP ${status}${server ? `, from the server ${quote(server)}` : ''}`
}

/** Seconds, at most a year. A timestamp or milliseconds are an error of the endpoint. */
const duration = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < 31_700_000
const id = (value: unknown): value is string => typeof value === 'string' && value !== ''
const share = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1

/** The check of each optional member. An invalid one is dropped: the token alone is enough. */
const MEMBERS = {
  expires_in: duration,
  refresh_in: duration,
  chat_id: id,
  event_id: id,
  report_rate: share,
  warning: id,
}

/** Reads the reply of a token endpoint or of a `fetchToken`; undefined without a token. */
export function readReply(value: unknown): { reply: TokenReply; ignored: readonly string[] } | undefined {
  const token = own(value, 'token')
  if (typeof token !== 'string') return undefined
  const reply = Object.assign(Object.create(null) as Record<string, unknown>, { token })
  const ignored: string[] = []
  for (const [name, fits] of Object.entries(MEMBERS)) {
    const member = own(value, name) ?? undefined
    if (fits(member)) reply[name] = member
    else if (member !== undefined) ignored.push(name)
  }
  return { reply: reply as unknown as TokenReply, ignored }
}

/**
 * Reads an error thrown by the element, by the platform or by the page's own code, which may have one of our codes or
 * an HTTP status. Never throws.
 */
export const readFailure = (error: unknown): Failure => tryOrUndefined(() => read(error)) ?? read(undefined)

function read(error: unknown): Failure {
  if (error instanceof ChatFailure) return error.failure
  const [status, retryAfterMs, requestId] = ['status', 'retryAfterMs', 'requestId'].map((name) =>
    own(error, name),
  )
  const http = Number.isInteger(status) ? (status as number) : 0
  return {
    code: codeFor(own(error, 'code'), http),
    status: http >= 100 && http < 600 ? http : null,
    retryAfterMs: duration(retryAfterMs) ? Math.min(retryAfterMs, LONGEST_WAIT_MS) : undefined,
    requestId: typeof requestId === 'string' ? shown(requestId, 100) : null,
  }
}

/** Codes that only the element itself can detect. */
const OWN_CODES = /^(?:frame|offline)/

function codeFor(code: unknown, status: number): ElementCode {
  if (typeof code === 'string' && Object.hasOwn(PROBLEMS, code) && !OWN_CODES.test(code))
    return code as ElementCode
  if (status >= 300) return REFUSALS[status] ?? codeOf(status)
  return isOnline() ? 'endpoint-unreachable' : 'offline'
}

/** The longest `Retry-After` that the element follows. */
const LONGEST_WAIT_MS = 3_600_000
const DATE = /^(?:mon|tue|wed|thu|fri|sat|sun)/i

/**
 * Reads `Retry-After` in either of its forms (RFC 9110, 10.2.3), in milliseconds, an hour at most.
 * @param now milliseconds since the epoch by the server's clock, against which a date is read
 */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  const text = (value ?? '').trim().slice(0, 100)
  const date = DATE.test(text) ? Date.parse(text) : NaN
  // a proxy may add its own, and `fetch` joins the two
  const ms = /^[\d.]+(?:[,\s]|$)/.test(text) ? parseFloat(text) * 1000 : date - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_WAIT_MS)
}
