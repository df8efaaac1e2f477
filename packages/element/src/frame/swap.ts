import { isOnline, ofDocument } from '../platform.js'
import { ChatFailure, type Failure } from '../problems.js'
import { createFrame, guardFocus, isActive, isBlank, isInside, onBlocked, sendFrame } from './frame.js'

/** How long the chat page may take to load before the visitor sees a problem. */
const LOAD_TIMEOUT_MS = 15_000
/** While the visitor is in the frame, a swap waits until this long before the old token expires. */
const SWAP_DEADLINE_MS = 15_000
/** The same, while the visitor is active in the page, for example types. */
const TYPING_DEADLINE_MS = 5_000
/** The period of the checks whether the visitor has left the frame. */
const VISITOR_CHECK_MS = 250
/** The period of the checks whether the stage has a size. */
const SIZE_CHECK_MS = 100
/** Long enough to paint the new frame over the old one. */
const OVERLAP_MS = 100
/** How long a new chat may not take the focus on its own. */
const GUARD_MS = 1_000

export interface FrameHost {
  /** Called when a shown frame has failed, or a late one that may still load. */
  frameFailed(failure: Failure): void
  /** The shown frame has lost its page. */
  frameLost(): void
}

/** Owns the frames: one is shown while the next one loads behind it. */
export class FrameSwapper {
  /** Contains the frames. lit inserts this node once and never changes its content. */
  readonly stage = ofDocument('createElement')('div')
  /** Whether the visitor was in the frame when the element removed it. */
  lostFocus = false
  readonly #host: FrameHost
  #title = ''
  #shown: HTMLIFrameElement | undefined
  #swap = new AbortController()
  #unguard: (() => void) | undefined

  constructor(host: FrameHost) {
    this.stage.className = 'stage'
    this.#host = host
  }

  /**
   * Replaces the current chat, which stays until the new one has loaded and the visitor has left it.
   * @param address called when the frame navigates and when it is shown; false if its token has expired meanwhile
   * @param timeLeft milliseconds until the current frame's token expires
   * @param wanted aborts when the swap no longer matters
   * @returns false where there is no address
   * @throws {ChatFailure}, or anything else once the swap is aborted
   */
  async show(address: () => string | false, timeLeft: () => number, wanted: AbortSignal): Promise<boolean> {
    this.#swap.abort()
    const swap = (this.#swap = new AbortController())
    wanted.addEventListener('abort', () => swap.abort(), { once: true })
    if (wanted.aborted) swap.abort()
    const { signal } = swap
    await this.#canSwap(timeLeft, signal)
    const url = address()
    if (!url) return false

    // in a picture-in-picture window, the stage is in another document than the script
    const frame = createFrame(this.stage.ownerDocument, new URL(url).origin)
    frame.title = this.#title
    const isShown = () => frame === this.#shown
    const loading = new AbortController()
    // before the frame has a listener: Chromium fires `load` for the empty page at once
    this.stage.appendChild(frame)
    let late: ReturnType<typeof setTimeout> | undefined
    const loaded = new Promise<void>((resolve, reject) => {
      // `load` fires for blocked frames too (https://github.com/whatwg/html/issues/12311); the report arrives with it
      frame.onload = () => {
        if (!isBlank(frame)) setTimeout(resolve)
        else if (isShown()) this.#host.frameLost()
      }
      signal.addEventListener('abort', reject)
      onBlocked(frame.ownerDocument, url, loading.signal, signal, (error) => {
        // while another chat works, a blocked frame changes nothing
        reject(this.#shown ? new ChatFailure({ ...error.failure, retryPolicy: 'keep' }) : error)
        if (isShown()) this.#host.frameFailed(error.failure)
      })
      late = setTimeout(() => {
        const error = new ChatFailure({ code: 'frame-timeout' })
        // a late first chat is still used; a late second one isn't needed
        if (this.#shown) reject(error)
        else this.#host.frameFailed(error.failure)
      }, LOAD_TIMEOUT_MS)
    })
    const settled = () => {
      clearTimeout(late)
      loading.abort()
    }
    const unguard = guardFocus(frame, () => isShown() && isActive(frame))
    try {
      sendFrame(frame, url)
      await loaded
      settled()
      await this.#canSwap(timeLeft, signal)
      if (address()) {
        this.#unguard = unguard
        setTimeout(unguard, GUARD_MS)
        this.#reveal(frame)
      }
    } finally {
      settled()
      if (!isShown()) {
        unguard()
        frame.remove()
      }
    }
    return isShown()
  }

  /** The frames' accessible name. */
  set title(title: string) {
    this.#title = title
    for (const frame of this.#frames) frame.title = title
  }

  /** Lets the chat keep the focus that the page gives it. */
  acceptFocus(): void {
    this.#unguard?.()
  }

  get empty(): boolean {
    return !this.#frames.length
  }

  /** Removes every frame at once. */
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
      this.acceptFocus()
      frame.focus()
    }
    old.inert = true
    setTimeout(() => old.remove(), OVERLAP_MS)
  }

  /**
   * Resolves once the stage has a size, and the swap either disturbs no visitor or can wait no longer. A `ResizeObserver`
   * would miss `content-visibility`, and in the document of a closed window it causes an error at every frame (Chromium).
   */
  async #canSwap(timeLeft: () => number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    while (!this.#hasSize() || this.#visitorStays(timeLeft())) {
      await new Promise((resolve) => setTimeout(resolve, this.#hasSize() ? VISITOR_CHECK_MS : SIZE_CHECK_MS))
      signal.throwIfAborted()
    }
  }

  /**
   * Whether the stage is in a page and has a size. Outside of a page, the frame's request would open in a tab. In a
   * closed tab or accordion, a chat would start at 0 × 0.
   */
  #hasSize(): boolean {
    const { stage } = this
    const { clientWidth, clientHeight } = stage
    // some supported browsers don't have this method
    const isRendered = (stage as Partial<HTMLElement>).checkVisibility?.bind(stage)
    return (
      stage.isConnected &&
      clientWidth * clientHeight > 0 &&
      isRendered?.({ contentVisibilityAuto: true }) !== false
    )
  }

  /** Whether the visitor is in the frame. Without a network, a browser's error page would replace their chat. */
  #visitorStays(left: number): boolean {
    const stays = !!this.#shown && (isInside(this.#shown) || !isOnline())
    return stays && left > (isActive(this.stage) ? TYPING_DEADLINE_MS : SWAP_DEADLINE_MS)
  }

  get #frames(): NodeListOf<HTMLIFrameElement> {
    return this.stage.querySelectorAll('iframe')
  }
}
