import type { ReactiveController, ReactiveControllerHost } from 'lit'
import type { ChatSession } from '../session/session.js'
import { rootOf } from '../platform.js'

/** Where the focus goes when its element goes: the first button or field that is shown, or the chat. */
const HEIRS = '.button, input, iframe:not([inert])'

/** Keeps a keyboard user's place: when a focused part of ours, or of the page's own content, goes, another gets the focus. */
export class FocusKeeper implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element
  readonly #source: { readonly session: ChatSession }
  #held: Element | null = null

  constructor(host: ReactiveControllerHost & Element, source: { readonly session: ChatSession }) {
    this.#host = host
    this.#source = source
    host.addController(this)
  }

  hostUpdate(): void {
    this.#held = this.#host.shadowRoot?.activeElement ?? this.#host.querySelector(':focus')
  }

  hostUpdated(): void {
    const { frames } = this.#source.session
    const held = this.#held
    const lost = held ? !isShown(held) : frames.lostFocus
    if (lost && focusFirst(this.#host.shadowRoot!)) frames.lostFocus = false
  }
}

/** Focuses the first thing in a chat that takes the focus, if there is one. */
export function focusFirst(root: ShadowRoot, options?: FocusOptions): HTMLElement | undefined {
  const heir = [...root.querySelectorAll<HTMLElement>(HEIRS)].find(isShown)
  heir?.focus(options)
  return heir
}

const isShown = (element: Element): boolean =>
  element.getClientRects().length > 0 && !element.closest('details:not([open]) > :not(summary)')

/** The keys that a focused control uses by itself, by a selector of the control. */
const KEYS: readonly (readonly [controls: string, keys: RegExp])[] = [
  // a page's hotkey would take a letter from the text
  ['input, textarea', /^(?!Tab$|Escape$)/],
  ['button, summary', /^(?:Enter| )$/],
  ['a[href]', /^Enter$/],
  ['[tabindex]', /^(?:Arrow|Page|Home$|End$| $)/],
]

/**
 * Keeps the keys that our own focused control uses from the hotkeys of the page: a player with global hotkeys prevents what
 * Space and Enter do on our buttons. A page that listens before us has prevented it already; then the button is pressed here.
 */
export function keepKeys(root: ShadowRoot): void {
  const handle = (event: Event) => {
    const { target, key } = event as KeyboardEvent & { target: Element }
    if (rootOf(target) !== root) return
    if (!KEYS.some(([controls, keys]) => target.matches(controls) && keys.test(key))) return
    event.stopPropagation()
    if (event.defaultPrevented && event.type === 'keydown' && target.matches('button, summary, a[href]'))
      (target as HTMLElement).click()
  }
  for (const name of ['keydown', 'keypress', 'keyup']) root.addEventListener(name, handle)
}
