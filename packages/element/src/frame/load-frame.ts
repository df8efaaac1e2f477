import { ChatFailure } from '../problem.js'

/** How long the chat page may take before the visitor is told. */
export const LOAD_TIMEOUT_MS = 15_000

/**
 * A frame that is on its way to the chat page: out of sight, but of real size (a chat that scrolls to its last message
 * needs one), and out of reach of the keyboard.
 */
export function createFrame(title: string): HTMLIFrameElement {
  const frame = document.createElement('iframe')
  frame.name = `kinescope-chat-${Math.random().toString(36).slice(2)}`
  frame.title = title
  frame.allow = 'fullscreen; clipboard-write'
  frame.referrerPolicy = 'strict-origin-when-cross-origin'
  frame.part.add('frame')
  frame.style.visibility = 'hidden'
  frame.inert = true
  return frame
}

/**
 * Sends a named frame, or a new tab, to an address by a link that is never in the document. Of all ways it is the one
 * that leaves the address, and with it the token, out of DOM attributes, of resource timing and of the history, while the
 * chat page still sees the page's origin as its referrer, whatever the page's own policy. A link outside the document
 * also shows its click to no listener.
 */
export function follow(url: string, target: string): void {
  const link = document.createElement('a')
  link.href = url
  link.target = target
  link.referrerPolicy = 'strict-origin-when-cross-origin'
  if (target === '_blank') link.rel = 'noopener'
  link.click()
}

/** Whether the frame holds the empty page that every frame begins with, and falls back to when it is moved. */
export const isBlank = (frame: HTMLIFrameElement): boolean => {
  try {
    return frame.contentDocument?.URL === 'about:blank'
  } catch {
    return false
  }
}

/**
 * Resolves when the frame has loaded what it was sent to; rejects with `frame-blocked` as soon as the page's policy is
 * known to forbid it, and with the signal's reason. `load` alone proves nothing: it fires for refused frames too
 * (https://github.com/whatwg/html/issues/12311), so a verdict that comes with it is given a turn to arrive first.
 */
export function whenLoaded(frame: HTMLIFrameElement, url: string, signal: AbortSignal): Promise<void> {
  const { origin } = new URL(url)
  return new Promise((resolve, reject) => {
    const settled = new AbortController()
    const options = { signal: settled.signal }
    const refuse = (error: unknown) => {
      settled.abort()
      reject(error as Error)
    }
    signal.addEventListener('abort', () => refuse(signal.reason), options)
    document.addEventListener(
      'securitypolicyviolation',
      ({ effectiveDirective, blockedURI, disposition }) => {
        if (disposition === 'enforce' && /^(frame|child|default)-src/.test(effectiveDirective) && blockedURI.startsWith(origin))
          refuse(new ChatFailure({ code: 'frame-blocked', reason: `Content-Security-Policy: frame-src ${origin}` }))
      },
      options,
    )
    frame.addEventListener(
      'load',
      () => {
        if (isBlank(frame)) return
        setTimeout(() => {
          if (settled.signal.aborted) return
          settled.abort()
          resolve()
        })
      },
      options,
    )
    whenEmbedderPolicyBlocks(origin, settled.signal, refuse)
  })
}

/** Chromium alone reports a frame that Cross-Origin-Embedder-Policy stopped. The report holds the whole address: it goes nowhere. */
function whenEmbedderPolicyBlocks(origin: string, signal: AbortSignal, refuse: (error: unknown) => void): void {
  if (typeof ReportingObserver === 'undefined') return
  const observer = new ReportingObserver(
    (reports) => {
      const blocked = reports.some(({ body }) => String((body as { blockedURL?: string }).blockedURL).startsWith(origin))
      if (blocked)
        refuse(new ChatFailure({ code: 'frame-blocked', reason: 'Cross-Origin-Embedder-Policy: unsafe-none' }))
    },
    { types: ['coep'] },
  )
  observer.observe()
  signal.addEventListener('abort', () => observer.disconnect())
}
