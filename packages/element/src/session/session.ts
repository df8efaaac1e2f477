import { onWake, steadyNow } from '../clock.js'
import { chatUrl } from '../frame/chat-url.js'
import { FrameSwapper, type FrameHost } from '../frame/swap.js'
import { isOnline, ofDocument, tryOrUndefined } from '../platform.js'
import { shown } from '../text.js'
import { categoryOf, ChatFailure, retryPolicyOf, type Failure, type Problem } from '../problems.js'
import { Reporter } from '../report.js'
import { visitorOf, type Settings, type TokenReason } from '../settings.js'
import { readFailure, type TokenAnswer } from '../token/answer.js'
import { askForToken, forgetRequests } from '../token/ask.js'
import { backOff, holdToken, retryIn, unattendedIn, type HeldToken } from '../token/life.js'
import { dispatch, IDLE, nextState, type ChatState, type SessionEvent, type ShownProblem } from './state.js'

/** Timers stop while a machine sleeps, and overflow past 2^31 ms, so none is set for longer than this. */
const LONGEST_TIMER_MS = 60_000
/** How often the element checks the network: the browser's event may not arrive. */
const OFFLINE_CHECK_MS = 5_000
/** An existing token is used only with at least this much time left. */
const LEAST_LEFT_MS = 30_000
const STEPS_KEPT = 30

/** The element, as its session uses it. */
export interface ChatHost extends HTMLElement {
  /** Resolves once the stage is in the page and the texts are chosen. */
  readonly updateComplete: Promise<unknown>
}

export interface SessionView {
  /** Adds the texts to a failure. */
  describe(failure: Failure, retryInMs: number | null): Problem
  /** Called on each change of the state, before its event. */
  changed(): void
  /** Runs work of a timer, an event or a task. If it throws, the element shows the tag's own link. */
  guard(work: () => void): void
}

/**
 * One visitor's session in one chat: requests a token, shows the chat, refreshes the token, and decides what a failure
 * means. It owns the only timer, set for the next due step.
 */
export class ChatSession implements FrameHost {
  state: ChatState = IDLE
  settings!: Settings
  token: HeldToken | null = null
  failure: Failure | undefined
  reloads = 0
  /** The identity token of a guest with an entered name, for browsers that drop the cookie. */
  guest: { identity: string; of: string } | undefined
  /** The server's clock minus the browser's, in milliseconds. */
  clockDifferenceMs: number | null = null
  /** The last events, for the developer. */
  readonly steps: { at: number; what: string }[] = []
  readonly frames: FrameSwapper = new FrameSwapper(this)

  readonly #host: ChatHost
  readonly #view: SessionView
  readonly #reporter = new Reporter()
  #running = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Whether the page was in the back/forward cache since the last check. */
  #restored = false
  /** Whether `pagehide` has come, and `pageshow` hasn't. */
  #left = false
  #request: AbortController | undefined
  /** When the next request is due: a refresh or a retry. */
  #askAt = Infinity
  #failures = 0
  /** The token of the shown frame. */
  #shown: HeldToken | null = null
  /** What is wrong with the initial token. */
  #tokenFailure: Failure | undefined
  /** Whether the due step is a page reload: an unattended screen has no visitor to press a button. */
  #reloadsPage = false
  #wasAway = false
  #warned = false

  constructor(host: ChatHost, view: SessionView) {
    this.#host = host
    this.#view = view
  }

  /** Milliseconds until the token expires; null without a token. */
  get timeLeft(): number | null {
    return this.token && Math.round(this.token.endsAt - steadyNow())
  }

  /** Milliseconds until the next token request; null if none is planned. */
  get askInMs(): number | null {
    return this.#askAt < Infinity ? Math.max(0, Math.round(this.#askAt - steadyNow())) : null
  }

