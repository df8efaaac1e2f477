import type { ElementCode } from './contract.js'

/** What is wrong, as the element shows it: in `problem`, in `kinescope-chat-error`, in `diagnostics()`. */
export interface Problem {
  readonly code: ElementCode
  /** For the visitor, in the element's language. */
  readonly message: string
  /** For the developer: what was found against what is expected, and what to do about it. */
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
  /** How it goes on, where that isn't its code's usual way. */
  course?: Course | undefined
}

/** A failure to throw. Whatever else is thrown is the platform's or the page's, and is read before it is believed. */
export class ChatFailure extends Error implements Failure {
  readonly code: ElementCode
  declare reason?: string | undefined
  declare status?: number | null | undefined
  declare retryAfterMs?: number | undefined
  declare requestId?: string | null | undefined
  declare header?: Failure['header']
  declare claims?: Failure['claims']
  declare claim?: string | undefined
  declare ended?: boolean | undefined
  declare course?: Course | undefined

  constructor(code: ElementCode, details?: Omit<Failure, 'code'>) {
    super(code)
    this.code = code
    Object.assign(this, details)
  }
}

export const chatFailure = (code: ElementCode, details?: Omit<Failure, 'code'>): ChatFailure =>
  new ChatFailure(code, details)

/** A problem that is shown, and what it is to the visitor: many codes are one thing to them, and the texts go by it. */
export interface Trouble {
  readonly problem: Problem
  readonly topic: Topic
}

/** What a visitor can be told about a problem. The last six are the article's own cases, and a page that is too old. */
export type Topic =
  | 'signIn'
  | 'name'
  | 'denied'
  | 'notHere'
  | 'busy'
  | 'tooOften'
  | 'slow'
  | 'offline'
  | 'blocked'
  | 'setUp'
  | 'intercepted'
  | 'passing'
  | 'otherStream'
  | 'notForChat'
  | 'expiredOnArrival'
  | 'ended'
  | 'unknownKey'
  | 'pageTooOld'

/**
 * How it goes on. `passes`: it can pass by itself, and is tried again. `foreign`: somebody else has answered in the
 * endpoint's place, which says nothing about the visitor: asked again while the token lives, and a few times without one.
 * `keeps`: asked again while the token lives, else it waits for a hand.
 * `refuses`: takes the chat away at once. `stays`: waits for a hand.
 */
export type Course = 'passes' | 'foreign' | 'keeps' | 'refuses' | 'stays'
