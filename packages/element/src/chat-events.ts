import type { Problem } from './problem.js'
import type { Status } from './session/state.js'

type Name = 'statechange' | 'ready' | 'refresh' | 'error' | 'signin'

/** Bubbles out of shadow roots, and never carries a token. */
class ChatEvent extends Event {
  constructor(name: Name, cancelable = false) {
    super(`kinescope-chat-${name}`, { bubbles: true, composed: true, cancelable })
  }
}

/** `kinescope-chat-statechange`: `state` has changed. */
export class ChatStateChangeEvent extends ChatEvent {
  readonly state: Status
  readonly previous: Status
  constructor(state: Status, previous: Status) {
    super('statechange')
    this.state = state
    this.previous = previous
  }
}

/** `kinescope-chat-ready`: the chat is on the page. */
export class ChatReadyEvent extends ChatEvent {
  constructor() {
    super('ready')
  }
}

/** `kinescope-chat-refresh`: a new token is in effect, or held for the next reload. */
export class ChatRefreshEvent extends ChatEvent {
  readonly held: boolean
  constructor(held: boolean) {
    super('refresh')
    this.held = held
  }
}

/** `kinescope-chat-error`: something is wrong; once per problem. */
export class ChatErrorEvent extends ChatEvent {
  readonly problem: Problem
  constructor(problem: Problem) {
    super('error')
    this.problem = problem
  }
}

/** `kinescope-chat-signin`: the visitor pressed "Sign in". Cancel it to keep the element from doing anything about it. */
export class ChatSigninEvent extends ChatEvent {
  constructor() {
    super('signin', true)
  }
}

/** The element's events. */
export interface ChatEventMap {
  'kinescope-chat-statechange': ChatStateChangeEvent
  'kinescope-chat-ready': ChatReadyEvent
  'kinescope-chat-refresh': ChatRefreshEvent
  'kinescope-chat-error': ChatErrorEvent
  'kinescope-chat-signin': ChatSigninEvent
}
