import { PLACED_ATTRIBUTES } from '../properties.js'
import { readEventId, readOrigin } from '../frame/chat-url.js'
import { inEditorCanvas } from './editor-canvas.js'

const TAG = 'kinescope-chat'

/**
 * Puts the element in the place of what CMS editors let through: `<div data-kinescope-chat="EVENT">` and
 * `<a href="https://kinescope.io/chat/EVENT#kinescope-chat">`. Links count only inside the scope the site names, for a
 * commenter's link must not open chats; safe to call as often as content arrives.
 */
export function upgrade(
  root: ParentNode,
  { chatOrigin, upgrade: scope = 'body' }: { chatOrigin?: string | undefined; upgrade?: string | undefined },
): void {
  for (const place of root.querySelectorAll<HTMLElement>(`div[data-${TAG}]`)) {
    const eventId = place.dataset['kinescopeChat']
    const filled = place.textContent?.trim() || place.querySelector(':not(br)')
    if (!eventId || filled || inEditorCanvas(place)) continue
    const chat = makeChat(eventId)
    for (const name of PLACED_ATTRIBUTES) {
      const value = place.getAttribute(`data-${name}`)
      if (value !== null) chat.setAttribute(name, value)
    }
    place.replaceChildren(chat)
  }
  const origin = readOrigin(chatOrigin)
  for (const link of root.querySelectorAll<HTMLAnchorElement>(`a[href*="/chat/"][href$="#${TAG}"]`)) {
    const href = String(link) // an SVG link is none
    const eventId = readEventId(href, origin)
    if (eventId === href || !link.closest(scope) || link.closest(TAG) || inEditorCanvas(link)) continue
    const chat = makeChat(eventId)
    link.replaceWith(chat)
    link.slot = 'placeholder'
    chat.append(link)
  }
}

function makeChat(eventId: string): HTMLElement {
  const chat = document.createElement(TAG)
  chat.setAttribute('event-id', eventId)
  return chat
}
