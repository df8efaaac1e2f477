import { attempt } from '../attempt.js'
import type { Status } from '../session/chat-state.js'

/** Shows the state to CSS as `:state(ready)`; as `:--ready` where a browser knows the older spelling only. */
export class ChatStates {
  readonly #states: CustomStateSet | undefined

  constructor(host: HTMLElement) {
    this.#states = attempt(() => host.attachInternals().states)
  }

  show(status: Status): void {
    const states = this.#states
    if (!states) return
    states.clear()
    if (!attempt(() => (states.add(status), true))) attempt(() => states.add(`--${status}`))
  }
}
