import pLimit from 'p-limit'
import { errorCode } from '../problem.js'
import { decodeUtf8, parseJson, readCapped, startDeadline, raceWithSignal } from '../net/limits.js'
import { withoutCookies, formatOf } from './credentials.js'
import { GUEST_COOKIE } from './guest.js'
import {
  readField,
  userFrom,
  type IdentityAnswer,
  type IdentityCall,
  type IdentitySource,
} from './identity.js'

/** The visitor waits. After three seconds the element's own retry is the better answer. */
const TIMEOUT_MS = 3000
/** A longer response is a page. */
const MAX_ANSWER_BYTES = 256 * 1024
/** More than the workers of a usual application server. A site that answers in 50 ms gives 1,280 answers a second. */
const LIMIT: ConcurrencyLimit = { concurrent: 64, queued: 256 }

export interface ForwardOptions {
  /** The site's identity endpoint. Fixed: a visitor can't change where their cookie goes. */
  url: string
  /** Dotted path of the id in the answer. */
  idField?: string
  nameField?: string
  timeoutMs?: number
  limit?: ConcurrencyLimit
  fetch?: typeof fetch
}

/** Asks the site. The visitor's own cookie and `Authorization` go to one fixed address only. */
export function forwardIdentity(options: ForwardOptions): IdentitySource {
  const { url, idField = 'id', nameField = 'name', timeoutMs = TIMEOUT_MS } = options
  const { fetch = globalThis.fetch } = options
  const limited = limitConcurrency(options.limit ?? LIMIT)

  async function ask(headers: Headers, signal: AbortSignal) {
    // 'manual': a redirect leads to a sign-in page, and must not carry the cookie anywhere
    const request = () => fetch(url, { headers, redirect: 'manual', signal })
    const response = await request().catch((fault: unknown) => {
      if (!wasCutOff(fault)) throw fault
      return request()
    })
    const { status } = response
    return {
      status,
      contentType: response.headers.get('content-type'),
      body: await readBody(response, signal),
    }
  }

  return async (call, eventId, { signal }) => {
    const credentials = credentialsOf(call)
    if (credentials.length === 0) {
      return {
        refused: 'sign-in-required',
        reason: 'no-credentials',
        detail:
          'Neither a cookie nor an Authorization header reached the token server. A cookie of another host or site does not: ' +
          "put the server under a path of the site, or give the element a signed 'identity'.",
      }
    }
    // the time in the queue counts
    const deadline = startDeadline(timeoutMs, signal)
    try {
      const headers = new Headers([
        ['Accept', 'application/json'],
        ['X-Chat-Event-Id', encodeURIComponent(eventId)],
        ...credentials,
        // some sessions are bound to the browser of the sign-in
        ...headersOf(call, ['user-agent']),
      ])
      return readForwardReply(
        await limited(deadline.signal, timeoutMs / 2, () => ask(headers, deadline.signal)),
        {
          idField,
          nameField,
        },
      )
    } catch (cause) {
      if (cause instanceof QueueFull) {
        const detail = 'The identity endpoint of the site is busy. Wait as long as Retry-After says.'
        return {
          refused: 'overloaded',
          reason: 'site-busy',
          detail,
          retryAfter: 1 + Math.floor(Math.random() * 5),
        }
      }
      return {
        refused: 'identity-unavailable',
        reason: deadline.expired ? 'timeout' : 'unreachable',
        retryAfter: 2,
        cause,
      }
    } finally {
      deadline.clear()
    }
  }
}

async function readBody(response: Response, signal: AbortSignal): Promise<string | null> {
  const { bytes, truncated } = await readCapped(response.body, MAX_ANSWER_BYTES, signal)
  return truncated ? null : decodeUtf8(bytes)
}

/** What the visitor has of the site's. Our own guest cookie and tokens are none of its business. */
function credentialsOf(call: IdentityCall): [string, string][] {
  const cookie = withoutCookies(call.header('cookie'), [GUEST_COOKIE])
  const authorization = call.header('authorization')
  const isOurs = /^(guest|link)$/.test(formatOf((authorization ?? '').replace(/^bearer /i, '')))
  return [
    ...(cookie ? [['cookie', cookie] as [string, string]] : []),
    ...(authorization && !isOurs ? [['authorization', authorization] as [string, string]] : []),
  ]
}

