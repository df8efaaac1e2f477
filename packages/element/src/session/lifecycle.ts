import { listen, withinBurstLimit } from '../clock.js'
import { inEditorCanvas } from '../placing/editor-canvas.js'
import { ofDocument, tryOrUndefined } from '../platform.js'
import { startsNewSession, type Settings } from '../settings.js'
import { forgetRequests } from '../token/ask.js'
import { ChatSession, type ChatHost, type SessionView } from './session.js'

/** How far from the viewport a lazy chat starts. */
const LAZY_MARGIN = '200px'
/** The delay of a change, a reload or a restart beyond the burst limit. */
const PAUSE_MS = 1_000
const CHANNEL = 'kinescope-chat'

interface LifecycleView extends SessionView {
  /** The page's current settings. */
  settings(): Settings
}

/** Starts and stops an element's session when it connects or disconnects, its settings change, or the page is shown. */
export class Lifecycle {
  readonly session: ChatSession
  readonly #host: ChatHost
  readonly #view: LifecycleView
  /** Whether a session has begun for the settings. It may still wait for the viewport. */
  #begun = false
  #left = false
  /** Whether a lazy chat was reloaded. It then doesn't wait for the viewport. */
  #wanted = false
  #waiting = new AbortController()
  #pause: ReturnType<typeof setTimeout> | undefined
  #resets = resets

  constructor(host: ChatHost, view: LifecycleView) {
    this.#host = host
    this.#view = view
    this.session = new ChatSession(host, view)
  }

  get settings(): Settings {
    return this.#view.settings()
  }

  /** Called microtasks after the element connects, so that all settings of that task count. */
  connected(): void {
    const { session } = this
    if (!this.#host.isConnected) return
    const returned = this.#left
    this.#left = false
    join(this)
    if (this.#resets !== resets) {
      // one that was never on the page has no session yet
      this.session.settings ??= this.settings
      this.forget()
    }
    if (!this.#begun || returned || this.#needsNewSession(this.settings)) return this.#begin()
    // a move within one task keeps the session; only the browser has emptied the frame
    if (!session.frames.empty) session.start({ keepToken: true })
  }

  disconnected(): void {
    setTimeout(() => {
      if (this.#host.isConnected) return
      this.#left = true
      this.session.spendToken(this.settings)
      this.end()
      live.delete(this)
    })
  }

  /**
   * Called after an update has rendered changed properties. Updates have no side effects, so the change is applied
   * here.
   */
  updated(): void {
    if (!this.#begun || this.#pause) return
    const { settings } = this.session
    const next = this.settings
    const names = Object.keys(next) as (keyof Settings)[]
    if (this.#isStill(next) === this.#wasStill && names.every((name) => settings[name] === next[name])) return
    if (withinBurstLimit(this)) return queueMicrotask(() => this.#view.guard(this.#apply))
    if (startsNewSession(settings, next)) this.end()
    this.#delay(this.#apply)
  }

  /** Requests a new token for a new frame. Uses the current settings, rendered or not. */
  reload(): void {
    this.#limit(() => {
      const { session, settings } = this
      const isNew = this.#begun && this.#needsNewSession(settings)
      if (!isNew && this.#isRunning) return session.reload(settings)
      this.#wanted = true
      if (isNew) return this.#begin()
      session.settings = settings
      if (this.#begun && !this.#wasStill) this.#startWhenDue()
    })
  }

  forget(): void {
    this.#resets = resets
    this.session.forget()
  }

  reset(): void {
    this.forget()
    this.restart()
  }

  restart(): void {
    this.#limit(() => {
      if (!this.#begun) return
      // it may have started already; then a change may have waited for this
      if (this.#isRunning) this.#apply()
      else this.#begin()
    })
  }

  /** Does the work now, or later where a listener of the page causes it again and again. */
  #limit(work: () => void): void {
    // apart from changes: a page that sets another function at each render delays no visitor's click
    if (withinBurstLimit(this.session)) work()
    else this.#delay(work)
  }

  #delay(work: () => void): void {
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      // a change beyond the limit has ended the session
      this.#view.guard(this.#begun ? work : this.#apply)
    }, PAUSE_MS)
  }

  get #isRunning(): boolean {
    const { status } = this.session.state
    return status !== 'idle' && status !== 'preview'
  }

  get #wasStill(): boolean {
    return this.session.state.status === 'preview'
  }

