import type { ElementCode } from './contract.js'

/** What is wrong, as the element shows it: in `problem`, in `kinescope-chat-error`, in `diagnostics()`. */
export interface Problem {
  readonly code: ElementCode
  /** For the visitor, in the element's language. */
  readonly message: string
  /** For the developer: what to do about it. */
  readonly remediation: string
  /** The HTTP status behind it, where there was one. */
  readonly status: number | null
  /** Milliseconds until the element tries again by itself; null where it won't. */
  readonly retryInMs: number | null
  /** The `X-Request-ID` of the refusing answer. */
  readonly requestId: string | null
}

/** A failure before it has words: what a fetch, a token check or a frame reports upwards. */
export interface Failure {
  code: ElementCode
  /** What exactly, for the developer: a claim's name, a directive to add. Never a secret. */
  reason?: string | undefined
  status?: number | undefined
  retryAfterMs?: number | undefined
  requestId?: string | undefined
}

export class ChatFailure extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}

/** Failures that can pass by themselves and are therefore tried again (SPEC, section 4). */
const PASSING: readonly ElementCode[] = [
  'rate-limited',
  'identity-unavailable',
  'overloaded',
  'server-error',
  'key-unavailable',
  'key-not-registered',
  'offline',
  'endpoint-unreachable',
  'endpoint-timeout',
  'endpoint-error',
]

export const canPass = (code: ElementCode): boolean => PASSING.includes(code)

const REFUSING: readonly ElementCode[] = [
  'sign-in-required',
  'access-denied',
  'event-not-allowed',
  'origin-not-allowed',
  'frame-blocked',
]

/** A refusal takes the chat away at once: that is how a ban or a sign-out works, and a blocked frame is an empty one. */
export const isRefusal = ({ code, status }: Failure): boolean =>
  status === 401 || status === 403 || REFUSING.includes(code)
