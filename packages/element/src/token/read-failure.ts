import type { ElementCode } from '../contract.js'
import { PROBLEMS, type Failure } from '../problem.js'

const BY_STATUS: Record<number, ElementCode> = {
  401: 'sign-in-required',
  403: 'access-denied',
  404: 'endpoint-not-found',
  429: 'rate-limited',
}

/** The code that an answer names, where it is one of ours, else what its HTTP status says, else that there was no answer. */
export function codeOf(code: unknown, status?: number | null): ElementCode {
  if (Object.hasOwn(PROBLEMS, code as string)) return code as ElementCode
  if (!status) return navigator.onLine ? 'endpoint-unreachable' : 'offline'
  return BY_STATUS[status] ?? (status < 500 ? 'bad-request' : 'endpoint-error')
}

/** Names what was thrown, by us, by the platform or by the page's own code. */
export function readFailure(error: unknown): Failure {
  const { code, status } = Object(error) as Failure
  const known = codeOf(code, status)
  return known === code ? (error as Failure) : { code: known, status }
}
