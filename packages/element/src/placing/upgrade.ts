import { listedOrigins } from '../frame/chat-url.js'
import { findAll, isElement, isRoot, ofElement, rootOf } from '../platform.js'
import { inEditorCanvas } from './editor-canvas.js'
import { isLink, MARK_ATTRIBUTES, MARKS, readMark, TAG } from './marks.js'
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
  if (!isRoot(root))
    return console.warn('<kinescope-chat> upgrade() takes a document, a root or an element:', root)
  const { upgrade: scope } = settings
  const everywhere = root !== document || !scope
  for (const place of [root, ...shadowRoots(root)]) {
    const marks = marksIn(place)
    for (const mark of marks) if (everywhere || !isLink(mark) || isInside(mark, scope)) invited.add(mark)
    tend(marks, settings)
    follow(rootOf(place), settings)
  }
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
  const attributeFilter = [...MARK_ATTRIBUTES, 'contenteditable']
  observer.observe(root, { subtree: true, childList: true, attributeFilter })
}

/** What is to be looked at: what came and what was changed, or with many changes all that is in the same root. */
function changedBy(records: MutationRecord[]): Set<Node> {
  const changed = new Set(records.filter(({ type }) => type === 'attributes').map(({ target }) => target))
  const growths = records.filter(({ addedNodes }) => addedNodes.length)
  const count = growths.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0)
  const places = new Set(growths.map(({ target }) => target))
  if (count > MANY) for (const place of places) changed.add(rootOf(place))
  else
    for (const { addedNodes } of growths)
      for (const node of addedNodes) if (isElement(node)) changed.add(node)
  return changed
}

function tend(marks: Iterable<Element>, settings: MarkSettings): void {
  const listed = listedOrigins(settings.chatOrigin)
  for (const mark of marks) {
    const counts = hasChat(mark) || invited.has(mark) || comesByItself(mark, settings)
    if (!counts) continue
    const wish = !isTaken(mark) && !inEditorCanvas(mark) && readMark(mark, listed)
    if (wish) settle(mark, wish)
    else if (hasChat(mark)) withdraw(mark)
  }
}

const comesByItself = (mark: Element, { upgrade: scope }: MarkSettings): boolean =>
  !!page && rootOf(mark) === document && (!isLink(mark) || isInside(mark, scope))

function marksIn(root: Node): Element[] {
  const marks = findAll(root, MARKS)
  // what has just lost its mark, and what has become an editor, too
  if (isElement(root) && (ofElement('matches', root)(MARKS) || hasChat(root))) marks.unshift(root)
  return marks
}

/** A chat's own fallback, or the content of a marked div. */
function isTaken({ parentElement }: Element): boolean {
  return !!parentElement && !!ofElement('closest', parentElement)(`${TAG},div[data-${TAG}]`)
}

const complaints = new Set<string>()
function isInside(link: Element, scope: string | undefined): boolean {
  if (!scope) return false
  try {
    return !!link.closest(scope)
  } catch {
    if (!complaints.has(scope)) console.warn(`<kinescope-chat> data-upgrade is no CSS selector: ${scope}`)
    complaints.add(scope)
    return false
  }
}

/** The open shadow roots below a root. */
function shadowRoots(root: Node): ShadowRoot[] {
  const hosts = [...(isElement(root) ? [root] : []), ...findAll(root, '*')]
  return hosts.flatMap((host) => {
    const shadowRoot = ofElement('shadowRoot', host)
    return shadowRoot && host.localName !== TAG ? [shadowRoot, ...shadowRoots(shadowRoot)] : []
  })
}
