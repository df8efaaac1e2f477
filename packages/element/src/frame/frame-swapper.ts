import { ChatFailure } from '../problem.js'
import { createFrame, isBlank, LOAD_TIMEOUT_MS, onRefusal, send, whenLoaded } from './load-frame.js'
import { guardFocus, isActive, isInside } from './visitor.js'

/** Before the old token ends by this much, the visitor's stay in the frame no longer puts a swap off … */
const SWAP_DEADLINE_MS = 15_000
/** … and by this much, not even their typing does. */
const LAST_MOMENT_MS = 5_000
const WATCH_MS = 250
/** Long enough for the new frame to be painted over the old one. */
const OVERLAP_MS = 100
/** How long a chat that has just appeared may not take the focus by itself. */
const GUARD_MS = 1_000

export interface SwapperHooks {
  /** The accessible name of a frame. */
  title: () => string
  /** The page's policy turns out to have emptied the shown frame. */
  refused: (failure: ChatFailure) => void
  /** A first frame has loaded after its time was up. */
  late: () => void
  /** The shown frame has lost its page: the browser emptied it while moving the element. */
  lost: () => void
}

/** Owns the frames: at most one is shown, at most one more is on its way behind it. */
export class FrameSwapper {
  readonly #stage: HTMLElement
  readonly #hooks: SwapperHooks
  #shown: HTMLIFrameElement | null = null
  #swap = new AbortController()
  #guard = this.#swap

  constructor(stage: HTMLElement, hooks: SwapperHooks) {
    this.#stage = stage
    this.#hooks = hooks
  }

  /**
   * Shows the chat at this address in place of the present one, which stays until the new one has loaded and the visitor
   * is out of it. Rejects with a ChatFailure, or with an AbortError when something newer took over.
   * @param timeLeft milliseconds until the present frame's token ends: how long the visitor may be waited for
   * @param wanted aborted when the swap no longer matters
   */
  async show(url: string, timeLeft: () => number, wanted: AbortSignal): Promise<void> {
    this.#swap.abort()
    const swap = (this.#swap = new AbortController())
    const { signal } = swap
    wanted.addEventListener('abort', () => swap.abort(), { signal })
    for (const frame of this.#frames()) if (frame !== this.#shown) frame.remove()

    await this.#visitorGone(timeLeft, signal)
    // outside of a page no frame has a name, and what is sent to it would open in a tab of its own
    if (!this.#stage.isConnected) swap.abort()
    signal.throwIfAborted()
    const frame = createFrame(this.#hooks.title())
    const guard = (this.#guard = new AbortController())
    const timeout = new AbortController()
    signal.addEventListener('abort', () => {
      guard.abort()
      timeout.abort()
      if (frame !== this.#shown) frame.remove()
    })
    const loaded = new Promise<true>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      void whenLoaded(frame).then(() => resolve(true))
      onRefusal(new URL(url).origin, signal, (failure) => {
        reject(failure)
        if (frame === this.#shown) this.#hooks.refused(failure)
      })
    })
    const late = new Promise<false>((resolve) => {
      const timer = setTimeout(resolve, LOAD_TIMEOUT_MS, false)
      timeout.signal.addEventListener('abort', () => clearTimeout(timer))
    })
    this.#stage.append(frame)
    guardFocus(frame, guard.signal, () => frame === this.#shown && isActive())
    send(frame, url)

    const timely = await Promise.race([loaded, late])
    timeout.abort()
    if (!timely) {
      // a first chat that comes late is still welcome; a second one isn't needed, the old one works
      if (this.#shown) swap.abort()
      else void loaded.then(() => this.#reveal(frame, guard, signal)).then(this.#hooks.late, () => {})
      throw new ChatFailure({ code: 'frame-timeout' })
    }
    await this.#visitorGone(timeLeft, signal)
    this.#reveal(frame, guard, signal)
  }

  /** The page itself sends the focus to the chat: that is no theft. */
  welcome(): void {
    if (this.#shown) this.#guard.abort()
  }

  get empty(): boolean {
    return !this.#frames().length
  }

  /** Takes every frame away at once. */
  clear(): void {
    this.#swap.abort()
    this.#shown = null
    for (const frame of this.#frames()) frame.remove()
  }

  /** The frames' accessible name has changed. */
  rename(): void {
    for (const frame of this.#frames()) frame.title = this.#hooks.title()
  }

  #reveal(frame: HTMLIFrameElement, guard: AbortController, signal: AbortSignal): void {
    signal.throwIfAborted()
    const old = this.#shown
    this.#shown = frame
    frame.inert = false
    frame.style.visibility = ''
    setTimeout(() => guard.abort(), GUARD_MS)
    if (old) {
      if (isInside(old)) {
        guard.abort()
        frame.focus()
      }
      old.inert = true
      setTimeout(() => old.remove(), OVERLAP_MS)
    }
    frame.addEventListener('load', () => {
      if (frame === this.#shown && frame.isConnected && isBlank(frame)) this.#hooks.lost()
    })
  }

  /** Resolves once swapping the shown frame takes nothing out of the visitor's hands, or can wait no longer. */
  #visitorGone(timeLeft: () => number, signal: AbortSignal): Promise<void> {
    const gone = () => {
      const left = timeLeft()
      return (
        !this.#shown ||
        !isInside(this.#shown) ||
        left <= LAST_MOMENT_MS ||
        (left <= SWAP_DEADLINE_MS && !isActive())
      )
    }
    return new Promise((resolve, reject) => {
      if (gone()) return resolve()
      const watch = new AbortController()
      const look = () => {
        if (!gone()) return
        watch.abort()
        resolve()
      }
      const timer = setInterval(look, WATCH_MS)
      watch.signal.addEventListener('abort', () => clearInterval(timer))
      window.addEventListener('focus', look, { signal: watch.signal })
      signal.addEventListener(
        'abort',
        () => {
          watch.abort()
          reject(signal.reason as Error)
        },
        { signal: watch.signal },
      )
    })
  }

  #frames(): NodeListOf<HTMLIFrameElement> {
    return this.#stage.querySelectorAll('iframe')
  }
}
