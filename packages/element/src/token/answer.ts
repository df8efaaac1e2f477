import {
  OPERATOR_CODES,
  PAGE_CODES,
  TOKEN_CODES,
  WIRE_CODES,
  WIRE_STATUSES,
  type Code,
  type ElementCode,
  type TokenReply,
  type WireCode,
} from '../contract.js'
import { tryOrUndefined, isOnline } from '../platform.js'
import { ChatFailure, chatFailure } from '../problem.js'
import { PROBLEMS } from '../problems.js'
import { quote, shown, wellFormed } from '../text.js'
import { readRetryAfter } from './life.js'

/** What an answer was, with its body read as far as it may be. */
export interface HttpAnswer {
  /** `response.type`: a redirect that wasn't followed is `opaqueredirect`. */
  type: ResponseType
  status: number
  headers: Headers
  /** As text; undefined where it is longer than any answer of an endpoint. */
  body: string | undefined
}

export interface TokenAnswer {
  reply: TokenReply
  /** Members of the reply that were left out, for they are of the wrong kind. */
  ignored: readonly string[]
  /** The answer's `Date`, in milliseconds since the epoch by the server's clock. */
  date?: number | undefined
}

const REFUSALS: Partial<Record<number, ElementCode>> = { 401: 'sign-in-required', 403: 'access-denied' }

/** How markup begins, whatever it is called, and what it has in it (in UTF-16, a zero in each character) … */
const MARKUP = /^[\s\p{Cc}\p{Cf}]*<[!?a-z]|<(?:\/|(?:!doctype|html|head|body|title|script|meta|br)\b)|\0/iu
/** … and a CDN's refusal, which has neither. */
const CDN_PAGE = /^error code: \d{3,4}\s*$/i
/** Headers in which a guard says that it, and not the endpoint, has answered. */
const GUARDS = ['cf-mitigated', 'x-vercel-mitigated', 'x-amzn-waf-action', 'x-datadome']

/**
 * Whose answer is it? The endpoint's word is our contract: a token, or one of our codes at its own status; or a 401 or 403
 * that somebody has written by hand, with nothing, JSON or plain text in it. Anything else is somebody else's, who stands
 * between the page and the endpoint, and says nothing about the visitor.
 * @returns the token's reply
 * @throws {ChatFailure} what else the answer says
 */
export function readAnswer(answer: HttpAnswer, now = Date.now()): TokenAnswer {
  const { status, headers, body } = answer
  const date = Date.parse(headers.get('Date') ?? '') || undefined
  const json = tryOrUndefined(() => JSON.parse(body ?? '') as unknown)
  const members = Object(json) as { token?: unknown; code?: unknown; request_id?: unknown }
  const id = headers.get('X-Request-ID') ?? members.request_id
  const failure = (code: ElementCode, details?: object) =>
    chatFailure(code, {
      status: status || null,
      retryAfterMs: readRetryAfter(headers.get('Retry-After'), date ?? now),
      requestId: typeof id === 'string' && id ? shown(id, 100) : null,
      ...details,
    })

  if (status >= 200 && status < 300 && typeof members.token === 'string') return { ...readReply(json)!, date }
  if (isWireCode(members.code, status)) throw failure(members.code)
  if (REFUSALS[status] && isByHand(answer, json)) throw failure(REFUSALS[status])
  throw failure(codeOf(status), { reason: describeAnswer(answer, json) })
}

/** Whether this is one of our codes, at a status that it comes with. */
function isWireCode(code: unknown, status: number): code is WireCode {
  const statuses: Readonly<Record<string, readonly number[]>> = WIRE_STATUSES
  return typeof code === 'string' && Object.hasOwn(statuses, code) && statuses[code]!.includes(status)
}

/** What somebody else's answer is called; also what a page's own `fetchToken` means by a status. */
export function codeOf(status: number): ElementCode {
  if (status === 404) return 'endpoint-not-found'
  if (status === 429) return 'rate-limited'
  return status >= 500 && status < 600 ? 'endpoint-error' : 'endpoint-bad-reply'
}

