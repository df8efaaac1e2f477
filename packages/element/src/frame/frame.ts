import { focusedBeside, isReportOf, ofDocument, ofNode, onViolation, tryOrUndefined } from '../platform.js'
import { ChatFailure } from '../problems.js'

const referrerPolicy = 'strict-origin-when-cross-origin'
let count = 0

/**
 * A frame for a chat page of this origin: out of sight, but with a real size (a chat that scrolls to its last message needs
 * one), and out of reach of the keyboard.
 */
export function createFrame(page: Document, origin: string): HTMLIFrameElement {
  return Object.assign(ofDocument('createElement', page)('iframe'), {
    // other windows can't guess it; a page may have replaced `Math.random`, so it is counted too
    name: `kinescope-chat-${Math.random()}-${++count}`,
    // a frame without `src` gets nothing unless the origin is named (Permissions Policy, "declared origin")
    allow: `fullscreen ${origin}; clipboard-write ${origin}`,
    referrerPolicy,
    inert: true,
    part: 'frame',
    style: 'visibility: hidden',
  })
}

/**
 * Opens an address in a named frame or a new tab by a link that is never in the document. This is the one way that keeps the
 * address, and its token, out of DOM attributes, resource timing and the history, while the chat page sees the page's
 * origin as its referrer under any policy of the page. No listener of the page sees the click.
 */
export function openAddress(href: string, target: string): void {
  const link = ofDocument('createElement')('a')
  Object.assign(link, { href, target, referrerPolicy }).click()
}

/**
 * Sends a fresh frame to an address. WebKit notes a frame's first address in resource timing and a link's in the history, so
 * there the frame's empty page is opened anew and sent on; the page's own referrer policy counts then. So it is in another
 * window, where a frame is no link's target. A sandbox without an origin lets no page open its frame's empty page.
 */
export function sendFrame(frame: HTMLIFrameElement, url: string): void {
  const byLink = frame.ownerDocument === document && !/^Apple/.test(navigator.vendor)
  // `contentDocument` makes the browser create a script context for the frame, so it is read only where it is needed
  const empty = byLink ? null : frame.contentDocument
  if (!empty) return openAddress(url, frame.name)
  empty.open().close()
  frame.contentWindow!.location.href = url
}

/** Whether the frame has the empty page that every frame starts with, and returns to when it is moved. */
export function isBlank({ contentDocument }: HTMLIFrameElement): boolean {
  const url = contentDocument?.URL ?? ''
  return url === ofDocument('URL') || url.startsWith('about:')
}

/**
 * Calls back when the page's policy blocks the frame of this address. Every browser reports its Content Security Policy
 * before the frame's `load`, Chromium by origin alone: later reports are another frame's. Only Chromium reports a
 * Cross-Origin-Embedder-Policy, and late. Reports have the whole address, so nothing of them is passed on.
 * @param loading aborted when the frame has loaded
 */
export function onBlocked(
  page: Document,
  url: string,
  loading: AbortSignal,
  signal: AbortSignal,
  blocked: (failure: ChatFailure) => void,
): void {
  const { origin } = new URL(url)
  const report = (reason: string) => blocked(new ChatFailure({ code: 'frame-blocked', reason }))
  onViolation(page, /^(?:frame|child|default)-src/, url, loading, () =>
    report(`Content-Security-Policy lacks this origin; add: frame-src ${origin}`),
  )
  // most browsers have no such class, and a page's own may be anything
  tryOrUndefined(() => {
    const observer = new ReportingObserver(
      (reports) => {
        // a report's members show only in its JSON
        const plain = JSON.parse(JSON.stringify(reports)) as { body: CoepBody }[]
        if (plain.some(({ body }) => body.disposition === 'enforce' && isReportOf(`${body.blockedURL}`, url)))
          report('Cross-Origin-Embedder-Policy blocks the frame; it must be unsafe-none')
      },
      { types: ['coep'] },
    )
    observer.observe()
    signal.addEventListener('abort', () => observer.disconnect())
  })
}

type CoepBody = Partial<Record<'disposition' | 'blockedURL', string>>

/** Whether the visitor is in this frame: its document has the focus, in a hidden tab too. */
export const isInside = (frame: HTMLIFrameElement): boolean => focusedBeside(frame) === frame

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
    else if (before && before !== ofDocument('body', page)) ofNode('focus', before)({ preventScroll: true })
    else frame.blur()
  }, 50)
  return () => clearInterval(timer)
}
