import type { Diagnostics } from '../diagnostics.js'
import type { ChatState } from '../session/state.js'
import type { Actions } from './actions.js'
import type { Messages } from './messages.js'
import type { Moment } from './pacing.js'

/** What the templates show. */
export interface ChatViewModel {
  /** The node that holds the frames: lit places it once, the frame swapper fills it. */
  stage: Node
  state: ChatState
  moment: Moment
  text: Messages
  language: string
  /** The accessible name. */
  name: string
  eventId: string
  signinUrl: string | undefined
  /** The visitor pressed "Sign in", and nothing on the page handled it. */
  signInFirst: boolean
  /** Whether "Chat not working?" is offered. */
  help: boolean
  /** The data of the developer panel, if it is shown. */
  debug: Diagnostics | undefined
  /** The text of the live region. */
  spoken: string
  actions: Actions
}
