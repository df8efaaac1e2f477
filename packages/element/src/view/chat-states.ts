import { tryOrUndefined } from '../platform.js'
import type { Status } from '../session/state.js'

/** Shows the state to CSS as `:state(ready)`; as `:--ready` where a browser knows the older spelling only. */
export class ChatStates {
  readonly #states: CustomStateSet | undefined

  constructor(host: HTMLElement) {
    this.#states = tryOrUndefined(() => host.attachInternals().states)
  }

  show(status: Status): void {
    const states = this.#states
    if (!states) return
    states.clear()
    if (!tryOrUndefined(() => (states.add(status), true))) tryOrUndefined(() => states.add(`--${status}`))
  }
}
