import type { CSSResult } from 'lit'
import { tryOrUndefined, ofDocument } from '../platform.js'

/** A sheet belongs to the document that it was made in: each document has its own copy. */
const sheets = new WeakMap<Document, CSSStyleSheet>()

/**
 * Puts the styles on a shadow root in whatever document it stands: the page, or a window that the chat was moved to. A sheet
 * is adopted where it can be, for pages may forbid style elements.
 */
export function dress(root: ShadowRoot, { cssText }: CSSResult): void {
  const { ownerDocument: page } = root
  const adopted = tryOrUndefined(() => {
    if (!('adoptedStyleSheets' in root)) return false
    let sheet = sheets.get(page)
    if (!sheet) {
      sheet = new (ofDocument('defaultView', page) as Window & typeof globalThis).CSSStyleSheet()
      sheet.replaceSync(cssText)
      sheets.set(page, sheet)
    }
    root.adoptedStyleSheets = [sheet]
    return true
  })
  root.querySelector('style')?.remove()
  if (adopted) return
  const style = ofDocument('createElement', page)('style')
  style.textContent = cssText
  root.prepend(style)
}
