import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { inEditorCanvas } from '../placing/editor-canvas.js'
import { withinBurstLimit } from './clock.js'
import type { SessionSettings } from '../settings.js'
import { ChatSession, type SessionHost } from './chat-session.js'

/** How far outside the viewport a lazy chat begins. */
const LAZY_MARGIN = '200px'
/** How long another visit waits after many: a page may change something at each event of ours. */
const PAUSE_MS = 1_000

export interface VisitOptions extends Omit<SessionHost, 'element'> {
  /** What the page has set that a visit goes by: where it changes, another visit is due. */
  wish(): readonly unknown[]
  /** Whether the page wants a still picture. */
  preview(): boolean
  /** Whether nothing may begin before the element comes near the viewport. */
  lazy(): boolean
  /** A visit could not begin: something that it needs is missing. */
  broken(fault: unknown): void
}

/** Decides when a session begins and ends: the only bridge between lit's updates and the session, which knows no lit. */
export class VisitController implements ReactiveController {
  readonly session: ChatSession
  readonly #host: ReactiveControllerHost & HTMLElement
  readonly #options: VisitOptions
  #nearness: IntersectionObserver | undefined
  /** What the present visit goes by. */
  #begunWith: readonly unknown[] | undefined
  #pause: ReturnType<typeof setTimeout> | undefined
  #left = false
  /** Somebody asked for the chat before it began: it waits for nothing then. */
  #wanted = false

  constructor(host: ReactiveControllerHost & HTMLElement, options: VisitOptions) {
    this.#host = host
    this.#options = options
    this.session = new ChatSession({ ...options, element: host })
    host.addController(this)
  }

  get settings(): SessionSettings {
    return this.#options.settings()
  }

  reload(): void {
    if (this.#still) return
    this.#wanted = true
    if (!this.#ready) return
    this.#nearness?.disconnect()
    this.session.reload()
  }

  reset(): void {
    if (this.#ready) this.#begin()
  }

  hostConnected(): void {
    const moved = !this.#left && this.#still === (this.session.state.status === 'preview')
    this.#left = false
    // what is moved in one task was never gone: its token is still good, only the browser has emptied its frame
    if (this.#ready && !(moved && this.session.frames.empty)) this.#begin({ keep: true })
    else this.#host.requestUpdate()
  }

  hostDisconnected(): void {
    setTimeout(() => this.#host.isConnected || this.#leave())
  }

  hostUpdated(): void {
    if (this.due) this.beginSoon()
  }

  /** Whether the present visit, if there is one, isn't what the page wishes for. */
  get due(): boolean {
    const wish = this.#options.wish()
    return !this.#begunWith?.every((value, index) => value === wish[index])
  }

  /**
   * Begins the visit that is due once the present update has ended: an update draws and doesn't act, and what a listener of
   * ours sets while a session begins belongs to the next one.
   * @returns whether that is in this turn; after very many visits it isn't
   */
  beginSoon(): boolean {
    const now = withinBurstLimit(this)
    if (now) void Promise.resolve().then(this.#beginDue)
    else if (!this.#pause) this.#pause = setTimeout(this.#beginDue, PAUSE_MS)
    return now
  }

  readonly #beginDue = (): void => {
    this.#pause = undefined
    if (!this.due || !this.#host.isConnected) return
    try {
      this.#begin()
      this.#host.requestUpdate()
    } catch (fault) {
      this.#options.broken(fault)
    }
  }

  /** Whether there is a visit to go on with. */
  get #ready(): boolean {
    return this.#host.isConnected && !this.due
  }

  /** In an editor, or by wish, the element is a picture of itself. */
  get #still(): boolean {
    return this.#options.preview() || inEditorCanvas(this.#host)
  }

  #begin({ keep = false } = {}): void {
    this.#begunWith = this.#options.wish()
    this.#nearness?.disconnect()
    const { session } = this
    session.stop({ keep, preview: this.#still })
    const waits = this.#options.lazy() && !this.#wanted && 'IntersectionObserver' in globalThis
    this.#wanted = false
    if (this.#still || this.due) return
    if (!waits) return session.start()
    this.#nearness = new IntersectionObserver(
      (entries) => {
        if (!entries.at(-1)!.isIntersecting) return
        this.#nearness?.disconnect()
        session.start()
      },
      { rootMargin: LAZY_MARGIN },
    )
    this.#nearness.observe(this.#host)
  }

  #leave(): void {
    this.#left = true
    this.#nearness?.disconnect()
    this.session.stop({ keep: true })
  }
}
