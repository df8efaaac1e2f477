/** Whether the visitor is in this frame: its document has the focus, typing or not, in a hidden tab or not. */
export const isInside = (frame: HTMLIFrameElement): boolean =>
  (frame.getRootNode() as ShadowRoot).activeElement === frame

/**
 * Whether the visitor has just typed or clicked: true for about five seconds after a key press inside a frame too, even
 * one of another site (HTML, "activation notification").
 */
export const isActive = (): boolean => navigator.userActivation?.isActive ?? false

/** The element with the focus, through all shadow roots. */
export function focused(): Element | null {
  let active = document.activeElement
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
  return active
}

/**
 * Keeps a loading frame from taking the focus: Chromium lets a page do that even in a hidden, inert frame. Whatever had the
 * focus before gets it back.
 */
export function guardFocus(frame: HTMLIFrameElement, signal: AbortSignal): void {
  let before = focused()
  const look = () => {
    if (!isInside(frame)) before = focused()
    else if (before && before !== document.body) (before as HTMLElement).focus({ preventScroll: true })
    else frame.blur()
  }
  const timer = setInterval(look, 50)
  addEventListener('blur', look, { signal })
  signal.addEventListener('abort', () => clearInterval(timer))
}
