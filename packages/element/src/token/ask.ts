import { tryOrUndefined } from '../platform.js'
import { ChatFailure, chatFailure } from '../problem.js'
import { steadyNow } from '../clock.js'
import { readHeaderValue, type Settings, type TokenReason } from '../settings.js'
import { quote } from '../text.js'
import { readFailure, readReply, type TokenAnswer } from './answer.js'
import { askEndpoint } from './endpoint.js'

const ANSWER_TIMEOUT_MS = 10_000

/** Two requests with the same values here are the same request. */
const SAME = ['eventId', 'tokenUrl', 'simple', 'credentials', 'identity', 'fetchToken'] as const
export type RequestSettings = Pick<Settings, (typeof SAME)[number]>

interface SharedRequest {
  settings: RequestSettings
  waiting: number
  controller: AbortController
  answer: Promise<TokenAnswer>
}
const pending = new Set<SharedRequest>()

/**
 * Requests a token. Elements that make the same request at the same time share it; the last one that leaves aborts it.
 * @throws {ChatFailure}, or anything else once the signal is aborted
 */
export function askForToken(
  settings: RequestSettings,
  reason: TokenReason,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  let request = [...pending].find((other) => SAME.every((key) => other.settings[key] === settings[key]))
  if (!request) {
    const controller = new AbortController()
    request = { settings, waiting: 0, controller, answer: ask(settings, reason, controller) }
    pending.add(request)
  }
  const shared = request
  const settled = () => pending.delete(shared)
  shared.waiting++
  shared.answer.then(settled, settled)
  signal.addEventListener('abort', () => {
    if (--shared.waiting) return
    settled()
    shared.controller.abort()
  })
  return shared.answer
}

async function ask(
  settings: RequestSettings,
  reason: TokenReason,
  controller: AbortController,
): Promise<TokenAnswer> {
  const { signal } = controller
  const begun = steadyNow()
  const timer = setTimeout(() => controller.abort(chatFailure('endpoint-timeout')), ANSWER_TIMEOUT_MS)
  // the page's own functions may ignore the signal
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  )
  aborted.catch(() => {})
  try {
    const answer = await Promise.race([askSource(settings, reason, signal), aborted])
    // a machine that slept meanwhile doesn't know the token's age
    if (steadyNow() - begun > ANSWER_TIMEOUT_MS)
      throw chatFailure('token-expired', { reason: 'The device slept during the request' })
    return answer
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function askSource(
  { fetchToken, identity, tokenUrl, ...request }: RequestSettings,
  reason: TokenReason,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  if (fetchToken) {
    const { eventId } = request
    return runPageCode('fetchToken', async () => {
      const value: unknown = await fetchToken({ eventId, reason, signal })
      const answer = readReply(value)
      if (answer) return answer
      const given = Object(value) === value ? 'an object without a token' : quote(typeof value)
      throw chatFailure('endpoint-bad-reply', { reason: `fetchToken gave ${given}` })
    })
  }
  const value = typeof identity === 'function' ? await runPageCode('identity', identity) : identity
  signal.throwIfAborted()
  return askEndpoint({ ...request, tokenUrl: tokenUrl!, identity: readHeaderValue(value) }, signal)
}

/** Runs a function of the page. Its error's message may hold anything, so only the name is shown. */
async function runPageCode<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const kind = tryOrUndefined(() => (error instanceof Error ? error.name : typeof error))
    throw new ChatFailure({ reason: `${name} rejected with ${quote(kind)}`, ...readFailure(error) })
  }
}
