/**
 * Tells when time may have passed unseen: the page slept, was hidden, frozen, offline, or lay in the back/forward cache.
 * Optimisation plugins rename events on the window object (WP Rocket: `rocket-pageshow`), so the listeners go round it, by
 * the platform's own method, and no single event is needed: each of them, and any timer, finds out what the others would
 * have told.
 */
export class Wake {
  #cached = false

  /** @param signal aborted when nobody listens any more */
  constructor(page: Window, signal: AbortSignal, woke: (event: Event) => void) {
    const listen = (target: EventTarget, name: string, heard: (event: Event) => void) =>
      EventTarget.prototype.addEventListener.call(target, name, heard, { signal })
    for (const name of ['visibilitychange', 'online', 'focus']) listen(page, name, woke)
    listen(page.document, 'resume', woke)
    // a page that goes into the cache and then does anything at all has come back
    const remember = (event: Event) => (this.#cached ||= (event as PageTransitionEvent).persisted)
    listen(page, 'pagehide', remember)
    listen(page, 'pageshow', (event) => {
      remember(event)
      woke(event)
    })
  }

  /** Whether the page lay in the back/forward cache since this was last asked. */
  takeRestored(): boolean {
    const cached = this.#cached
    this.#cached = false
    return cached
  }
}
