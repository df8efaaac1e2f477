export { KinescopeChatElement } from './kinescope-chat-element.js'
export * from './contract.js'
export type { Category, Problem } from './problems.js'
export type {
  ChatErrorEvent,
  ChatEventMap,
  ChatReadyEvent,
  ChatRefreshEvent,
  ChatSigninEvent,
  ChatStateChangeEvent,
  Status,
} from './session/state.js'
export type { FetchToken, Identity, PageDefaults, TokenReason } from './settings.js'
export type { Diagnostics } from './diagnostics.js'
export type { SomeMessages } from './view/language.js'
export type { Messages, Words } from './view/en.js'
