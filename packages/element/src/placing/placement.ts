import { tryOrUndefined, findAll, ofDocument, rootOf } from '../platform.js'
import { withinBurstLimit } from '../clock.js'
import { isLink, TAG, type Wish } from './marks.js'
import { hideLinks, returnContent, takeContent } from './own-content.js'

/** The chat of each mark. A mark that leaves the page keeps it for its return. */
const chats = new WeakMap<Element, Element>()
/** The mark of each chat. */
const owners = new WeakMap<Element, Element>()
/** The marks that have a chat on the page. */
const placed = new Set<Element>()
/** The marks whose chat can't start. */
const hopeless = new WeakSet<Element>()

export const hasChat = (mark: Node): boolean => placed.has(mark as Element)

/**
 * Gives a mark its one chat: before the link, which stays where it is, for the page's framework may own it; inside the
 * div. What was cloned, copied, morphed or restored brings its chat with it, and that is taken over.
 */
export function settle(mark: Element, wish: Wish): void {
  if (hopeless.has(mark)) return
  const known = chats.get(mark)
  if (known && livesElsewhere(known)) return
  const found = freeChats(mark, wish['event-id'])
  const chat = known ?? found[0] ?? ofDocument('createElement')(TAG)
  for (const name of Object.keys(wish)) {
    const value = wish[name]
    if (value === undefined) chat.removeAttribute(name)
    else if (chat.getAttribute(name) !== value) chat.setAttribute(name, value)
  }
  const inPlace = isInPlace(chat, mark)
  if (!inPlace && known && !withinBurstLimit(mark)) return
  chats.delete(owners.get(chat)!)
  owners.set(chat, mark)
  chats.set(mark, chat)
  placed.add(mark)
  for (const copy of found) if (copy !== chat) copy.remove()
  if (!inPlace) put(chat, mark)
  if (isLink(mark)) hideLinks(rootOf(mark))
}

const isInPlace = (chat: Element, mark: Element): boolean =>
  isLink(mark) ? mark.previousElementSibling === chat : chat.parentNode === mark

/** The chats in a mark's place that belong to no other mark on the page: its own, or what a copy of it has brought. */
function freeChats(mark: Element, eventId: string | undefined): Element[] {
  const { previousElementSibling: before } = mark
  const fits = before?.localName === TAG && before.getAttribute('event-id') === eventId
  const there = !isLink(mark) ? findAll(mark, TAG) : fits ? [before] : []
  return there.filter((chat) => {
    const owner = owners.get(chat)!
    return owner === mark || !placed.has(owner) || !owner.isConnected
  })
}

/** Takes the chat of a mark away; the link is seen again. */
export function withdraw(mark: Element): void {
  const chat = chats.get(mark)
  placed.delete(mark)
  chats.delete(mark)
  if (!chat) return
  chat.remove()
  if (!isLink(mark)) returnContent(mark, chat)
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
    const chat = chats.get(mark)
    if (mark.isConnected) return !chat || !isInPlace(chat, mark)
    placed.delete(mark)
    if (isLink(mark)) chat?.remove()
    return false
  })
}

function put(chat: Element, mark: Element): void {
  if (!isLink(mark)) {
    mark.append(chat)
    return takeContent(mark, chat)
  }
  const parent = mark.parentNode as ParentNode & { moveBefore?(node: Node, child: Node): void }
  // where the browser can, the frame goes along unharmed
  const moved =
    chat.isConnected &&
    tryOrUndefined(() => (Element.prototype as typeof parent).moveBefore.call(parent, chat, mark) ?? true)
  if (!moved) mark.before(chat)
}

/** In a pop-up or a picture-in-picture window, where somebody has taken it; it is gone with that window. */
const livesElsewhere = (chat: Element): boolean =>
  chat.isConnected && chat.ownerDocument !== document && !!ofDocument('defaultView', chat.ownerDocument)