/**
 * Whether the connection ended before a response. A site may close an idle connection in the moment of its next use, and
 * a GET may be repeated (RFC 9110, section 9.2.2).
 */
const wasCutOff = (fault: unknown): boolean =>
  ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(errorCode((fault as Error | null)?.cause) ?? '')

function headersOf(call: IdentityCall, names: readonly string[]): [string, string][] {
  return names.flatMap((name): [string, string][] => {
    const value = call.header(name)
    return value ? [[name, value]] : []
  })
}

/** A response of the site's identity endpoint. */
export interface ForwardReply {
  status: number
  contentType: string | null
  /** null if it was too long, or not UTF-8. */
  body: string | null
}

/** Redirects to a sign-in form. 301 and 308 mean that the address has moved. */
const TO_SIGN_IN = [302, 303, 307]
const MOVED = [301, 308]

/**
 * Reads a response of the site's identity endpoint. Its own responses are a JSON object, or a plain 401 or 403. Any other
 * (a page of any status, a challenge, a proxy's error) is an intermediary's and signs no visitor out.
 */
export function readForwardReply(
  { status, contentType, body }: ForwardReply,
  fields: { idField: string; nameField: string },
): IdentityAnswer {
  const unavailable = (reason: string): IdentityAnswer => ({ refused: 'identity-unavailable', reason })
  if (MOVED.includes(status)) return unavailable('site-moved')
  if (status === 204 || TO_SIGN_IN.includes(status)) {
    return { refused: 'sign-in-required', reason: `site-says-${status}` }
  }
  if (body === null) return unavailable('too-long')
  const value = parseJson(body)
  if (value === undefined && isPage(contentType, body)) return unavailable('site-page')
  if (status === 401) return { refused: 'sign-in-required', reason: 'site-says-401' }
  if (status === 403) return { refused: 'access-denied', reason: 'site-says-403' }
  if (status !== 200) return unavailable(`site-says-${status}`)
  if (value === undefined) return unavailable('not-json')
  if (value === null) return { refused: 'sign-in-required', reason: 'no-id' }
  if (typeof value !== 'object' || Array.isArray(value)) return unavailable('not-an-object')
  const [id, name] = [readField(value, fields.idField), readField(value, fields.nameField)]
  // a wrong ID_FIELD: the site knows the visitor, and a chain must not make them a guest
  if (id === undefined && typeof name === 'string' && name.trim() !== '')
    return unavailable('name-without-id')
  return userFrom(id, name)
}

/** By its type or its first character: PHP labels everything HTML, an empty response too. */
function isPage(contentType: string | null, body: string): boolean {
  const text = body.trim()
  return text !== '' && (text.startsWith('<') || /html|xml/i.test((contentType ?? '').slice(0, 200)))
}

export interface ConcurrencyLimit {
  /** Requests at once, and so connections. */
  concurrent: number
  /** Requests that wait for a free place. */
  queued: number
}

/** The queue is full, or a place didn't become free in time. */
class QueueFull extends Error {
  override readonly name = 'QueueFull'
}

/**
 * Limits concurrent requests to another server, so that a stream's start doesn't overload it. A request that had to wait
 * so long that too little time is left fails at once and is never sent: a server that hangs gets no second burst.
 *
 * @throws QueueFull
 */
function limitConcurrency({ concurrent, queued }: ConcurrencyLimit) {
  const limit = pLimit(concurrent)
  return async <T>(signal: AbortSignal, maxWaitMs: number, work: () => Promise<T>): Promise<T> => {
    const ahead = limit.activeCount + limit.pendingCount
    if (ahead >= concurrent + queued) throw new QueueFull()
    const wait = ahead >= concurrent ? startDeadline(maxWaitMs, signal) : null
    let onStart: () => void = () => undefined
    const started = new Promise<void>((resolve) => (onStart = resolve))
    const result = limit(() => {
      // the caller has left the queue
      signal.throwIfAborted()
      wait?.signal.throwIfAborted()
      onStart()
      return work()
    })
    // a caller that leaves doesn't wait for the result
    result.catch(() => undefined)
    try {
      if (wait) await raceWithSignal(started, wait.signal)
    } catch (cause) {
      throw wait?.expired ? new QueueFull(undefined, { cause }) : cause
    } finally {
      wait?.clear()
    }
    return raceWithSignal(result, signal)
  }
}