  /** Starts again, with the initial token or a new one. After a move within one task, it keeps the current token. */
  start({ keepToken = false } = {}): void {
    const before = this.#running
    this.stop({ keepToken })
    // a listener has started another session
    if (this.#running !== before) return
    this.#running = new AbortController()
    const page = ofDocument('defaultView', this.#host.ownerDocument) ?? window
    onWake(page, this.#running.signal, this.#woke)
    this.#restored = false
    this.#reporter.start()
    // the page may come from the HTTP cache, with the token of a visitor who has signed out
    if (isBackForward()) this.spendToken()
    this.token ??= this.#initialToken()
    if ((this.timeLeft ?? 0) < LEAST_LEFT_MS) this.#obtain('load')
    else this.#present('load')
  }

  stop({ keepToken = false, preview = false } = {}): void {
    this.#running.abort()
    clearTimeout(this.#timer)
    this.#cancel()
    this.#askAt = Infinity
    this.#failures = 0
    this.reloads = 0
    this.failure = undefined
    this.#removeChat()
    if (!keepToken) this.token = null
    this.#transition(preview ? 'previewed' : 'stopped')
  }

  /** Forgets the visitor, including the initial token. */
  forget(): void {
    this.guest = undefined
    usedTokens.add((this.settings as Settings | undefined)?.token)
    forgetRequests()
    this.stop()
  }

  /** Stops the use of the initial token if the endpoint can issue another: the visitor may sign out meanwhile. */
  spendToken({ token, tokenUrl, fetchToken } = this.settings): void {
    if (tokenUrl ?? fetchToken) usedTokens.add(token)
  }

  /** Requests a new token for a new frame, with these settings. A new initial token is used without a request. */
  reload(settings: Settings): void {
    this.reloads++
    if (!this.#take(settings)) this.#obtain(this.state.framed ? 'reload' : 'retry')
  }

  /** Applies settings for the same stream and the same visitor. The next request uses them. */
  update(settings: Settings): void {
    const before = this.settings
    if (this.#take(settings) || !this.#isWaiting) return
    if (this.#shown && before.hold && !settings.hold && !this.#isCurrent) return this.#present('refresh')
    if (!this.failure) return
    if (before.unattended !== settings.unattended) this.#plan(this.failure)
    // a request that failed with the old settings may succeed with the new ones
    if (asksOtherwise(before, settings) && (this.#reloadsPage || this.#askAt === Infinity))
      this.#obtain('retry')
  }

  /** @returns whether the settings have a new initial token, which is shown now */
  #take(settings: Settings): boolean {
    const before = this.settings
    this.settings = settings
    const { fetchToken, token } = settings
    if (fetchToken !== before.fetchToken && !this.#warned) {
      this.#warned = true
      console.warn(
        '<kinescope-chat> fetchToken is another function now; the next request calls it. Set the same function each time.',
      )
    }
    return !!token && token !== before.token && this.#replaceInitialToken()
  }

  frameFailed(failure: Failure): void {
    this.#fail(failure)
  }

  /**
   * Starts again with the same token: some browsers empty a frame when its element moves, even where they could keep
   * it.
   */
  frameLost(): void {
    this.start({ keepToken: true })
  }

  /** The initial token, unless it was used before or is invalid. */
  #initialToken(): HeldToken | null {
    const { token } = this.settings
    this.#tokenFailure = undefined
    if (!token || usedTokens.has(token)) return null
    this.spendToken()
    try {
      // its age is unknown, so it is valid only if the browser's clock agrees
      return this.#hold({ reply: { token }, ignored: [], date: Date.now() }, this.settings)
    } catch (error) {
      this.#tokenFailure = readFailure(error)
      this.#note(`initial token: ${this.#tokenFailure.code}`)
      return null
    }
  }

  /** @returns whether the new initial token is valid. The chat then shows it without a request. */
  #replaceInitialToken(): boolean {
    const token = this.#initialToken()
    if (!token) return false
    this.#adopt(token)
    // a listener may have started another session
    if (this.token === token) this.#present('load')
    return true
  }

  /**
   * Uses a token from now on. Another visitor's chat is removed at once.
   * @returns whether the token is new
   */
  #adopt(token: HeldToken): boolean {
    const before = this.token
    this.token = token
    if (this.#shown && this.#shown.claims.user_id !== token.claims.user_id) {
      this.#removeChat()
      this.#transition('replaced')
    }
    return before?.value !== token.value
  }

  #removeChat(): void {
    this.#shown = null
    this.frames.clear()
  }

  /** Shows the chat with the current token. */
  #present(reason: TokenReason): void {
    this.#run(reason, (signal) => this.#show(reason, signal))
  }

  #obtain(reason: TokenReason): void {
    this.#run(reason, async (signal) => {
      const fresh = await this.#fetch(reason, signal)
      const inPlace = this.#shown && reason !== 'reload'
      if (!inPlace || !(this.settings.hold || this.#isCurrent)) return this.#show(reason, signal)
      this.#transition('shown')
      if (fresh && !signal.aborted) dispatch(this.#host, 'kinescope-chat-refresh', { held: true })
    })
  }

  /**
   * Requests another token, and once more if it arrives expired: a cache may have sent it, or the device slept.
   * @returns whether the token is new
   */
  async #fetch(reason: TokenReason, signal: AbortSignal): Promise<boolean> {
    const token = await this.#requestToken(reason, signal).catch((error: unknown) => {
      if (error instanceof ChatFailure && error.failure.code === 'token-expired')
        return this.#requestToken('retry', signal)
      throw error
    })
    return this.#adopt(token)
  }

