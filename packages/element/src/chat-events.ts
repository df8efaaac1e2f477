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

type Name<K = keyof ChatEventMap> = K extends `kinescope-chat-${infer Short}` ? Short : never
type Fields<N extends Name> = Omit<ChatEventMap[`kinescope-chat-${N}`], keyof Event>

/** Dispatches an event at the element; false where it was cancelled. */
export const emit = <N extends Name>(element: EventTarget, name: N, fields: Fields<N>): boolean =>
  element.dispatchEvent(
    Object.assign(
      new Event(`kinescope-chat-${name}`, { bubbles: true, composed: true, cancelable: name === 'signin' }),
      fields,
    ),
  )
