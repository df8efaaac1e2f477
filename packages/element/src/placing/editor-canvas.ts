import { tryOrUndefined, closestAcrossRoots, ofDocument } from '../platform.js'

/** What is edited. Words that mean nothing are inherited (HTML, "contenteditable"). */
const EDITABLE = ['', 'true', 'plaintext-only'].map((value) => `[contenteditable="${value}" i]`).join()
/** What editors put on the page itself. */
const CANVAS_PAGES = `${EDITABLE},.wf-design-mode,.elementor-editor-active,.fl-builder-edit,.et-fb,.vc_editor`
/** What the best-known editors put around the frame in which they show a page. */
const CANVAS_FRAMES = `${EDITABLE},[data-block],.block-editor-iframe__body,.components-sandbox,.gjs-frame,.tox-edit-area`

/**
 * Whether the element stands in an editor's canvas, where it must neither talk to anybody nor leave a trace. An editor
 * may switch editing off just around a widget, so any editable ancestor counts, not the nearest alone. Another document
 * is not by itself an editor: it may be a pop-up or a picture-in-picture window.
 */
export function inEditorCanvas(element: Element): boolean {
  const page = element.ownerDocument
  const view = ofDocument('defaultView', page)
  if (!view || ofDocument('designMode', page) === 'on' || closestAcrossRoots(element, CANVAS_PAGES))
    return true
  // another site's frame is not to be seen
  const frame = tryOrUndefined(() => view.frameElement)
  return !!frame && (!!closestAcrossRoots(frame, CANVAS_FRAMES) || inEditorCanvas(frame))
}
