import { KinescopeChatElement } from './kinescope-chat-element.js'

/** Whether this is a page: a server that renders one has no elements, or only what imitates them. */
export const onPage = (): boolean =>
  typeof HTMLScriptElement === 'function' && typeof customElements === 'object'

/**
 * Registers `<kinescope-chat>`, once: a second copy of the script leaves the first in charge and says so.
 * @returns the class that is in charge
 */
export function register(): typeof KinescopeChatElement {
  const first = customElements.get('kinescope-chat') as typeof KinescopeChatElement | undefined
  const [old, own] = [first?.version, KinescopeChatElement.version] as (string | undefined)[]
  if (!first) customElements.define('kinescope-chat', KinescopeChatElement)
  else if (old !== own) console.warn(`<kinescope-chat> ${old} is defined already; ${own} is not used.`)
  return first ?? KinescopeChatElement
}
