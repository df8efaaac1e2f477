import { ofNode, rootOf } from '../platform.js'

/** What takes the focus when the focused part goes: the first button or field that is shown, or the chat. */
const FOCUSABLE = '.button, input, iframe:not([inert])'

/** Focuses the first thing in a chat that takes the focus, if there is one. */
export function focusFirst(root: ShadowRoot, options?: FocusOptions): HTMLElement | undefined {
  const first = [...root.querySelectorAll<HTMLElement>(FOCUSABLE)].find(isShown)
  first?.focus(options)
  return first
}

export const isShown = (element: Element): boolean =>
  ofNode('getClientRects', element)().length > 0 &&
  !ofNode('closest', element)('details:not([open]) > :not(summary)')

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
 * Space and Enter do on our buttons. A page that listens before us may prevent each of the three events, and sees the chat
 * instead of the control, so what the key does is done here.
 */
export function keepKeys(root: ShadowRoot): void {
  const handle = (event: Event) => {
    const { target, key, keyCode, type, repeat, ctrlKey, metaKey, defaultPrevented } =
      event as KeyboardEvent & { target: HTMLInputElement }
    if (rootOf(target) !== root) return
    if (!KEYS.some(([controls, keys]) => target.matches(controls) && keys.test(key))) return
    event.stopPropagation()
    const { form } = target
    const isDown = type === 'keydown'
    // a link's own action heeds Ctrl and Shift
    if (target.matches(defaultPrevented ? 'button, summary, a' : 'button, summary')) {
      event.preventDefault()
      if (isDown && !repeat) target.click()
      // an input method writes its keys itself
    } else if (defaultPrevented && isDown && form && keyCode !== 229) {
      // a sandboxed frame may submit no form, and Safari 15 has no `requestSubmit`
      if (key === 'Enter') form.querySelector('button')!.click()
      else if (key.length === 1 && !ctrlKey && !metaKey)
        // as typed: heeds `maxlength`, and can be undone
        target.ownerDocument.execCommand('insertText', false, key)
    }
  }
  for (const name of ['keydown', 'keypress', 'keyup']) root.addEventListener(name, handle)
}
