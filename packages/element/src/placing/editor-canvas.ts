/** What the best-known editors put around the frame in which they show a page. */
const CANVAS_FRAMES =
  '[data-block],[contenteditable],.block-editor-iframe__body,.components-sandbox,.gjs-frame'
/** And what they put on the page itself. */
const CANVAS_PAGES = '.wf-design-mode,.elementor-editor-active'

/**
 * Whether the element stands in an editor's canvas, where it must neither talk to anybody nor leave a trace. An editor
 * may switch editing off just around a widget, so any editable ancestor counts, not the nearest alone.
 */
export function inEditorCanvas(element: Element): boolean {
  const page = element.ownerDocument
  if (page !== document || page.designMode === 'on') return true
  let node: Node | null = element
  while (node) {
    if (
      node instanceof Element &&
      node.matches(`[contenteditable]:not([contenteditable=false]),${CANVAS_PAGES}`)
    )
      return true
    node = node.parentNode ?? (node as ShadowRoot).host ?? null
  }
  try {
    return !!frameElement?.closest(CANVAS_FRAMES)
  } catch {
    return false
  }
}
