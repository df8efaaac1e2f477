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
    const heard = (event: Event) => {
      // a page that goes into the cache and then does anything at all has come back
      this.#cached ||= (event as Partial<PageTransitionEvent>).persisted === true
      if (event.type !== 'pagehide') woke(event)
    }
    for (const name of ['visibilitychange', 'online', 'focus', 'resume', 'pageshow', 'pagehide'])
      EventTarget.prototype.addEventListener.call(page, name, heard, { signal, capture: true })
  }

  /** Whether the page lay in the back/forward cache since this was last asked. */
  takeRestored(): boolean {
    const cached = this.#cached
    this.#cached = false
    return cached
  }
}
