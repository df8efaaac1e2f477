import type { ReactiveController, ReactiveControllerHost } from 'lit'

/** Where the focus goes when the button that has it goes: to the next one, or into the chat. */
const HEIRS = '.button, iframe:not([inert])'

/** Keeps a keyboard's place: a button that an update takes away gives its focus on. */
export class FocusController implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element
  #held: Element | null = null

  constructor(host: ReactiveControllerHost & Element) {
    this.#host = host
    host.addController(this)
  }

  hostUpdate(): void {
    const active = this.#host.shadowRoot?.activeElement ?? null
    this.#held = active?.matches('.button') ? active : null
  }

  hostUpdated(): void {
    const held = this.#held
    if (!held || isThere(held)) return
    const heirs = [...this.#host.shadowRoot!.querySelectorAll<HTMLElement>(HEIRS)]
    heirs.find(isThere)?.focus()
  }
}

const isThere = (element: Element): boolean =>
  element.isConnected && !element.closest('[hidden], details:not([open])')
