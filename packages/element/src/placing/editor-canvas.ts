import { tryOrUndefined, closestAcrossRoots, ofDocument } from '../platform.js'

/** Matches editable elements. An element with an invalid value inherits the state (HTML, "contenteditable"). */
const EDITABLE = ['', 'true', 'plaintext-only'].map((value) => `[contenteditable="${value}" i]`).join()
/** Matches an editor's marks on the edited page itself. */
const CANVAS_PAGES = `${EDITABLE},.wf-design-mode,.elementor-editor-active,.fl-builder-edit,.et-fb,.vc_editor`
/** Matches the marks of common editors around the frame that shows a page. */
const CANVAS_FRAMES = `${EDITABLE},[data-block],.block-editor-iframe__body,.components-sandbox,.gjs-frame,.tox-edit-area`

/**
 * Whether the element is in an editor's canvas, where it must send no request and leave no trace. Any editable ancestor
 * counts, because an editor may disable editing just around a widget. Another document isn't necessarily an editor: it
 * may be a pop-up or a picture-in-picture window.
 */
export function inEditorCanvas(element: Element): boolean {
  const page = element.ownerDocument
  const view = ofDocument('defaultView', page)
  if (!view || ofDocument('designMode', page) === 'on' || closestAcrossRoots(element, CANVAS_PAGES))
    return true
  // a frame element of another site is inaccessible
  const frame = tryOrUndefined(() => view.frameElement)
  return !!frame && (!!closestAcrossRoots(frame, CANVAS_FRAMES) || inEditorCanvas(frame))
}
