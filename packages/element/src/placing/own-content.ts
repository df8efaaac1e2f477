import { findAll, ofDocument, ofNode, tryOrUndefined } from '../platform.js'
import { readPasted } from '../text.js'
import { LINKS, TAG } from './marks.js'

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
const UNSEEN = 'script,style,template,noscript,br'
const WRAPPERS = 'p,span'

/** Moves a div's content into its chat as the placeholder, and drops the empty lines that editors leave. */
export function takeContent(div: Element, chat: Element): void {
  // comments and empty texts are a framework's bookmarks
  const nodes = [...div.childNodes].filter(
    (node) => node !== chat && (node instanceof Element || (node instanceof Text && node.data)),
  ) as (Element | Text)[]
  if (!nodes.some(isSeen)) {
    for (const node of nodes) if (!(node instanceof Element) || node.matches(`br,${WRAPPERS}`)) node.remove()
    return
  }
  const placeholder = placeholderOf(chat) ?? ofDocument('createElement')('div')
  placeholder.slot = 'placeholder'
  placeholder.append(...nodes)
  chat.append(placeholder)
}

/** Gives a div its content back. */
export function returnContent(div: Element, chat: Element): void {
  div.append(...(placeholderOf(chat)?.childNodes ?? []))
  chat.replaceChildren()
}

const placeholderOf = (chat: Element): Element | undefined => findAll(chat, '[slot=placeholder]')[0]
