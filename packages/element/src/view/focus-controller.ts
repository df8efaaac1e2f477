import type { ReactiveController, ReactiveControllerHost } from 'lit'

/** Where the focus goes when what has it goes: to the next button, or into the chat. */
const HEIRS = '.button, iframe:not([inert])'

/** Keeps a keyboard's place: what an update takes away, of ours or of what the page has put into the tag, gives its focus on. */
export class FocusController implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element
  #held: Element | null = null

  constructor(host: ReactiveControllerHost & Element) {
    this.#host = host
    host.addController(this)
  }

  hostUpdate(): void {
    this.#held = this.#host.shadowRoot?.activeElement ?? this.#host.querySelector(':focus')
  }

  hostUpdated(): void {
    const held = this.#held
    if (!held || isThere(held)) return
    const heirs = [...this.#host.shadowRoot!.querySelectorAll<HTMLElement>(HEIRS)]
    heirs.find(isThere)?.focus()
  }
}

const isThere = (element: Element): boolean =>
  element.getClientRects().length > 0 && !element.closest('details:not([open]) > :not(summary)')
