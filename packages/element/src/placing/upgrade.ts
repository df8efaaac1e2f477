import { readEventId, readOrigin } from '../frame/chat-url.js'
import { inEditorCanvas } from './editor-canvas.js'

const TAG = 'kinescope-chat'
const MARK = '#kinescope-chat'
/**
 * The attributes that a `data-…` may set. A closed list: what a CMS lets through must not set anything else, and where the
 * chat page is, which gets the visitor's token, is for the script's own tag to say.
 */
const ATTRIBUTES = [
  'token-url',
  'credentials',
  'identity',
  'token',
  'refresh',
  'loading',
  'language',
  'label',
  'preview',
  'help',
  'signin-url',
  'debug',
]

/**
 * Puts the element in the place of what CMS editors let through: `<div data-kinescope-chat="EVENT">` and
 * `<a href="https://kinescope.io/chat/EVENT#kinescope-chat">`. Links count only inside the scope the site names, for a
 * commenter's link must not open chats; safe to call as often as content arrives.
 */
export function upgrade(
  root: ParentNode,
  { chatOrigin, upgrade: scope = 'body' }: { chatOrigin?: string | undefined; upgrade?: string | undefined },
): void {
  for (const place of root.querySelectorAll<HTMLElement>('[data-kinescope-chat]')) {
    const id = place.dataset['kinescopeChat']
    const empty = !place.textContent?.trim() && [...place.children].every((child) => child.matches('br'))
    if (!id || !place.matches('div') || !empty || inEditorCanvas(place)) continue
    const chat = make(id)
    for (const name of ATTRIBUTES) {
      const value = place.getAttribute(`data-${name}`)
      if (value !== null) chat.setAttribute(name, value)
    }
    place.replaceChildren(chat)
  }
  const host = readOrigin(chatOrigin)
  for (const link of root.querySelectorAll<HTMLAnchorElement>(`a[href*="/chat/"][href$="${MARK}"]`)) {
    const href = String(link) // an SVG link is none
    const id = readEventId(href, host)
    if (id === href || !link.closest(scope) || link.closest(TAG) || inEditorCanvas(link)) continue
    const chat = make(id)
    link.replaceWith(chat)
    link.slot = 'placeholder'
    chat.append(link)
  }
}

function make(id: string): HTMLElement {
  const chat = document.createElement(TAG)
  chat.setAttribute('event-id', id)
  return chat
}
