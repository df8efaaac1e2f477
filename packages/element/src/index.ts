export { KinescopeChatElement, type PageDefaults } from './kinescope-chat-element.js'
export type {
  ChatErrorEvent,
  ChatEventMap,
  ChatReadyEvent,
  ChatRefreshEvent,
  ChatSigninEvent,
  ChatStateChangeEvent,
} from './chat-events.js'
export * from './contract.js'
export type { Problem, Category } from './problem.js'
export type { Status } from './session/state.js'
export type { FetchToken, Identity, TokenReason } from './settings.js'
export type { Diagnostics } from './diagnostics.js'
export type { Messages, SomeMessages, Words } from './view/messages.js'
