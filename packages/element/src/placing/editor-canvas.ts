import { attempt } from '../attempt.js'
import { closest } from '../closest.js'

/** What the best-known editors put around the frame in which they show a page. */
const CANVAS_FRAMES =
  '[data-block],[contenteditable],.block-editor-iframe__body,.components-sandbox,.gjs-frame'
/** What is edited, and what editors put on the page itself. */
const CANVAS_PAGES = '[contenteditable]:not([contenteditable=false]),.wf-design-mode,.elementor-editor-active'

/**
 * Whether the element stands in an editor's canvas, where it must neither talk to anybody nor leave a trace. An editor
 * may switch editing off just around a widget, so any editable ancestor counts, not the nearest alone. Another document than
 * the script's isn't by itself an editor's: it may be that of a picture-in-picture window or a pop-up.
 */
export function inEditorCanvas(element: Element): boolean {
  const page = element.ownerDocument
  const window = page.defaultView
  return (
    // nobody sees a document without a window
    !window ||
    page.designMode === 'on' ||
    !!closest(element, CANVAS_PAGES) ||
    // another site's frame is not to be seen
    !!attempt(() => window.frameElement?.closest(CANVAS_FRAMES))
  )
}
