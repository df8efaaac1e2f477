import { CHAT_ORIGIN, listedOrigins, readEventId } from '../frame/chat-url.js'
import { findAll, isElement, logFault, ofNode, rootOf, tryOrUndefined } from '../platform.js'
import type { PageDefaults } from '../settings.js'
import { inEditorCanvas } from './editor-canvas.js'
import {
  hasChat,
  isLink,
  MARK_ATTRIBUTES,
  MARKS,
  misplacedMarks,
  placeChat,
  readMark,
  removeChat,
  TAG,
  showContent,
} from './placement.js'

/** What the script's tag says of marks: the origins of chat pages, and inside which selector links are upgraded. */
type MarkSettings = Pick<PageDefaults, 'chatOrigin' | 'upgrade'>

/** The marks that code has upgraded: they need no scope. */
const byCode = new WeakSet<Element>()
/** The settings of the standalone script's page, whose marks are upgraded automatically. */
let page: (() => MarkSettings) | undefined
let observer: MutationObserver | undefined

/**
 * Gives every mark in a root its chat, the root and open shadow roots below it included. The caller answers for the links
 * in the root; on the whole page those count that lie inside the scope, where the site names one.
 */
export function upgrade(root: unknown, settings: MarkSettings): void {
  const roots = tryOrUndefined(() => [root as Node, ...shadowRoots(root as Node)])
  if (!roots) return console.warn('<kinescope-chat> upgrade() takes a node, not', root)
  const { upgrade: scope } = settings
  const everywhere = root !== document || !scope
  for (const place of roots) {
    const marks = marksIn(place)
    for (const mark of marks) if (everywhere || isInScope(mark, scope)) byCode.add(mark)
    updateMarks(marks, settings)
    observe(rootOf(place), settings)
  }
  // what isn't on the page may be put there
  observe(document, settings)
}

/** From now on, marks that come to the page get their chats automatically. */
export function watch(settings: () => MarkSettings): void {
  page = settings
  updateMarks(marksIn(document), settings())
  observe(document, settings())
}

/** Chats follow their marks, and stay in their places. */
function observe(root: Node, settings: MarkSettings): void {
  observer ??= new MutationObserver((records) => {
    const now = page?.() ?? settings
    for (const node of changedBy(records)) updateMarks(marksIn(node), now)
    updateMarks(misplacedMarks(), now)
    for (const { target } of records) showContent(target)
  })
  const attributeFilter = [...MARK_ATTRIBUTES, 'contenteditable', ...attributesIn(settings.upgrade ?? '')]
  observer.observe(root, { subtree: true, childList: true, attributeFilter })
}

/** The attributes that a selector may depend on. The names of tags among them change nothing. */
function attributesIn(selector: string): string[] {
  const named = selector.toLowerCase().replaceAll('.', ' class ').replaceAll('#', ' id ')
  return named.match(/[\w-]+/g) ?? []
}

/** With so many changes in one task, a look at the whole root costs less. */
const MANY = 100

/** The elements that came, and those that were changed; or the roots where they did. */
function changedBy(records: MutationRecord[]): Set<Node> {
  const nodes = records.flatMap(({ type, target, addedNodes }) =>
    type === 'attributes' ? [target] : [...addedNodes],
  )
  const elements = nodes.filter(isElement)
  // what has stopped being a mark isn't found from its root
  return new Set(
    nodes.length > MANY
      ? [...elements.filter(hasChat), ...records.map(({ target }) => rootOf(target))]
      : elements,
  )
}

function updateMarks(marks: Iterable<Element>, settings: MarkSettings): void {
  const listed = listedOrigins(settings.chatOrigin)
  for (const mark of marks) {
    if (!hasChat(mark) && !byCode.has(mark) && !isAutomatic(mark, settings)) continue
    try {
      const attributes = readMark(mark, listed)
      if (attributes && !isTaken(mark, attributes['event-id'], listed[0]) && !inEditorCanvas(mark))
        placeChat(mark, attributes)
      else if (hasChat(mark)) removeChat(mark)
    } catch (fault) {
      // the other marks get their chats
      logFault(fault)
    }
  }
}

const isAutomatic = (mark: Element, { upgrade: scope }: MarkSettings): boolean =>
  !!page && rootOf(mark) === document && isInScope(mark, scope)

function marksIn(root: Node): Element[] {
  const marks = findAll(root, MARKS)
  // also what has just stopped being a mark
  if (isElement(root) && (ofNode('matches', root)(MARKS) || hasChat(root))) marks.unshift(root)
  return marks
}

/** A chat's own fallback, or the content of a marked div. What a self-closed tag has swallowed is neither. */
function isTaken(mark: Element, eventId: unknown, origin = CHAT_ORIGIN): boolean {
  if (mark.closest(`${TAG}>[slot],div[data-${TAG}]:not([data-${TAG}=""]) *`)) return true
  const chat = mark.closest(TAG)
  return !!chat && readEventId(chat.getAttribute('event-id'), origin) === readEventId(eventId, origin)
}

let badScope: string | undefined
/** Divs need no scope. */
function isInScope(mark: Element, scope: string | undefined): boolean {
  if (!isLink(mark)) return true
  if (!scope) return false
  const inside = tryOrUndefined(() => !!mark.closest(scope))
  if (inside === undefined && badScope !== scope)
    console.warn('<kinescope-chat> data-upgrade is no CSS selector:', (badScope = scope))
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
