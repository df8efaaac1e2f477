import type { ElementCode } from './contract.js'

/** What is wrong, as the element shows it: in `problem`, in `kinescope-chat-error`, in `diagnostics()`. */
export interface Problem {
  readonly code: ElementCode
  /** For the visitor, in the element's language. */
  readonly message: string
  /** For the developer: what was found against what is expected, and what to do about it. */
  readonly remediation: string
  /** The address of the code's page in the docs, in the element's language; null where the page names no docs. */
  readonly help: string | null
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
  /** What was found and what is expected, for the developer: a whole clause, cut and cleaned. Never a secret. */
  reason?: string | undefined
  status?: number | null | undefined
  retryAfterMs?: number | undefined
  requestId?: string | null | undefined
  /** What could be read of a refused token, for `diagnostics()`; never its signature. */
  header?: Readonly<Record<string, unknown>> | undefined
  claims?: Readonly<Record<string, unknown>> | undefined
  /** The member of the header or the claims that is wrong. */
  claim?: string | undefined
  /** Whether it is the token of a chat on the page that has ended, and not one that came. */
  ended?: boolean | undefined
  /** The retry policy, where it isn't the code's usual one. */
  retryPolicy?: RetryPolicy | undefined
}

/** Carries a failure through code that throws. */
export class ChatFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}

export const chatFailure = (code: ElementCode, details?: Omit<Failure, 'code'>): ChatFailure =>
  new ChatFailure({ code, ...details })

/** A problem that is shown, with its category. */
export interface CategorizedProblem {
  readonly problem: Problem
  readonly category: Category
}

/** What a visitor can be told: many codes share one text. The texts of a language are listed by category. */
export type Category =
  | 'signIn'
  | 'name'
  | 'denied'
  | 'notHere'
  | 'busy'
  | 'tooOften'
  | 'slow'
  | 'offline'
  | 'blocked'
  | 'misconfigured'
  | 'intercepted'
  | 'transient'
  // the cases of Kinescope's article
  | 'otherStream'
  | 'notForChat'
  | 'expiredOnArrival'
  | 'ended'
  | 'unknownKey'
  | 'pageTooOld'

/**
 * What the element does after a failure.
 * - `retry`: retries with growing delays.
 * - `intermediary`: something else answered in the endpoint's place; retries while the token is valid, a few times without one.
 * - `retry-while-valid`: retries while the token is valid, else waits for the visitor.
 * - `keep`: keeps a chat that is there and waits for the visitor.
 * - `revoke`: removes the chat at once.
 */
export type RetryPolicy = 'retry' | 'intermediary' | 'retry-while-valid' | 'keep' | 'revoke'
