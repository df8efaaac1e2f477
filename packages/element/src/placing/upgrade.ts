import { tryOrUndefined, findAll, isElement, isRoot, ofNode, rootOf } from '../platform.js'
import { CHAT_ORIGIN, listedOrigins, readEventId } from '../frame/chat-url.js'
import { inEditorCanvas } from './editor-canvas.js'
import { isLink, MARK_ATTRIBUTES, MARKS, readMark, TAG, type Wish } from './marks.js'
import { hasChat, settle, strays, withdraw } from './placement.js'

/** What the script's tag says of marks. */
export interface MarkSettings {
  /** The origins of chat pages, the default first. */
  chatOrigin?: string | undefined
  /** The selector inside which links are upgraded by themselves. A commenter's link must not open chats. */
  upgrade?: string | undefined
}

/** With so many changes in one task it costs less to look at the whole page once. */
const MANY = 100

/** The marks for which code has asked: they need no scope. */
const invited = new WeakSet<Element>()
/** What the standalone script's page says, whose marks are upgraded by themselves. */
let page: (() => MarkSettings) | undefined
let observer: MutationObserver | undefined

/**
 * Gives every mark in a root its chat, the root and open shadow roots below it included. Whoever names a root answers for the
 * links in it; on the whole page those count that lie inside the scope, where the site names one.
 */
export function upgrade(root: unknown, settings: MarkSettings): void {
  if (!isRoot(root)) return console.warn('<kinescope-chat> upgrade() takes a node, not', root)
  const { upgrade: scope } = settings
  const everywhere = root !== document || !scope
  for (const place of [root, ...shadowRoots(root)]) {
    const marks = marksIn(place)
    for (const mark of marks) if (everywhere || !isLink(mark) || isInside(mark, scope)) invited.add(mark)
    tend(marks, settings)
    follow(rootOf(place), settings)
  }
  // what stands outside of the page may be put there
  follow(document, settings)
}

/** From now on, marks that come to the page are given their chats by themselves. */
export function watch(settings: () => MarkSettings): void {
  page = settings
  tend(marksIn(document), settings())
  follow(document, settings())
}

/** Chats go with their marks, and stay where they belong. */
function follow(root: Node, settings: MarkSettings): void {
  observer ??= new MutationObserver((records) => {
    const now = page?.() ?? settings
    for (const node of changedBy(records)) tend(marksIn(node), now)
    tend(strays(), now)
  })
  const attributeFilter = [...MARK_ATTRIBUTES, 'contenteditable', ...attributesIn(settings.upgrade ?? '')]
  observer.observe(root, { subtree: true, childList: true, attributeFilter })
}

/** What a selector may go by, for a scope may come later too; the names of tags among them harm nobody. */
function attributesIn(selector: string): string[] {
  const named = selector.toLowerCase().replaceAll('.', ' class ').replaceAll('#', ' id ')
  return named.match(/[\w-]+/g) ?? []
}

/** What is to be looked at: what came and what was changed, or with many changes all that is in the same root. */
function changedBy(records: MutationRecord[]): Set<Node> {
  const came = records.flatMap(({ addedNodes }) => [...addedNodes])
  return new Set([
    ...records.filter(({ type }) => type === 'attributes').map(({ target }) => target),
    ...(came.length > MANY ? records.map(({ target }) => rootOf(target)) : came.filter(isElement)),
  ])
}

function tend(marks: Iterable<Element>, settings: MarkSettings): void {
  const listed = listedOrigins(settings.chatOrigin)
  for (const mark of marks) {
    const counts = hasChat(mark) || invited.has(mark) || comesByItself(mark, settings)
    if (!counts) continue
    const wish = readMark(mark, listed)
    if (wish && !isTaken(mark, wish, listed[0]) && !inEditorCanvas(mark)) settle(mark, wish)
    else if (hasChat(mark)) withdraw(mark)
  }
}

const comesByItself = (mark: Element, { upgrade: scope }: MarkSettings): boolean =>
  !!page && rootOf(mark) === document && (!isLink(mark) || isInside(mark, scope))

function marksIn(root: Node): Element[] {
  const marks = findAll(root, MARKS)
  // what has just lost its mark, and what has become an editor, too
  if (isElement(root) && (ofNode('matches', root)(MARKS) || hasChat(root))) marks.unshift(root)
  return marks
}

/** A chat's own fallback, or the content of a marked div. What a self-closed tag has swallowed is neither. */
function isTaken(mark: Element, { 'event-id': id }: Wish, origin = CHAT_ORIGIN): boolean {
  const closest = ofNode('closest', mark)
  if (closest(`${TAG}>[slot],div[data-${TAG}]:not([data-${TAG}=""]) *`)) return true
  const chat = closest(TAG)
  return !!chat && readEventId(chat.getAttribute('event-id'), origin) === readEventId(id, origin)
}

let complaint: string | undefined
function isInside(link: Element, scope: string | undefined): boolean {
  if (!scope) return false
  const inside = tryOrUndefined(() => !!link.closest(scope))
  if (inside === undefined && complaint !== scope)
    console.warn('<kinescope-chat> data-upgrade is no CSS selector:', (complaint = scope))
  return !!inside
}

/** The open shadow roots below a root. */
function shadowRoots(root: Node): ShadowRoot[] {
  const hosts = [...(isElement(root) ? [root] : []), ...findAll(root, '*')]
  return hosts.flatMap((host) => {
    const shadowRoot = ofNode('shadowRoot', host)
    return shadowRoot && host.localName !== TAG ? [shadowRoot, ...shadowRoots(shadowRoot)] : []
  })
}
