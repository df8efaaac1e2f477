import { tryOrUndefined, ofDocument } from '../platform.js'
import { chatFailure, type ChatFailure } from '../problem.js'

const referrerPolicy = 'strict-origin-when-cross-origin'

/**
 * A frame that is on its way to the chat page: out of sight, but of real size (a chat that scrolls to its last message
 * needs one), and out of reach of the keyboard.
 */
export function createFrame(page: Document): HTMLIFrameElement {
  const frame = ofDocument('createElement', page)('iframe')
  Object.assign(frame, {
    name: `kinescope-chat-${Math.random()}`,
    allow: 'fullscreen; clipboard-write',
    referrerPolicy,
    inert: true,
  })
  frame.setAttribute('part', 'frame')
  frame.style.visibility = 'hidden'
  return frame
}

/**
 * Opens an address in a named frame or a new tab by a link that is never in the document. Of all ways it is the one
 * that leaves the address, and with it the token, out of DOM attributes, of resource timing and of the history, while the
 * chat page still sees the page's origin as its referrer, whatever the page's own policy. A link outside the document
 * also shows its click to no listener.
 */
export function follow(href: string, target: string): void {
  const link = ofDocument('createElement')('a')
  Object.assign(link, { href, target, referrerPolicy }).click()
}

/**
 * Sends a fresh frame to an address. WebKit notes a frame's first address in resource timing and a link's in the history;
 * there the frame's empty page is opened anew in the page's name and sent on, which leaves both clean. The page's own
 * referrer policy counts then, not the frame's. A frame in another window is no link's target, and an empty page (about:blank)
 * no referrer: it is sent on in the name of the script's page too.
 */
export function send(frame: HTMLIFrameElement, url: string): void {
  if (frame.ownerDocument === document && !/^Apple/.test(navigator.vendor)) return follow(url, frame.name)
  frame.contentDocument!.open().close()
  frame.contentWindow!.location.href = url
}

/** Whether the frame holds the empty page that every frame begins with, and falls back to when it is moved. */
export function isBlank({ contentDocument }: HTMLIFrameElement): boolean {
  const url = contentDocument?.URL ?? ''
  return url === ofDocument('URL') || url.startsWith('about:')
}

/**
 * Calls back when the page's own policy is known to forbid frames of this origin. Every browser reports its Content
 * Security Policy; a Cross-Origin-Embedder-Policy only Chromium does, and late. Reports hold the frame's whole address, so
 * nothing of them goes on.
 */
export function onRefusal(
  page: Document,
  origin: string,
  signal: AbortSignal,
  refuse: (failure: ChatFailure) => void,
): void {
  const blocked = (reason: string) => refuse(chatFailure('frame-blocked', { reason }))
  ofDocument('addEventListener', page)(
    'securitypolicyviolation',
    ({ effectiveDirective, blockedURI, disposition }) => {
      if (
        disposition === 'enforce' &&
        /^(frame|child|default)-src/.test(effectiveDirective) &&
        blockedURI.startsWith(origin)
      )
        blocked(`Content-Security-Policy lacks this origin; add: frame-src ${origin}`)
    },
    { signal },
  )
  const observer = tryOrUndefined(
    () =>
      new ReportingObserver(
        (reports) => {
          // the body has no type of its own: its members show in JSON only
          if (JSON.stringify(reports).includes(`"${origin}/`))
            blocked('Cross-Origin-Embedder-Policy keeps the frame out; it must be unsafe-none')
        },
        { types: ['coep'] },
      ),
  )
  observer?.observe()
  signal.addEventListener('abort', () => observer?.disconnect())
}
