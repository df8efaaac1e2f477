import { ofDocument } from '../platform.js'

/** Whether the visitor is in this frame: its document has the focus, in a hidden tab too. */
export const isInside = (frame: HTMLIFrameElement): boolean =>
  (frame.getRootNode() as ShadowRoot).activeElement === frame

/**
 * Whether the visitor has just typed or clicked: true for about five seconds after a key press inside a frame too, even
 * one of another site (HTML, "activation notification").
 */
export const isActive = (node: Node): boolean =>
  // newer than some supported browsers
  (ofDocument('defaultView', node.ownerDocument!)?.navigator as Partial<Navigator> | undefined)
    ?.userActivation?.isActive ?? false

/** The element with the focus, through all shadow roots. */
function focused(active: Element | null): HTMLElement | null {
  return active?.shadowRoot?.activeElement
    ? focused(active.shadowRoot.activeElement)
    : (active as HTMLElement | null)
}

/**
 * Keeps a loading or new frame from taking the focus by itself: Chromium lets a page do that even in a hidden, inert frame.
 * The focus returns to where it was, unless the visitor went there. This polls, as focus events that answer focus events
 * can keep two pages busy forever.
 * @returns a function that ends it
 */
export function guardFocus(frame: HTMLIFrameElement, isAllowed: () => boolean): () => void {
  const page = frame.ownerDocument
  const now = () => focused(ofDocument('activeElement', page))
  let before = now()
  const timer = setInterval(() => {
    if (isAllowed()) return
    if (!isInside(frame)) before = now()
    else if (before && before !== ofDocument('body', page)) before.focus({ preventScroll: true })
    else frame.blur()
  }, 50)
  return () => clearInterval(timer)
}