/** Whether a refusal looks like one that a site's developer wrote: empty, JSON, or plain words. */
function isByHand({ headers, body }: HttpAnswer, json: unknown): boolean {
  if (body === undefined || GUARDS.some((name) => headers.has(name))) return false
  if (body.trim() === '') return true
  const text = json === undefined ? body : json
  if (typeof text !== 'string') return true
  const broken = json === undefined && /^\s*[[{]/.test(body)
  if (broken || MARKUP.test(text) || CDN_PAGE.test(text)) return false
  return /^$|^text\/plain$|\bjson$/.test(mediaType(headers))
}

const mediaType = (headers: Headers): string =>
  (headers.get('Content-Type') ?? '').split(';', 1)[0]!.trim().toLowerCase()

/** What came, for the developer: "The answer is an HTML page, HTTP 403, from a server that calls itself …". */
function describeAnswer({ type, status, headers, body }: HttpAnswer, json: unknown): string {
  if (type === 'opaqueredirect') return 'The answer is a redirect, and none is followed'
  const server = headers.get('Server')
  const from = server ? `, from a server that calls itself ${quote(server)}` : ''
  return `The answer is ${formOf(body, json, mediaType(headers))}, HTTP ${status}${from}`
}

function formOf(body: string | undefined, json: unknown, mime: string): string {
  if (body === undefined) return 'longer than a token’s can be'
  if (body.trim() === '') return 'empty'
  if (json !== undefined) {
    if (Array.isArray(json) || json === null || typeof json !== 'object') return 'JSON, but not an object'
    const { code, token } = json as { code?: unknown; token?: unknown }
    const stray =
      typeof code === 'string' ? `the code ${quote(code)}` : typeof token === 'string' && 'a token'
    if (stray) return `JSON with ${stray}, which does not come with this status`
    return 'token' in json ? 'JSON whose token is not a text' : 'JSON without a token'
  }
  if (/html/.test(mime) || (MARKUP.test(body) && !/xml/.test(mime))) {
    const title = /<title[^>]{0,100}>([^<]{1,200})/i.exec(body)?.[1]?.trim()
    return title ? `an HTML page with the title ${quote(title)}` : 'an HTML page'
  }
  if (/json/.test(mime) || /^\s*[[{]/.test(body)) return 'JSON that can’t be read'
  return mime && mime !== 'text/plain' ? `of the type ${quote(mime)}` : 'plain text'
}

/** No token lives longer, in seconds: a day more than a year. */
const LONGEST_LIFE_S = 31_708_800
const LONGEST_ID = 1024

const seconds = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LONGEST_LIFE_S
const id = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_ID && wellFormed(value) === value
const CODES: readonly unknown[] = [...WIRE_CODES, ...TOKEN_CODES, ...PAGE_CODES, ...OPERATOR_CODES]
const code = (value: unknown): value is Code => CODES.includes(value)

/** What each member of a reply has to be; a member that isn't is left out, for the token alone would do. */
const MEMBERS = { expires_in: seconds, refresh_in: seconds, chat_id: id, event_id: id, warning: code }

/** Reads a token endpoint's reply, or a `fetchToken`'s; undefined where there is no token in it. */
export function readReply(value: unknown): { reply: TokenReply; ignored: readonly string[] } | undefined {
  const given = Object(value) as Record<string, unknown>
  const { token } = given
  if (typeof token !== 'string') return undefined
  const reply: Record<string, unknown> = { token }
  const ignored: string[] = []
  for (const [name, fits] of Object.entries(MEMBERS)) {
    // read once: what a page has made may say something else the next time
    const member = given[name] ?? undefined
    if (fits(member)) reply[name] = member
    else if (member !== undefined) ignored.push(name)
  }
  return { reply: reply as unknown as TokenReply, ignored }
}

const LONGEST_WAIT_MS = 3_600_000

/**
 * Names what was thrown: by us, by the platform or by the page's own code, which may say a code of ours or an HTTP
 * status, and of which nothing else is believed. Where it throws in its turn on being looked at, it has said nothing.
 */
export const readFailure = (error: unknown): ChatFailure =>
  tryOrUndefined(() => read(error)) ?? read(undefined)

function read(error: unknown): ChatFailure {
  if (error instanceof ChatFailure) return error
  const { code, status, retryAfterMs, requestId } = Object(error) as Record<string, unknown>
  const http = Number.isInteger(status) ? (status as number) : 0
  return chatFailure(codeFor(code, http), {
    status: http >= 100 && http < 600 ? http : null,
    ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0
      ? { retryAfterMs: Math.min(retryAfterMs, LONGEST_WAIT_MS) }
      : {}),
    requestId: typeof requestId === 'string' ? shown(requestId, 100) : null,
  })
}

/** What only the element can know: the frame, and the network, whose return it waits for. */
const NOT_FOR_OTHERS = /^(?:frame|offline)/

function codeFor(code: unknown, status: number): ElementCode {
  if (typeof code === 'string' && Object.hasOwn(PROBLEMS, code) && !NOT_FOR_OTHERS.test(code))
    return code as ElementCode
  if (status === 401) return 'sign-in-required'
  if (status === 403) return 'access-denied'
  if (status >= 300) return codeOf(status)
  return isOnline() ? 'endpoint-unreachable' : 'offline'
}
