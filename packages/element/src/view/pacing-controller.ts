import type { ReactiveController, ReactiveControllerHost } from 'lit'
import type { ChatState } from '../session/state.js'
import { steadyNow } from '../session/clock.js'
import type { Messages } from './messages.js'
import { BEGINNING, pace, type Moment } from './pacing.js'
import { bannerText } from './banner-text.js'

/** How often the developer's panel is drawn anew. */
const DEBUG_EVERY_MS = 1_000

export interface PacingOptions {
  state: () => ChatState
  text: () => Messages
  /** Whether a visitor has to hear that the page has no sign-in of its own. */
  signInFirst: () => boolean
  /** Whether the developer's panel, where seconds pass, is shown. */
  debug: () => boolean
}

/** The view's one timer, and what is said aloud: each thing once. */
export class PacingController implements ReactiveController {
  moment: Moment = BEGINNING
  /** The text of the live region. */
  spoken = ''
  readonly #host: ReactiveControllerHost
  readonly #options: PacingOptions
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What was spoken of last. */
  #about = ''
  #retrying = false

  constructor(host: ReactiveControllerHost, options: PacingOptions) {
    this.#host = host
    this.#options = options
    host.addController(this)
  }

  /** Says something aloud that isn't about the state. */
  say(words: string): void {
    this.spoken = words
    this.#host.requestUpdate()
  }

  hostUpdate(): void {
    const now = steadyNow()
    const { state, debug } = this.#options
    this.moment = pace(this.moment, state(), now)
    this.#speak(state())
    clearTimeout(this.#timer)
    const due = Math.min(this.moment.next, debug() ? now + DEBUG_EVERY_MS : Infinity) - now
    if (due < Infinity) this.#timer = setTimeout(() => this.#host.requestUpdate(), due)
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer)
  }

  #speak(state: ChatState): void {
    const { problem, category } = state
    const { layer, banner } = this.moment
    const text = this.#options.text()
    if (problem && (banner || layer === 'problem')) {
      const signInFirst = this.#options.signInFirst()
      const about = [problem.code, category, banner, signInFirst].join()
      if (about === this.#about) return
      const { heading, message } = text.problems[category!]
      const words = `${heading}. ${signInFirst ? text.signInFirst : message}`
      this.spoken = banner ? bannerText(state, text) : words
      this.#about = about
      this.#retrying = true
    } else if (layer === 'chat' && !problem && this.#retrying) {
      this.spoken = text.restored
      this.#about = ''
      this.#retrying = false
    }
  }
}
