import type { TokenReply } from '../contract.js'
import { attempt } from '../attempt.js'
import { chatFailure } from '../problem.js'
import { codeOf } from './read-failure.js'
import { readRetryAfter } from './retry-after.js'

/** Why a token is asked for: first time, before the old one ends, after a failure, because somebody pressed "Reload". */
export type TokenReason = 'load' | 'refresh' | 'retry' | 'reload'

export interface FetchTokenRequest {
  eventId: string
  reason: TokenReason
  /** Aborted when the answer no longer matters, and after ten seconds. */
  signal: AbortSignal
}

/**
 * Replaces the call of the token endpoint. It may reject with an error that has a `code` of the contract, or a `status`
 * as in HTTP; anything else counts as `endpoint-unreachable`.
 */
export type FetchToken = (request: FetchTokenRequest) => Promise<TokenReply>

export interface TokenQuestion {
  eventId: string
  tokenUrl: string | undefined
  credentials: RequestCredentials
  identity: string | undefined
  fetchToken: FetchToken | undefined
}

export interface TokenAnswer {
  reply: TokenReply
  /** The answer's `Date`, in milliseconds since the epoch by the server's clock. */
  date?: number | undefined
  status?: number | undefined
}

/** The endpoint's time to answer. */
const ANSWER_TIMEOUT_MS = 10_000

/** What makes two questions the same one. */
const SAME = ['eventId', 'tokenUrl', 'credentials', 'identity', 'fetchToken'] as const

interface Flight {
  question: TokenQuestion
  askers: number
  controller: AbortController
  answer: Promise<TokenAnswer>
}
/** Requests under way. Elements that ask for the same thing at the same time share one. */
const flights = new Set<Flight>()

/**
 * Asks for a token. Rejects with whatever went wrong, for `readFailure` to name. When the signal aborts, the answer is
 * nobody's or another's: look at the signal before it is used.
 */
export function askForToken(
  question: TokenQuestion,
  reason: TokenReason,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  let flight = [...flights].find((other) => SAME.every((key) => other.question[key] === question[key]))
  if (!flight) {
    const controller = new AbortController()
    flight = { question, askers: 0, controller, answer: ask(question, reason, controller) }
    flights.add(flight)
  }
  const shared = flight
  const land = () => flights.delete(shared)
  shared.askers++
  shared.answer.then(land, land)
  signal.addEventListener('abort', () => {
    if (--shared.askers) return
    land()
    shared.controller.abort()
  })
  return shared.answer
}

async function ask(
  question: TokenQuestion,
  reason: TokenReason,
  controller: AbortController,
): Promise<TokenAnswer> {
  const { eventId, fetchToken } = question
  const { signal } = controller
  const timer = setTimeout(() => controller.abort(chatFailure('endpoint-timeout')), ANSWER_TIMEOUT_MS)
  // a page's own fetchToken may not listen to the signal
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
  try {
    const asked = fetchToken ? fetchToken({ eventId, reason, signal }) : post(question, signal)
    const value = await Promise.race([asked, aborted])
    signal.throwIfAborted()
    const answer = (fetchToken ? { reply: value } : value) as TokenAnswer
    const { reply, status } = answer
    if (typeof reply?.token === 'string') return answer
    throw chatFailure('endpoint-bad-reply', { status })
  } catch (error) {
    throw signal.reason ?? error
  } finally {
    clearTimeout(timer)
  }
}

async function post(
  { eventId, tokenUrl, credentials, identity }: TokenQuestion,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const response = await fetch(tokenUrl!, {
    method: 'POST',
    cache: 'no-store',
    credentials,
    signal,
    headers: {
      'Content-Type': 'application/json',
      ...(identity ? { Authorization: `Bearer ${identity}` } : {}),
    },
    body: JSON.stringify({ event_id: eventId }),
  })
  const { ok, status, headers } = response
  const body = await response.text()
  const reply = attempt(() => JSON.parse(body) as TokenReply & { code?: unknown })
  const date = Date.parse(headers.get('Date')!) || undefined
  if (ok) return { reply: reply!, date, status }
  throw chatFailure(codeOf(reply?.code, status), {
    status,
    retryAfterMs: readRetryAfter(headers.get('Retry-After'), date ?? Date.now()),
    requestId: headers.get('X-Request-ID'),
  })
}
