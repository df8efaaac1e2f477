import { errorCode } from '../problem.js'
import { decodeUtf8, readCapped } from '../net/capped-read.js'
import { startDeadline } from '../net/deadline.js'
import { withoutCookies } from './cookie.js'
import { readForwardReply } from './forward-reply.js'
import { GUEST_COOKIE } from './guest.js'
import { formatOf } from './identity-token.js'
import type { IdentityCall, IdentitySource } from './identity.js'
import { limitConcurrency, QueueFull, type ConcurrencyLimit } from './limit-concurrency.js'

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
