import { KinescopeChatElement } from './kinescope-chat-element.js'

/** Registers `<kinescope-chat>`, once: a second copy of the script leaves the first in charge and says so. */
if (typeof window !== 'undefined') {
  const first = customElements.get('kinescope-chat') as { version?: string } | undefined
  if (!first) customElements.define('kinescope-chat', KinescopeChatElement)
  else if (first.version !== KinescopeChatElement.version)
    console.warn(
      `<kinescope-chat> ${first.version} is defined already; ${KinescopeChatElement.version} is not used.`,
    )
}

export { KinescopeChatElement }
