import { attempt } from '../attempt.js'
import { ofDocument, rootOf } from '../platform.js'
import { isLink, TAG, type Wish } from './marks.js'
import { hideLinks, hideOwnContent, makePlaceholder, showOwnContent } from './own-content.js'

/** The chat of each mark. A mark that leaves the page keeps it for its return. */
const chats = new WeakMap<Element, HTMLElement>()
/** The marks that have a chat on the page. */
const placed = new Set<Element>()
/** The marks whose chat can't start. */
const hopeless = new WeakSet<Element>()
/** How often a chat was put back lately, and when. */
const returns = new WeakMap<Element, { count: number; at: number }>()
/** Somebody who takes a chat away each time it is put back must not keep the page busy for ever. */
const MAX_RETURNS = 10
const CALM_MS = 2_000

export const hasChat = (mark: Element): boolean => placed.has(mark)

/**
 * Gives a mark its one chat: before the link, which stays where it is, for the page's framework may own it; inside the
 * div. What was cloned, copied, morphed or restored brings its chat with it, and that is taken over.
 */
export function settle(mark: Element, wish: Wish): void {
  if (hopeless.has(mark)) return
  const beside = isLink(mark) ? [mark.previousElementSibling] : [...mark.children]
  const found = beside.filter((node): node is HTMLElement => node?.localName === TAG)
  const known = chats.get(mark)
  if (known && livesElsewhere(known)) return
  const fits = (chat: HTMLElement) => chat.getAttribute('event-id') === wish['event-id']
  const chat = known ?? (isLink(mark) ? found.find(fits) : found[0]) ?? ofDocument('createElement')(TAG)
  for (const name of Object.keys(wish)) {
    const value = wish[name]
    if (value === undefined) chat.removeAttribute(name)
    else if (chat.getAttribute(name) !== value) chat.setAttribute(name, value)
  }
  const inPlace = found.includes(chat)
  if (!inPlace && known && !mayReturn(mark)) return
  chats.set(mark, chat)
  placed.add(mark)
  for (const copy of found) if (copy !== chat && (!isLink(mark) || fits(copy))) copy.remove()
  if (!inPlace) put(chat, mark)
  if (isLink(mark)) hideLinks(rootOf(mark))
  else hideOwnContent(mark, chat)
}

/** Takes the chat of a mark away; the link is seen again. */
export function withdraw(mark: Element): void {
  placed.delete(mark)
  chats.get(mark)?.remove()
  chats.delete(mark)
  showOwnContent(mark)
}

/** A chat that can't start gives its place back: the link is seen again. */
export function giveUp(chat: Element): void {
  for (const mark of placed) {
    if (chats.get(mark) !== chat) continue
    hopeless.add(mark)
    withdraw(mark)
  }
}

/** Looks after every chat: it goes with its mark. Hands on the marks whose chat isn't where it belongs. */
export function strays(): Element[] {
  return [...placed].filter((mark) => {
    const chat = chats.get(mark)!
    if (mark.isConnected)
      return isLink(mark) ? mark.previousElementSibling !== chat : chat.parentNode !== mark
    placed.delete(mark)
    if (isLink(mark)) chat.remove()
    return false
  })
}

function put(chat: HTMLElement, mark: Element): void {
  if (!isLink(mark)) {
    const placeholder = makePlaceholder(mark)
    // editors leave `&nbsp;` and `<br>` behind
    if (!placeholder) return mark.replaceChildren(chat)
    if (!chat.hasChildNodes()) chat.append(placeholder)
    return mark.append(chat)
  }
  const parent = mark.parentNode as ParentNode & { moveBefore?(node: Node, child: Node): void }
  // where the browser can, the frame goes along unharmed
  const moved =
    chat.isConnected &&
    attempt(() => (Element.prototype as typeof parent).moveBefore.call(parent, chat, mark) ?? true)
  if (!moved) mark.before(chat)
}

/** In a pop-up or a picture-in-picture window, where somebody has taken it; it is gone with that window. */
const livesElsewhere = (chat: HTMLElement): boolean =>
  chat.isConnected && chat.ownerDocument !== document && !!ofDocument('defaultView', chat.ownerDocument)

function mayReturn(mark: Element): boolean {
  const now = performance.now()
  const { count, at } = returns.get(mark) ?? { count: 0, at: now }
  const fresh = now - at > CALM_MS
  returns.set(mark, { count: fresh ? 1 : count + 1, at: fresh ? now : at })
  return fresh || count < MAX_RETURNS
}
