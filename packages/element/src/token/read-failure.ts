import { attempt } from '../attempt.js'
import type { ElementCode } from '../contract.js'
import { isOnline } from '../platform.js'
import { chatFailure, ChatFailure } from '../problem.js'
import { PROBLEMS } from '../problems.js'
import { shown } from '../quote.js'
import { codeOf } from './read-answer.js'

const LONGEST_WAIT_MS = 3_600_000

/**
 * Names what was thrown: by us, by the platform or by the page's own code, which may say a code of ours or an HTTP
 * status, and of which nothing else is believed. Where it throws in its turn on being looked at, it has said nothing.
 */
export const readFailure = (error: unknown): ChatFailure => attempt(() => read(error)) ?? read(undefined)

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
