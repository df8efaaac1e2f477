import type { ElementCode, TokenReply } from '../contract.js'
import { ChatFailure, PROBLEMS } from '../problem.js'
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
}

/** The endpoint's time to answer. */
export const ANSWER_TIMEOUT_MS = 10_000

interface Flight extends TokenQuestion {
  askers: number
  controller: AbortController
  answer: Promise<TokenAnswer>
}
/** Requests under way. Elements that ask for the same thing at the same time share one. */
const flights = new Set<Flight>()

/** Asks for a token. Rejects with a ChatFailure, or with the signal's reason once nobody waits any more. */
export function askForToken(
  question: TokenQuestion,
  reason: TokenReason,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const keys = ['eventId', 'tokenUrl', 'credentials', 'identity', 'fetchToken'] as const
  let flight = [...flights].find((other) => keys.every((key) => other[key] === question[key]))
  if (!flight) {
    const controller = new AbortController()
    const answer = ask(question, reason, controller).finally(() => flights.delete(taken))
    const taken = (flight = { ...question, askers: 0, controller, answer })
    flights.add(taken)
  }
  const shared = flight
  shared.askers++
  return new Promise((resolve, reject) => {
    shared.answer.then(resolve, reject)
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
      if (--shared.askers) return
      flights.delete(shared)
      shared.controller.abort()
    })
  })
}

async function ask(
  question: TokenQuestion,
  reason: TokenReason,
  controller: AbortController,
): Promise<TokenAnswer> {
  const { signal } = controller
  const timer = setTimeout(
    () => controller.abort(new ChatFailure({ code: 'endpoint-timeout' })),
    ANSWER_TIMEOUT_MS,
  )
  // a page's own fetchToken may not listen to the signal
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  )
  try {
    const { eventId, fetchToken } = question
    const answer = fetchToken
      ? Promise.resolve(fetchToken({ eventId, reason, signal })).then((reply): TokenAnswer => ({ reply }))
      : post(question, signal)
    const { reply, date } = await Promise.race([answer, aborted])
    if (typeof reply?.token !== 'string')
      throw new ChatFailure({ code: 'endpoint-bad-reply', reason: 'no token' })
    return { reply, date }
  } catch (error) {
    throw signal.aborted ? (signal.reason as Error) : asFailure(error)
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
  const body = await response.text()
  const date = Date.parse(response.headers.get('Date') ?? '') || undefined
  const reply = parse(body)
  if (response.ok) {
    if (reply) return { reply: reply as unknown as TokenReply, date }
    throw new ChatFailure({ code: 'endpoint-bad-reply', status: response.status, reason: 'not JSON' })
  }
  const { status, headers } = response
  throw new ChatFailure({
    code: wireCode(reply?.['code'], status),
    status,
    retryAfterMs: readRetryAfter(headers.get('Retry-After'), date ?? Date.now()),
    requestId: headers.get('X-Request-ID') ?? undefined,
  })
}

function parse(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return value && typeof value === 'object' ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const BY_STATUS: Record<number, ElementCode> = {
  401: 'sign-in-required',
  403: 'access-denied',
  404: 'endpoint-not-found',
  429: 'rate-limited',
}

/** The endpoint's own code where it names one, else what the HTTP status says. */
function wireCode(code: unknown, status: number): ElementCode {
  if (Object.hasOwn(PROBLEMS, code as string)) return code as ElementCode
  return BY_STATUS[status] ?? (status < 500 ? 'bad-request' : 'endpoint-error')
}

function asFailure(error: unknown): ChatFailure {
  if (error instanceof ChatFailure) return error
  const { code, status } = (error ?? {}) as { code?: unknown; status?: number }
  if (status || Object.hasOwn(PROBLEMS, code as string))
    return new ChatFailure({ code: wireCode(code, status!), status })
  return new ChatFailure({ code: navigator.onLine ? 'endpoint-unreachable' : 'offline' })
}
