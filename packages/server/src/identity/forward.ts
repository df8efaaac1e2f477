import { errorCode } from '../problem.js'
import { boundedQuestions, TooManyQuestions, type QuestionBounds } from './bounded-questions.js'
import { readCapped } from './capped-answer.js'
import type { IdentityCall, IdentitySource } from './identity.js'
import { judgeSiteAnswer } from './site-answer.js'

/** The visitor waits for this: past three seconds the element's own retry is the better answer. */
const TIMEOUT_MS = 3000
/** A who-is-it answer that needs more is a page. */
const MAX_ANSWER_BYTES = 256 * 1024
/** As many as a site's application server has workers, and some. A site that answers in 50 ms says 1,280 a second. */
const BOUNDS: QuestionBounds = { atOnce: 64, waiting: 256 }

export interface ForwardOptions {
  /** Who-is-it address of the site. Fixed: nothing a visitor sends can change where their cookie goes. */
  url: string
  /** Dotted path of the id in the answer. */
  idField?: string
  nameField?: string
  timeoutMs?: number
  bounds?: QuestionBounds
  fetch?: typeof fetch
}

/** Asks the site: the visitor's own cookie and `Authorization` go to one fixed address, and nowhere else. */
export function forwardIdentity(options: ForwardOptions): IdentitySource {
  const { url, idField = 'id', nameField = 'name', timeoutMs = TIMEOUT_MS } = options
  const { fetch = globalThis.fetch } = options
  const inTurn = boundedQuestions(options.bounds ?? BOUNDS)

  async function ask(headers: Headers, signal: AbortSignal) {
    // 'manual': a redirect leads to a sign-in page, and must not carry the cookie anywhere
    const question = () => fetch(url, { headers, redirect: 'manual', signal })
    const response = await question().catch((fault: unknown) => {
      if (!wasCutOff(fault)) throw fault
      return question()
    })
    const { status } = response
    return {
      status,
      contentType: response.headers.get('content-type'),
      body: await readCapped(response, MAX_ANSWER_BYTES),
    }
  }

  return async (call, eventId, { signal }) => {
    const credentials = headersOf(call, ['cookie', 'authorization'])
    if (credentials.length === 0) {
      return {
        refused: 'sign-in-required',
        reason: 'no-credentials',
        detail:
          'Neither a cookie nor an Authorization header reached the token server. A cookie of another host or site does not: ' +
          "put the server under a path of the site, or give the element a signed 'identity'.",
      }
    }
    // waiting for one's turn is part of it
    const inTime = AbortSignal.timeout(timeoutMs)
    const until = AbortSignal.any([signal, inTime])
    try {
      const headers = new Headers([
        ['Accept', 'application/json'],
        ['X-Chat-Event-Id', encodeURIComponent(eventId)],
        ...credentials,
        // sessions that are bound to a browser compare this with what they saw at sign-in
        ...headersOf(call, ['user-agent']),
      ])
      return judgeSiteAnswer(await inTurn(until, () => ask(headers, until)), { idField, nameField })
    } catch (cause) {
      if (cause instanceof TooManyQuestions) {
        const detail =
          'The site is being asked who visitors are as fast as it answers. Wait as long as Retry-After says.'
        return {
          refused: 'overloaded',
          reason: 'site-busy',
          detail,
          retryAfter: 1 + Math.floor(Math.random() * 5),
        }
      }
      return {
        refused: 'identity-unavailable',
        reason: inTime.aborted ? 'timeout' : 'unreachable',
        retryAfter: 2,
        cause,
      }
    }
  }
}

/**
 * Whether the connection ended before anything came of it. A site closes connections that lie idle, and may do so in the
 * very moment in which one is used again: whoever only reads may then ask a second time (RFC 9110, 9.2.2).
 */
const wasCutOff = (fault: unknown): boolean =>
  ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(errorCode((fault as Error | null)?.cause) ?? '')

function headersOf(call: IdentityCall, names: readonly string[]): [string, string][] {
  return names.flatMap((name): [string, string][] => {
    const value = call.header(name)
    return value ? [[name, value]] : []
  })
}
