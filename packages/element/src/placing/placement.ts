import { withinBurstLimit } from '../clock.js'
import { CHAT_ORIGIN, httpUrl } from '../frame/chat-url.js'
import { findAll, isElement, ofDocument, ofNode, rootOf, tryOrUndefined } from '../platform.js'
import { PLACED_ATTRIBUTES } from '../settings.js'
import { readPasted } from '../text.js'

export const TAG = 'kinescope-chat'

/** The marks of a chat that CMS editors allow: a plain link with a fragment, or a div. */
const LINKS = `a[href*="/chat/"][href*="#${TAG}"]`
export const MARKS = `${LINKS},div[data-${TAG}]`

/** The attributes whose changes update a mark's chat. */
export const MARK_ATTRIBUTES = ['href', `data-${TAG}`, ...PLACED_ATTRIBUTES.map((name) => `data-${name}`)]

/** The chat's attributes that a mark sets, undefined for those that it doesn't set. */
type ChatAttributes = Record<string, string | undefined>

export const isLink = (mark: Element): boolean => mark.localName === 'a'

/** Reads the chat's attributes from its mark. Returns null if it names no stream, or a page of another origin. */
export const readMark = (mark: Element, listed: readonly string[]): ChatAttributes | null =>
  isLink(mark) ? readLink(mark, listed) : readDiv(mark)

function readDiv(div: Element): ChatAttributes | null {
  const eventId = div.getAttribute(`data-${TAG}`)?.trim()
  if (!eventId) return null
  const authored = PLACED_ATTRIBUTES.map((name) => [name, div.getAttribute(`data-${name}`) ?? undefined])
  return { 'event-id': eventId, ...(Object.fromEntries(authored) as ChatAttributes) }
}

/** `https://kinescope.io/chat/EVENT#kinescope-chat`, with a slash or a query before the fragment, or a listed origin. */
function readLink(link: Element, listed: readonly string[]): ChatAttributes | null {
  // the `href` of an SVG link isn't a string
  const isText = typeof ofNode('href', link as HTMLAnchorElement) === 'string'
  const url = isText ? httpUrl(link.getAttribute('href')) : undefined
  const segment = url && /^\/chat\/([^/]+)\/?$/.exec(url.pathname)?.[1]
  if (!segment || url.username || url.hash !== `#${TAG}` || ![CHAT_ORIGIN, ...listed].includes(url.origin))
    return null
  const eventId = tryOrUndefined(() => decodeURIComponent(segment))
  if (!eventId) return null
  const other = ![CHAT_ORIGIN, listed[0]].includes(url.origin)
  const slot = link.getAttribute('slot') ?? undefined
  return { 'event-id': eventId, 'chat-origin': other ? url.origin : undefined, slot }
}

/** The chat of each mark. A mark that leaves the page keeps its chat for its return. */
const chats = new WeakMap<Element, Element>()
/** The mark of each chat. */
const owners = new WeakMap<Element, Element>()
/** The marks that have a chat on the page. */
const placed = new Set<Element>()
/** The marks whose chat can't start. */
const failed = new WeakSet<Element>()

export const hasChat = (mark: Element): boolean => placed.has(mark)

/**
 * Gives a mark exactly one chat: before a link, which stays because the page's framework may own it, or inside a div.
 * Reuses a chat that came with a cloned, copied, morphed or restored mark.
 */
