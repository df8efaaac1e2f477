import type { Problem } from './problem.js'
import type { Status } from './session/chat-state.js'

/** `kinescope-chat-statechange`: `state` has changed. */
export type ChatStateChangeEvent = Event & { readonly state: Status; readonly previous: Status }
/** `kinescope-chat-ready`: the chat is on the page. */
export type ChatReadyEvent = Event
/** `kinescope-chat-refresh`: a new token is in effect, or held for the next reload. */
export type ChatRefreshEvent = Event & { readonly held: boolean }
/** `kinescope-chat-error`: something is wrong; once per problem. */
export type ChatErrorEvent = Event & { readonly problem: Problem }
/** `kinescope-chat-signin`: the visitor pressed "Sign in". Cancel it to keep the element from following `signin-url`. */
export type ChatSigninEvent = Event

/** The element's events: bubbling, composed, and never carrying a token. */
export interface ChatEventMap {
  'kinescope-chat-statechange': ChatStateChangeEvent
  'kinescope-chat-ready': ChatReadyEvent
  'kinescope-chat-refresh': ChatRefreshEvent
  'kinescope-chat-error': ChatErrorEvent
  'kinescope-chat-signin': ChatSigninEvent
}

type Fields<K extends keyof ChatEventMap> = Omit<ChatEventMap[K], keyof Event>

export function chatEvent<K extends keyof ChatEventMap>(name: K, fields: Fields<K>): ChatEventMap[K] {
  const cancelable = name === 'kinescope-chat-signin'
  return Object.assign(
    new Event(name, { bubbles: true, composed: true, cancelable }),
    fields,
  ) as ChatEventMap[K]
}