  async #requestToken(reason: TokenReason, signal: AbortSignal): Promise<HeldToken> {
    const { settings } = this
    if (!settings.eventId) throw new ChatFailure({ code: 'event-id-missing' })
    if (!settings.tokenUrl && !settings.fetchToken)
      throw new ChatFailure(this.#tokenFailure ?? { code: 'token-url-missing' })
    const { guest } = this
    // a guest's token is valid only at the server that issued it
    const identity = guest?.of === visitorOf(settings) ? guest.identity : settings.identity
    const answer = await askForToken({ ...settings, identity }, reason, signal)
    signal.throwIfAborted()
    const { ignored, reply, date } = answer
    if (ignored.length) this.#note(`left out of the reply: ${ignored.join(', ')}`)
    if (reply.warning) this.#note(`warning: ${shown(reply.warning)}`)
    if (date) this.clockDifferenceMs = date - Date.now()
    this.#reporter.sampleBy(reply.report_rate)
    return this.#hold(answer, settings)
  }

  #hold(answer: TokenAnswer, settings: Settings): HeldToken {
    return holdToken(answer, settings, this.token, steadyNow(), Math.random())
  }

  /** Shows the chat with the current token. If it expires while the swap waits, a new one is requested first. */
  async #show(reason: TokenReason, signal: AbortSignal): Promise<void> {
    // a reload doesn't wait until the visitor leaves the frame
    const timeLeft = () => (reason === 'reload' ? 0 : (this.#shown?.endsAt ?? 0) - steadyNow())
    const address = () => {
      const { value, chatId, endsAt } = this.token!
      return endsAt > steadyNow() && chatUrl(this.settings.chatOrigin, chatId, value)
    }
    await this.#host.updateComplete
    signal.throwIfAborted()
    while (!(await this.frames.show(address, timeLeft, signal))) await this.#fetch('refresh', signal)
    const again = this.#shown
    this.#shown = this.token
    this.#transition('shown')
    // a listener may have started another session
    if (signal.aborted) return
    if (this.settings.unattended) countPageReloads(0)
    if (!again) this.#reporter.report(this.settings, 'ready')
    if (again) dispatch(this.#host, 'kinescope-chat-refresh', { held: false })
    else dispatch(this.#host, 'kinescope-chat-ready')
  }

  #cancel(): void {
    this.#request?.abort()
    this.#request = undefined
  }

  /** Cancels the previous work and runs new work that may fail. A failure of canceled work doesn't count. */
  #run(reason: TokenReason, work: (signal: AbortSignal) => Promise<void>): void {
    this.#cancel()
    const request = (this.#request = new AbortController())
    const { settings } = this
    this.#askAt = Infinity
    this.#reloadsPage = false
    this.#note(reason)
    this.#transition('requested')
    if (request.signal.aborted) return
    const finish = async (failure?: Failure) => {
      await this.#host.updateComplete
      if (this.#request !== request) return
      this.#request = undefined
      if (failure?.code === 'identity-expired' && asksOtherwise(settings, this.settings))
        return this.#obtain('retry')
      if (failure) return this.#fail(failure)
      this.failure = undefined
      this.#failures = 0
      this.#askAt = this.token!.refreshAt
      this.#arm()
    }
    work(request.signal)
      .then(
        () => finish(),
        (error: unknown) => finish(readFailure(error)),
      )
      .catch((error: unknown) =>
        this.#view.guard(() => {
          throw error
        }),
      )
  }

  #fail(failure: Failure): void {
    this.failure = failure
    this.#failures++
    if (retryPolicyOf(failure) === 'revoke') {
      this.#cancel()
      // the visitor can still open a blocked chat in a tab
      if (failure.code !== 'frame-blocked') this.token = null
      this.#removeChat()
    }
    this.#plan(failure)
  }

  /** Decides when the element acts on a failure by itself, and publishes the problem. */
  #plan(failure: Failure): void {
    const leftMs = this.#live ? this.#live.endsAt - steadyNow() : 0
    const random = Math.random()
    // another try may load before the shown token expires
    let wait =
      this.#shown && failure.code === 'frame-timeout'
        ? backOff(this.#failures + 1, random)
        : retryIn(failure, this.#failures, leftMs, random)
    this.#reloadsPage = false
    if (this.settings.unattended && wait === Infinity && failure.code !== 'offline') {
      this.#reloadsPage = needsPage(failure)
      const attempt = this.#reloadsPage ? countPageReloads() + 1 : this.#failures
      wait = Math.max(leftMs, unattendedIn(attempt, random))
    }
    this.#askAt = steadyNow() + wait
    this.#publish(failure)
    this.#arm()
  }

  /** Publishes the problem: that the token of a chat has expired, else the failure itself. */
  #publish(failure: Failure): void {
    const revoked = retryPolicyOf(failure) === 'revoke'
    const expired = !revoked && this.#endsAt <= steadyNow()
    const retrying = this.#isRetrying(failure)
    const shown: Failure = expired ? { ...failure, ...endedBy(failure) } : failure
    const { code, reason } = shown
    const category = categoryOf(shown)
    const before = this.state
    const problem = this.#view.describe(shown, retrying ? this.askInMs : null)
    this.#note(code + (reason ? ` (${reason})` : ''))
    const event = revoked ? 'revoked' : retrying && !expired ? 'retrying' : 'failed'
    this.#transition(event, { problem, category })
    // a listener may have started another session
    if (this.state.problem !== problem) return
    if (before.problem?.code === code && before.category === category) return
    this.#reporter.report(this.settings, code)
    dispatch(this.#host, 'kinescope-chat-error', { problem })
  }

  #isRetrying({ code }: Failure): boolean {
    return code === 'offline' || this.#askAt < Infinity
  }

  /** Whether nothing is under way except a late frame, which an unattended screen gives up. */
  get #isWaiting(): boolean {
    return !this.#request || (this.settings.unattended && this.failure?.code === 'frame-timeout')
  }

  /** Whether the shown frame has the current token. */
  get #isCurrent(): boolean {
    return this.#shown?.value === this.token?.value
  }

  /** The token that the chat on the page needs. With `hold`, the chat reconnects with the newest one. */
  get #live(): HeldToken | null {
    return this.#shown && (this.settings.hold ? this.token : this.#shown)
  }

  /** When the token of a chat with a problem expires. `identity-expired` keeps its name: only a new page helps. */
  get #endsAt(): number {
    return (this.failure?.code !== 'identity-expired' && this.#live?.endsAt) || Infinity
  }

  /** The same time, until the visitor sees that the token has expired. */
  get #lostAt(): number {
    const { problem, category } = this.state
    return problem && category !== 'ended' ? this.#endsAt : Infinity
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const check = this.failure?.code === 'offline' ? steadyNow() + OFFLINE_CHECK_MS : Infinity
    const wait = Math.min(this.#askAt, this.#lostAt, check) - steadyNow()
    // a timer may fire early, so the check looks at the clock
    if (wait < Infinity)
      this.#timer = setTimeout(this.#guardedCheck, Math.max(0, Math.min(wait, LONGEST_TIMER_MS)))
  }

  #check(): void {
    if (ofDocument('hidden', this.#host.ownerDocument)) {
      this.#wasAway = true
      return
    }
    const returned = this.#wasAway
    this.#wasAway = false
    // the visitor may have signed out on another page, and the chat's connection is closed
    if (this.#restored) return this.start()
    if (this.#lostAt <= steadyNow()) this.#publish(this.failure!)
    const { code } = this.failure ?? {}
    if (!this.#isWaiting) return
    // the visitor may have signed in on another tab
    if ((code === 'offline' && isOnline()) || (code === 'sign-in-required' && returned)) this.#askAt = 0
    // without a network, a page reload ends on the browser's error page
    if (this.#reloadsPage && !isOnline()) this.#askAt = Math.max(this.#askAt, steadyNow() + OFFLINE_CHECK_MS)
    if (this.#askAt > steadyNow()) return this.#arm()
    if (!this.#reloadsPage) return this.#obtain(this.failure ? 'retry' : 'refresh')
    countPageReloads(countPageReloads() + 1)
    location.reload()
  }

  readonly #woke = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    // after `pagehide`, the first other event means that the page was restored; `pageshow` may come later
    if (persisted) {
      const left = type === 'pagehide'
      this.#restored ||= left || !this.#left
      this.#left = left
    }
    if (type === 'pagehide') return
    const { failure } = this
    if (type === 'online' && failure && !failure.retryAfterMs && this.#isRetrying(failure)) this.#askAt = 0
    this.#guardedCheck()
    // another window has the focus, for example a pop-up to sign in; a frame of the page keeps it in the page
    if (type === 'blur') this.#wasAway = !ofDocument('hasFocus', this.#host.ownerDocument)()
  }

  readonly #guardedCheck = (): void => this.#view.guard(() => this.#check())

  #transition(event: SessionEvent, failure?: ShownProblem): void {
    const previous = this.state
    this.state = nextState(previous, event, failure)
    if (this.state === previous) return
    this.#view.changed()
    const { status } = this.state
    if (status === previous.status) return
    this.#note(status)
    dispatch(this.#host, 'kinescope-chat-statechange', { state: status, previous: previous.status })
  }

  #note(what: string): void {
    this.steps.push({ at: Math.round(steadyNow()), what })
    if (this.steps.length > STEPS_KEPT) this.steps.shift()
  }
}

/** The initial tokens that this page uses no more: the visitor may have signed out since. */
const usedTokens = new Set<string | undefined>()

const isBackForward = (): boolean =>
  tryOrUndefined(() => performance.getEntriesByType('navigation') as PerformanceNavigationTiming[])?.[0]
    ?.type === 'back_forward'

/** Whether a failed request may succeed with the new settings. Frameworks recreate functions, so those don't count. */
const asksOtherwise = (before: Settings, after: Settings): boolean =>
  (['tokenUrl', 'credentials', 'identity'] as const).some(
    (name) => before[name] !== after[name] && typeof after[name] !== 'function',
  )

/** Counts the automatic reloads of the page, so that each delay is longer than the last. */
function countPageReloads(count?: number): number {
  const key = 'kinescope-chat-reloads'
  const stored = tryOrUndefined(() => {
    if (count !== undefined) sessionStorage.setItem(key, `${count}`)
    return Number(sessionStorage.getItem(key))
  })
  return stored ?? UNKNOWN_RELOADS
}
/** Used where a page can't store the count: the delay is long from the start. */
const UNKNOWN_RELOADS = 6

/** Whether only a page reload helps. */
const needsPage = (failure: Failure): boolean =>
  failure.code === 'identity-expired' || retryPolicyOf(failure) === 'intermediary'

/** The failure of a chat whose token has expired, with the reason why there is no newer token. */
const endedBy = ({ code, reason }: Failure): Failure => ({
  code: 'token-expired',
  reason: `No new token could be had: ${code}${reason ? ` (${reason})` : ''}`,
  ended: true,
})
