import { tryOrUndefined } from '../platform.js'
import type { TokenReply } from '../contract.js'
import { chatFailure } from '../problem.js'
import { quote } from '../text.js'
import { askEndpoint, askWhy } from './ask-endpoint.js'
import { type TokenAnswer, readFailure, readReply } from './answer.js'

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
  const { eventId, fetchToken, tokenUrl } = question
  const { signal } = controller
  const timer = setTimeout(() => controller.abort(chatFailure('endpoint-timeout')), ANSWER_TIMEOUT_MS)
  // a page's own fetchToken may not listen to the signal
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  )
  aborted.catch(() => {})
  try {
    const asked = fetchToken
      ? fetchToken({ eventId, reason, signal })
      : askEndpoint({ ...question, tokenUrl: tokenUrl! }, signal)
    const value = await Promise.race([asked, aborted])
    return fetchToken ? readFetched(value) : (value as TokenAnswer)
  } catch (error) {
    signal.throwIfAborted()
    clearTimeout(timer)
    const failure = readFailure(error)
    if (fetchToken) failure.reason ??= rejection(error)
    else if (failure.code === 'endpoint-unreachable' && !failure.reason)
      throw (await askWhy(tokenUrl!, signal)) ?? failure
    throw failure
  } finally {
    clearTimeout(timer)
  }
}

function readFetched(value: unknown): TokenAnswer {
  const answer = readReply(value)
  if (answer) return answer
  const given = value instanceof Object ? 'an object without a token' : quote(typeof value)
  throw chatFailure('endpoint-bad-reply', { reason: `fetchToken gave ${given}` })
}

/** How a page's own code failed; its message may hold anything, and so isn't shown. */
function rejection(error: unknown): string {
  const name = tryOrUndefined(() => (error instanceof Error ? error.name : typeof error))
  return `fetchToken rejected with ${quote(name)}`
}
