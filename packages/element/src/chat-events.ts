import type { Problem } from './problem.js'
import type { Status } from './session/chat-state.js'

/** The element's events: bubbling, composed, and never carrying a token. */
export interface ChatEventMap {
  /** `state` has changed. */
  'kinescope-chat-statechange': Event & { readonly state: Status; readonly previous: Status }
  /** The chat is on the page. */
  'kinescope-chat-ready': Event
  /** A new token is in effect, or held for the next reload. */
  'kinescope-chat-refresh': Event & { readonly held: boolean }
  /** Something is wrong; once per problem. */
  'kinescope-chat-error': Event & { readonly problem: Problem }
  /** The visitor pressed "Sign in". Cancel it to keep the element from following `signin-url`. */
  'kinescope-chat-signin': Event
}

type Fields<K extends keyof ChatEventMap> = Omit<ChatEventMap[K], keyof Event>

export function chatEvent<K extends keyof ChatEventMap>(name: K, fields: Fields<K>): ChatEventMap[K] {
  const cancelable = name === 'kinescope-chat-signin'
  return Object.assign(
    new Event(name, { bubbles: true, composed: true, cancelable }),
    fields,
  ) as ChatEventMap[K]
}