  /** Whether the element is a static placeholder: in an editor, or by its setting. */
  #isStill({ preview }: Settings): boolean {
    return preview || inEditorCanvas(this.#host)
  }

  #needsNewSession(next: Settings): boolean {
    return this.#isStill(next) !== this.#wasStill || startsNewSession(this.session.settings, next)
  }

  readonly #apply = (): void => {
    if (!this.#host.isConnected) return
    const { session } = this
    const next = this.settings
    if (!this.#begun || this.#needsNewSession(next)) return this.#begin()
    if (this.#isRunning) return session.update(next)
    session.settings = next
    if (!next.lazy && !this.#wasStill) this.#startWhenDue()
  }

  #begin(): void {
    const { session } = this
    const settings = this.settings
    const still = this.#isStill(settings)
    this.#waiting.abort()
    this.#begun = true
    session.settings = settings
    session.stop({ preview: still })
    // a listener may have removed the element, or started another session
    if (!still && !this.#isRunning && this.#host.isConnected && !startsNewSession(settings, this.settings))
      this.#startWhenDue()
  }

  end(): void {
    this.#begun = false
    this.#waiting.abort()
    this.session.stop()
  }

  #startWhenDue(): void {
    this.#waiting.abort()
    const { signal } = (this.#waiting = new AbortController())
    const page = this.#host.ownerDocument
    // a prerendered page may never be shown (HTML, "prerendering")
    if (ofDocument('prerendering' as 'hidden', page)) {
      const options = { once: true, signal }
      ofDocument('addEventListener', page)(
        'prerenderingchange',
        () => this.#view.guard(() => this.#startWhenDue()),
        options,
      )
      return
    }
    if (!this.session.settings.lazy || this.#wanted || !('IntersectionObserver' in globalThis))
      return this.#start()
    const observer = new IntersectionObserver(
      (entries) => entries.at(-1)!.isIntersecting && this.#view.guard(() => this.#start()),
      { rootMargin: LAZY_MARGIN },
    )
    observer.observe(this.#host)
    signal.addEventListener('abort', () => observer.disconnect())
  }

  #start(): void {
    this.#waiting.abort()
    this.#wanted = false
    this.session.start()
  }
}

/** The chats of this page. They receive resets from the site's other tabs. */
const live = new Set<Lifecycle>()
/** How many resets the page has received. A chat that was away from the page learns from it that it missed one. */
let resets = 0
let channel: BroadcastChannel | undefined
/** Sees inline editors, which make content editable later. */
let editing: MutationObserver | undefined

function join(lifecycle: Lifecycle): void {
  live.add(lifecycle)
  listen(window, ['hashchange'], readPage)
  editing ??= new MutationObserver(readPage)
  editing.observe(document, { subtree: true, attributeFilter: ['contenteditable'] })
  openChannel()
  listen(window, ['pagehide'], pageHidden)
  listen(window, ['pageshow'], openChannel)
}

/**
 * Applies what changes around a chat: the fragment, by a personal link for the open page, and whether an editor edits
 * the chat.
 */
function readPage(): void {
  for (const lifecycle of live) lifecycle.updated()
}

function openChannel(): void {
  channel ??= tryOrUndefined(() => new BroadcastChannel(CHANNEL))
  if (channel) channel.onmessage = resetPage
}

/** The page may return from the back/forward cache after the visitor has signed out. */
function pageHidden(): void {
  // an open channel keeps a page out of the back/forward cache of older browsers
  channel?.close()
  channel = undefined
  forgetRequests()
  for (const { session, settings } of live) session.spendToken(settings)
}

/** Every chat forgets before the first one starts again, so that none joins a request of before. */
function resetPage(): void {
  resets++
  const chats = [...live]
  for (const chat of chats) chat.forget()
  for (const chat of chats) chat.restart()
}

/** Resets every chat of this page and of the site's other tabs. */
export function resetAll(): void {
  resetPage()
  // the page that signs out may have no chat
  tryOrUndefined(() => {
    const sender = channel ?? new BroadcastChannel(CHANNEL)
    sender.postMessage('reset')
    if (sender !== channel) sender.close()
  })
}