export function placeChat(mark: Element, attributes: ChatAttributes): void {
  if (failed.has(mark)) return
  const known = chats.get(mark)
  if (known && isInAnotherWindow(known)) return
  const found = freeChats(mark, attributes['event-id'])
  const chat = known ?? found[0] ?? ofDocument('createElement')(TAG)
  for (const [name, value] of Object.entries(attributes)) {
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
  if (!inPlace) insert(chat, mark)
  if (isLink(mark)) hideLinks(rootOf(mark))
  else hideContent(mark, chat)
}

const isInPlace = (chat: Element, mark: Element): boolean =>
  isLink(mark) ? mark.previousElementSibling === chat : chat.parentNode === mark

/**
 * The chats at a mark that belong to no other mark on the page: its own chat, or one that came with a copy of the mark.
 */
function freeChats(mark: Element, eventId: string | undefined): Element[] {
  const { previousElementSibling: before } = mark
  const fits = before?.localName === TAG && before.getAttribute('event-id') === eventId
  const there = !isLink(mark) ? findAll(mark, TAG) : fits ? [before] : []
  return there.filter((chat) => {
    const owner = owners.get(chat)!
    return owner === mark || !placed.has(owner) || !owner.isConnected
  })
}

function insert(chat: Element, mark: Element): void {
  if (!isLink(mark)) {
    copyContent(mark, chat)
    return void mark.appendChild(chat)
  }
  const parent = mark.parentNode as Node & { moveBefore(node: Node, child: Node): void }
  // where the browser can, the frame survives the move
  const moved = chat.isConnected && tryOrUndefined(() => ofNode('moveBefore', parent)(chat, mark) ?? true)
  if (!moved) ofNode('insertBefore', parent)(chat, mark)
}

/** Whether a chat is in a pop-up or picture-in-picture window. It stays there until that window closes. */
const isInAnotherWindow = (chat: Element): boolean =>
  chat.isConnected && chat.ownerDocument !== document && !!ofDocument('defaultView', chat.ownerDocument)

/** Removes the chat of a mark, and shows its link or content again. */
export function removeChat(mark: Element): void {
  placed.delete(mark)
  chats.get(mark)?.remove()
  chats.delete(mark)
  showContent(mark)
}

/** Removes a chat that can't start, permanently, and shows its link again. */
export function removeFailed(chat: Element): void {
  const mark = owners.get(chat)
  if (!mark || chats.get(mark) !== chat) return
  failed.add(mark)
  removeChat(mark)
}

/** Removes the chats whose links have left the page. Returns the marks whose chat is misplaced. */
export function misplacedMarks(): Element[] {
  return [...placed].filter((mark) => {
    const chat = chats.get(mark)
    if (mark.isConnected) return !chat || !isInPlace(chat, mark)
    placed.delete(mark)
    if (isLink(mark)) chat?.remove()
    return false
  })
}

let sheet: CSSStyleSheet | undefined

/**
 * Hides the links that have a chat before them, in a document or shadow root. Links in another window stay visible:
 * they can't use a sheet of this document.
 */
function hideLinks(root: Node): void {
  tryOrUndefined(() => {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(`${TAG}:defined+${LINKS}{display:none!important}`)
    const sheets = ofNode('adoptedStyleSheets', root as ShadowRoot)
    if (!sheets.includes(sheet)) sheets.push(sheet)
  })
}

/** Whether a node is visible. Empty lines, which editors leave, aren't. */
const isSeen = (node: Node): boolean =>
  isElement(node)
    ? !ofNode('matches', node)('script,style,template,noscript,br') &&
      (!ofNode('matches', node)('p,span') || [...node.childNodes].some(isSeen))
    : node.nodeName === '#text' && !!readPasted(node.nodeValue)

/**
 * The slots of the divs that have their own content. The page's framework may own that content, so no node is moved and
 * no attribute is set. The slot shows only the chat.
 */
const slots = new WeakMap<Node, HTMLSlotElement>()

function hideContent(div: Element, chat: Element): void {
  if (!slots.has(div) && div.childNodes.length > 1)
    tryOrUndefined(() => {
      const slot = ofDocument('createElement')('slot')
      // a div with a shadow root of its own keeps it
      div.attachShadow({ mode: 'closed', slotAssignment: 'manual' }).append(slot)
      slots.set(div, slot)
    })
  slots.get(div)?.assign(chat)
}

/** Shows a div's content if the div has no chat. */
export function showContent(div: Node): void {
  if (!placed.has(div as Element)) slots.get(div)?.assign(...([...div.childNodes] as (Element | Text)[]))
}

/** Gives the chat a copy of the div's content as its placeholder. Removes the empty lines that editors leave. */
function copyContent(div: Element, chat: Element): void {
  const nodes = [...div.childNodes]
  if (!nodes.some(isSeen)) {
    // comments and empty text nodes are a framework's markers
    for (const node of nodes)
      if (node.nodeName === 'BR' || (node.nodeName === '#text' && node.nodeValue)) node.remove()
    return
  }
  if (chat.hasChildNodes()) return
  const placeholder = ofDocument('createElement')('span')
  placeholder.slot = 'placeholder'
  placeholder.append(...nodes.map((node) => ofNode('cloneNode', node)(true)))
  // a copy must not run again, and must not have an id or a name
  for (const copy of findAll(placeholder, `${TAG},script,style,iframe,object,embed,video,audio`))
    copy.remove()
  for (const copy of findAll(placeholder, '[id],[name]'))
    for (const name of ['id', 'name']) ofNode('removeAttribute', copy)(name)
  chat.append(placeholder)
}
