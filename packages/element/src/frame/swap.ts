import { chatFailure, type Failure } from '../problem.js'
import { createFrame, isBlank, onRefusal, send } from './frame.js'
import { guardFocus, isActive, isInside } from './focus.js'
import { ofDocument } from '../platform.js'

/** How long the chat page may take before the visitor is told. */
const LOAD_TIMEOUT_MS = 15_000
/** Before the old token ends by this much, the visitor's stay in the frame no longer puts a swap off … */
const SWAP_DEADLINE_MS = 15_000
/** … and by this much, not even their typing does. */
const LAST_MOMENT_MS = 5_000
const WATCH_MS = 250
/** Long enough for the new frame to be painted over the old one. */
const OVERLAP_MS = 100
/** How long a chat that has just appeared may not take the focus by itself. */
const GUARD_MS = 1_000

/** Owns the frames: one is shown, the next is on its way behind it. */
export class FrameSwapper {
  /** Where the frames live: one node, put on the page once and looked into by nobody else. */
  readonly stage = ofDocument('createElement')('div')
  readonly #failed: (failure: Failure) => void
  readonly #lost: () => void
  /** Whether the visitor was in the frame when it was removed. */
  lostFocus = false
  #title = ''
  #shown: HTMLIFrameElement | undefined
  #swap = new AbortController()
  #unguard: (() => void) | undefined

  /**
   * @param failed hears what is wrong with a frame that was shown already, or that is late and may still come
   * @param lost hears when the shown frame has lost its page: some browsers empty it although they could move it whole
   */
  constructor(failed: (failure: Failure) => void, lost: () => void) {
    this.stage.className = 'stage'
    this.#failed = failed
    this.#lost = lost
  }

  /**
   * Shows the chat at this address in place of the present one, which stays until the new one has loaded and the visitor
   * is out of it. Rejects with a ChatFailure, or with whatever else when something newer took over.
   * @param timeLeft milliseconds until the present frame's token ends: how long the visitor may be waited for
   * @param wanted aborted when the swap no longer matters
   */
  async show(url: string, timeLeft: () => number, wanted: AbortSignal): Promise<void> {
    this.#swap.abort()
    const swap = (this.#swap = new AbortController())
    wanted.addEventListener('abort', () => swap.abort(), { once: true })
    if (wanted.aborted) swap.abort()
    const { signal } = swap
    await this.#visitorGone(timeLeft, signal)

    // in a window of its own (picture in picture) the stage is in another document than the script
    const frame = createFrame(this.stage.ownerDocument)
    frame.title = this.#title
    const isShown = () => frame === this.#shown
    let late: ReturnType<typeof setTimeout> | undefined
    const loaded = new Promise<void>((resolve, reject) => {
      // `load` fires for refused frames too (https://github.com/whatwg/html/issues/12311), and proves nothing: a verdict
      // that comes with it is given a turn to arrive first
      frame.onload = () => {
        if (!isBlank(frame)) setTimeout(resolve)
        else if (isShown()) this.#lost()
      }
      signal.addEventListener('abort', reject)
      onRefusal(frame.ownerDocument, new URL(url).origin, signal, (refusal) => {
        reject(refusal)
        if (isShown()) this.#failed(refusal)
      })
      late = setTimeout(() => {
        const lateness = chatFailure('frame-timeout')
        // a first chat that comes late is still welcome; a second one isn't needed, the old one works
        if (this.#shown) reject(lateness)
        else this.#failed(lateness)
      }, LOAD_TIMEOUT_MS)
    })
    this.stage.append(frame)
    const unguard = guardFocus(frame, () => isShown() && isActive(frame))
    try {
      send(frame, url)
      await loaded.finally(() => clearTimeout(late))
      await this.#visitorGone(timeLeft, signal)
      this.#unguard = unguard
      setTimeout(unguard, GUARD_MS)
      this.#reveal(frame)
    } catch (error) {
      unguard()
      frame.remove()
      throw error
    }
  }

  /** The frames' accessible name. */
  set title(title: string) {
    if (title === this.#title) return
    this.#title = title
    for (const frame of this.#frames) frame.title = title
  }

  /** The page itself sends the focus to the chat: that is no theft. */
  welcome(): void {
    this.#unguard?.()
  }

  get empty(): boolean {
    return !this.#frames.length
  }

  /** Takes every frame away at once. */
  clear(): void {
    this.#swap.abort()
    if (this.#shown && isInside(this.#shown)) this.lostFocus = true
    this.#shown = undefined
    for (const frame of this.#frames) frame.remove()
  }

  #reveal(frame: HTMLIFrameElement): void {
    const old = this.#shown
    this.#shown = frame
    frame.inert = false
    frame.style.visibility = ''
    if (!old) return
    if (isInside(old)) {
      this.welcome()
      frame.focus()
    }
    old.inert = true
    setTimeout(() => old.remove(), OVERLAP_MS)
  }

  /** Resolves once a frame can be put on the page and takes nothing out of the visitor's hands, or can wait no longer. */
  async #visitorGone(timeLeft: () => number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#mustWait(timeLeft()))
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS))
    signal.throwIfAborted()
  }

  #mustWait(left: number): boolean {
    // outside of a page no frame has a name, and what is sent to it would open in a tab of its own
    if (!this.stage.isConnected) return true
    const inside = !!this.#shown && isInside(this.#shown)
    return inside && left > (isActive(this.stage) ? LAST_MOMENT_MS : SWAP_DEADLINE_MS)
  }

  get #frames(): NodeListOf<HTMLIFrameElement> {
    return this.stage.querySelectorAll('iframe')
  }
}
