import type { Category, Problem } from '../problems.js'

export type Status = 'idle' | 'preview' | 'loading' | 'ready' | 'refreshing' | 'error'

/** Everything the view needs to know of the session. */
export interface ChatState {
  readonly status: Status
  readonly problem: Problem | null
  readonly category: Category | null
  /** Whether a chat is on the page; it stays through problems that may pass. */
  readonly framed: boolean
  /** Whether a request is under way. */
  readonly busy: boolean
}

/**
 * What happens in a session. `retrying`: a failure, to be retried; `failed`: one that isn't; `revoked`: one that removes
 * the chat; `replaced`: the chat is another visitor's now.
 */
export type SessionEvent =
  'stopped' | 'previewed' | 'requested' | 'shown' | 'replaced' | 'retrying' | 'failed' | 'revoked'

/** A problem that is shown, with the category of its text. */
export type ShownProblem = Pick<ChatState, 'problem' | 'category'>

export const IDLE: ChatState = { status: 'idle', problem: null, category: null, framed: false, busy: false }

/** The one transition function. Pure. */
export function nextState(
  { framed, problem, category }: ChatState,
  event: SessionEvent,
  failure?: ShownProblem,
): ChatState {
  switch (event) {
    case 'stopped':
      return IDLE
    case 'previewed':
      return { ...IDLE, status: 'preview' }
    case 'requested':
      return { framed, problem, category, busy: true, status: framed ? 'refreshing' : 'loading' }
    case 'replaced':
      return { ...IDLE, busy: true, status: 'loading' }
    case 'shown':
      return { ...IDLE, status: 'ready', framed: true }
    case 'revoked':
      return { ...IDLE, ...failure, status: 'error' }
    case 'retrying':
    case 'failed':
      return { ...IDLE, ...failure, framed, status: framed && event === 'retrying' ? 'refreshing' : 'error' }
  }
}

/** `kinescope-chat-statechange`: `state` has changed. */
export interface ChatStateChangeEvent extends Event {
  readonly state: Status
  readonly previous: Status
}

/** `kinescope-chat-ready`: the chat is on the page. */
export type ChatReadyEvent = Event

/** `kinescope-chat-refresh`: a new token is in effect, or held for the next reload. */
export interface ChatRefreshEvent extends Event {
  readonly held: boolean
}

/** `kinescope-chat-error`: something is wrong; once per problem. */
export interface ChatErrorEvent extends Event {
  readonly problem: Problem
}

/** `kinescope-chat-signin`: the visitor pressed "Sign in". Cancel it to keep the element from doing anything about it. */
export type ChatSigninEvent = Event

/** The element's events. */
export interface ChatEventMap {
  'kinescope-chat-statechange': ChatStateChangeEvent
  'kinescope-chat-ready': ChatReadyEvent
  'kinescope-chat-refresh': ChatRefreshEvent
  'kinescope-chat-error': ChatErrorEvent
  'kinescope-chat-signin': ChatSigninEvent
}

/** Dispatches an event that leaves shadow roots. It never carries a token. Returns false where a listener cancelled it. */
export const dispatch = <N extends keyof ChatEventMap>(
  target: EventTarget,
  name: N,
  details?: Omit<ChatEventMap[N], keyof Event>,
): boolean =>
  target.dispatchEvent(
    Object.assign(
      new Event(name, { bubbles: true, composed: true, cancelable: name === 'kinescope-chat-signin' }),
      details,
    ),
  )
