import { attempt } from '../attempt.js'
import { ofDocument } from '../platform.js'
import { LINKS, TAG } from './marks.js'

/**
 * What the page has in a mark stays untouched, for the page's framework may own it: no node is moved, no attribute set.
 * A link is hidden by a rule that holds as long as its chat stands before it; a div's content by giving the div a slot that
 * shows the chat alone.
 */
const slots = new WeakMap<Element, HTMLSlotElement>()

let sheet: CSSStyleSheet | undefined

/** Hides the links of a document or shadow root whose chat stands before them. Not in another window: sheets can't go there. */
export function hideLinks(root: Node): void {
  attempt(() => {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(`${TAG}:defined+${LINKS}{display:none!important}`)
    const prototype = root instanceof ShadowRoot ? ShadowRoot.prototype : Document.prototype
    const sheets: CSSStyleSheet[] = Reflect.get<Document, 'adoptedStyleSheets'>(
      prototype as Document,
      'adoptedStyleSheets',
      root,
    )
    if (!sheets.includes(sheet)) Reflect.set(prototype, 'adoptedStyleSheets', [...sheets, sheet], root)
  })
}

/** Whether somebody would see something of it: editors and templates leave white space, `&nbsp;` and `<br>`. */
const hasContent = (div: Element): boolean =>
  [...div.childNodes].some((node) => !isChat(node) && (node.textContent?.trim() || isSeen(node)))

const isChat = (node: Node) => (node as Partial<Element>).localName === TAG
const isSeen = (node: Node) =>
  node instanceof Element && (node.localName !== 'br' || !!node.firstElementChild)

/** Shows the chat alone where the div has content of its own. */
export function hideOwnContent(div: Element, chat: Element): void {
  if (!slots.has(div)) {
    if (!hasContent(div)) return
    try {
      const root = div.attachShadow({ mode: 'closed', slotAssignment: 'manual' })
      const slot = ofDocument('createElement')('slot')
      root.append(slot)
      slots.set(div, slot)
    } catch {
      return // it has a root of its own, which shows what it wants
    }
  }
  slots.get(div)!.assign(chat)
}

/** Shows a div's content again. */
export function showOwnContent(div: Element): void {
  slots.get(div)?.assign(...([...div.childNodes] as (Element | Text)[]))
}

/** A copy of a div's content that is shown until the chat is; null where there is nothing to see. */
export function makePlaceholder(div: Element): HTMLElement | null {
  if (!hasContent(div)) return null
  const placeholder = ofDocument('createElement')('span')
  placeholder.slot = 'placeholder'
  for (const node of div.childNodes) if (!isChat(node)) placeholder.append(node.cloneNode(true))
  // a copy has no name that anything could be addressed by, and does nothing a second time
  for (const copy of placeholder.querySelectorAll('script,style,iframe,object,embed,video,audio'))
    copy.remove()
  for (const copy of placeholder.querySelectorAll('[id],[name]')) {
    copy.removeAttribute('id')
    copy.removeAttribute('name')
  }
  return placeholder
}
