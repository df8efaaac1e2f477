import { tryOrUndefined, ofDocument, ofNode } from '../platform.js'
import { readPasted } from '../text.js'
import { LINKS, TAG } from './marks.js'

/**
 * What the page has in a mark stays untouched, for the page's framework may own it: no node is moved, no attribute set.
 * A link is hidden by a rule that holds as long as its chat stands before it; a div's content by giving the div a slot that
 * shows the chat alone.
 */
const slots = new WeakMap<Node, HTMLSlotElement>()

let sheet: CSSStyleSheet | undefined

/** Hides the links of a document or shadow root whose chat stands before them. Not in another window: sheets can't go there. */
export function hideLinks(root: Node): void {
  tryOrUndefined(() => {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(`${TAG}:defined+${LINKS}{display:none!important}`)
    const sheets = ofNode('adoptedStyleSheets', root as ShadowRoot)
    if (!sheets.includes(sheet)) sheets.push(sheet)
  })
}

/** Whether a node has a text or anything else that somebody would see. */
const isSeen = (node: Node): boolean =>
  node instanceof Element
    ? !node.matches(UNSEEN) && (!node.matches(WRAPPERS) || [...node.childNodes].some(isSeen))
    : node instanceof Text && !!readPasted(node.data)
/** What isn't for eyes, and what editors leave behind. */
const UNSEEN = 'script,style,template,noscript,br'
const WRAPPERS = 'p,span'

/** Editors and templates leave white space, `&nbsp;` and `<br>`. Comments and empty texts are a framework's bookmarks. */
export function clearLeftovers(div: Element): void {
  for (const node of [...div.childNodes])
    if (node.nodeName === 'BR' || (node instanceof Text && node.data && !isSeen(node))) node.remove()
}

/** Shows the chat alone where the div has content of its own. */
export function hideOwnContent(div: Element, chat: Element): void {
  if (!slots.has(div) && div.childNodes.length > 1)
    tryOrUndefined(() => {
      const slot = ofDocument('createElement')('slot')
      // where it has a root of its own, that shows what it wants
      div.attachShadow({ mode: 'closed', slotAssignment: 'manual' }).append(slot)
      slots.set(div, slot)
    })
  slots.get(div)?.assign(chat)
}

/** Shows a div's content again. */
export function showOwnContent(div: Node): void {
  slots.get(div)?.assign(...([...div.childNodes] as (Element | Text)[]))
}

/** A copy of a div's content that is shown until the chat is; null where there is nothing to see. */
export function makePlaceholder(div: Element): HTMLElement | null {
  if (![...div.childNodes].some(isSeen)) return null
  const placeholder = ofDocument('createElement')('span')
  placeholder.slot = 'placeholder'
  for (const node of div.childNodes) placeholder.append(node.cloneNode(true))
  // a copy has no name that anything could be addressed by, and does nothing a second time
  for (const copy of placeholder.querySelectorAll(`${TAG},script,style,iframe,object,embed,video,audio`))
    copy.remove()
  for (const name of ['id', 'name'])
    for (const copy of placeholder.querySelectorAll(`[${name}]`)) copy.removeAttribute(name)
  return placeholder
}
