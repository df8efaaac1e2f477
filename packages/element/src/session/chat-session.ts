import { ChatErrorEvent, ChatReadyEvent, ChatRefreshEvent, ChatStateChangeEvent } from '../chat-events.js'
import { chatUrl } from '../frame/chat-url.js'
import { FrameSwapper } from '../frame/swap.js'
import type { Failure, Problem, CategorizedProblem } from '../problem.js'
import { retryPolicyOf, categoryOf } from '../problems.js'
import { readFailure } from '../token/answer.js'
import type { TokenReason } from '../token/token-client.js'
import { Alarm, steadyNow } from './clock.js'
import { askAgainIn } from '../token/life.js'
import { IDLE, nextState, type ChatState, type SessionEvent } from './state.js'
import { Journal } from '../diagnostics.js'
import type { SessionSettings } from '../settings.js'
import { TokenKeeper } from './token-keeper.js'
import { Wake } from './wake.js'
import { isOnline, ofDocument } from '../platform.js'

/** How often it is seen whether the network is back: the browser's own word for it may not arrive. */
const OFFLINE_LOOK_MS = 5_000
/** A token that is there already is used with at least this much life left. */
const LEAST_LEFT_MS = 30_000

export interface SessionHost {
  /** Where the chat stands, and its events are heard. */
  readonly element: HTMLElement
  settings(): SessionSettings
  /** Puts words to a failure. */
  describe(failure: Failure, retryInMs: number | null): Problem
  /** The state has changed: show it. */
  changed(): void
  /** Resolves once the stage is on the page and the words are chosen. */
  drawn(): Promise<unknown>
}

/**
 * One visitor's stay in one chat: gets a token, shows the chat, keeps the token fresh, and decides what a failure means.
 * The only owner of the session's time: one timer, armed for whatever is due next.
 */
export class ChatSession {
  state: ChatState = IDLE
  /** What is wrong, before it had words. */
  failure: Failure | undefined
  reloads = 0
  readonly journal = new Journal()
  readonly tokens: TokenKeeper
  readonly frames: FrameSwapper

  readonly #host: SessionHost
  #stay = new AbortController()
  #wake: Wake | undefined
  #request: AbortController | undefined
  readonly #alarm = new Alarm(() => this.#look())
  /** When a token is to be asked for: the next one, or again after a failure. */
  #askAt = Infinity
  #failures = 0
  /** When the token of the shown frame ends. */
  #shownEndsAt = 0

  constructor(host: SessionHost) {
    this.#host = host
    this.tokens = new TokenKeeper(() => host.settings(), this.journal)
    this.frames = new FrameSwapper(
      (failure) => this.#fail(failure),
      () => {
        // an emptied frame is no chat: nothing is to be seen in it until it has loaded again
        this.stop({ keep: true })
        this.start()
      },
    )
  }

  /** Milliseconds until a token is asked for; null where it won't be. */
  get askInMs(): number | null {
    return this.#askAt < Infinity ? Math.max(0, Math.round(this.#askAt - steadyNow())) : null
  }

  /** Begins, with the token that was kept or came with the page, or with a new one. */
  start(): void {
    this.#stay.abort()
    this.#stay = new AbortController()
    const page = ofDocument('defaultView', this.#host.element.ownerDocument) ?? window
    this.#wake = new Wake(page, this.#stay.signal, this.#woken)
    this.tokens.takeGiven()
    this.#open('load')
  }

  /** Lets go of everything, but for the token where the element may return. */
  stop({ keep = false, preview = false } = {}): void {
    this.#stay.abort()
    this.#alarm.stop()
    this.#request?.abort()
    this.#request = undefined
    this.#askAt = Infinity
    this.#failures = 0
    this.failure = undefined
    this.frames.clear()
    if (!keep) this.tokens.held = null
    this.#happen(preview ? 'previewed' : 'stopped')
  }

  /** A new token and a new frame, because somebody asked for it. */
  reload(): void {
    this.reloads++
    if (this.state.status === 'idle') this.start()
    else this.#obtain(this.state.framed ? 'reload' : 'retry')
  }

  /** Shows the chat with the token that is there, or with a new one where that is too old. */
  #open(reason: TokenReason): void {
    if ((this.tokens.timeLeft ?? 0) < LEAST_LEFT_MS) return this.#obtain(reason)
    void this.#run(reason, (signal) => this.#show(reason, signal))
  }

  #obtain(reason: TokenReason): void {
    void this.#run(reason, async (signal) => {
      const fresh = await this.tokens.obtain(reason, signal)
      this.#failures = 0
      const inPlace = this.state.framed && reason !== 'reload'
      if (!inPlace || (fresh && !this.#host.settings().hold)) return this.#show(reason, signal)
      this.#happen('shown')
      if (fresh) this.#tell(new ChatRefreshEvent(true))
    })
  }

  /** Shows the chat with the token that is held. */
  async #show(reason: TokenReason, signal: AbortSignal): Promise<void> {
    const { value, chatId, endsAt } = this.tokens.held!
    // a reload is somebody's wish: it doesn't wait for them to leave the frame
    const timeLeft = () => (reason === 'reload' ? 0 : this.#shownEndsAt - steadyNow())
    await this.#host.drawn()
    await this.frames.show(chatUrl(this.#host.settings().chatOrigin, chatId, value), timeLeft, signal)
    this.#shownEndsAt = endsAt
    const again = this.state.framed
    this.#happen('shown')
    this.#tell(again ? new ChatRefreshEvent(false) : new ChatReadyEvent())
  }

  /** Runs what may fail, as the only such thing under way: a failure counts only while it is still wanted. */
  async #run(reason: TokenReason, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#request?.abort()
    const request = (this.#request = new AbortController())
    this.#askAt = Infinity
    this.journal.note(reason)
    this.#happen('requested')
    const failure = await work(request.signal).then(() => undefined, readFailure)
    await this.#host.drawn()
    if (this.#request !== request) return
    this.#request = undefined
    if (failure) return this.#fail(failure)
    this.failure = undefined
    this.#askAt = this.tokens.held!.refreshAt
    this.#arm()
  }

  #fail(failure: Failure): void {
    this.failure = failure
    this.#failures++
    if (retryPolicyOf(failure) === 'revoke') {
      this.#request?.abort()
      this.#request = undefined
      this.tokens.held = null
      this.frames.clear()
    }
    const leftMs = this.state.framed ? this.tokens.timeLeft! : 0
    this.#askAt =
      steadyNow() + askAgainIn(failure, { failures: this.#failures, leftMs, random: Math.random() })
    // a frame that couldn't be swapped is tried again with the next token
    if (failure.code === 'frame-timeout' && leftMs > 0) this.#askAt = this.tokens.held!.refreshAt
    this.#report(failure)
    this.#arm()
  }

  /** Says what is wrong: of a chat whose token has ended, that; else the failure itself. */
  #report(failure: Failure): void {
    const refused = retryPolicyOf(failure) === 'revoke'
    const expired = !refused && this.#endsAt <= steadyNow()
    const goesOn = this.#goesOn(failure)
    const shown: Failure = expired ? { ...failure, ...endedBy(failure) } : failure
    const { code, reason } = shown
    const category = categoryOf(shown)
    const before = this.state
    const problem = this.#host.describe(shown, goesOn ? this.askInMs : null)
    this.journal.note(code + (reason ? ` (${reason})` : ''))
    this.#happen(refused ? 'refused' : goesOn && !expired ? 'retrying' : 'failed', { problem, category })
    if (before.problem?.code !== code || before.category !== category) this.#tell(new ChatErrorEvent(problem))
  }

  /** Whether a failure may yet pass by itself: another try is due, or the network's return is waited for. */
  #goesOn({ code }: Failure): boolean {
    return code === 'offline' || (this.#askAt < Infinity && code !== 'frame-timeout')
  }

  /** When the token of a chat in trouble ends under the visitor's eyes. What only a new page can mend stays named. */
  get #endsAt(): number {
    return this.state.framed && this.failure?.code !== 'identity-expired'
      ? this.tokens.held!.endsAt
      : Infinity
  }

  /** The same, while nobody has been told yet. */
  get #lostAt(): number {
    const { problem, category } = this.state
    return problem && category !== 'ended' ? this.#endsAt : Infinity
  }

  /** Sets the one timer for what is due next, if anything is. */
  #arm(): void {
    const look = this.failure?.code === 'offline' ? steadyNow() + OFFLINE_LOOK_MS : Infinity
    this.#alarm.set(Math.min(this.#askAt, this.#lostAt, look))
  }

  #look(): void {
    if (ofDocument('hidden', this.#host.element.ownerDocument)) return
    // the browser closed the chat's connection while the page lay in the back/forward cache
    if (this.#wake!.takeRestored() && this.state.framed) return this.#open('reload')
    if (this.#request) return
    if (this.#lostAt <= steadyNow()) this.#report(this.failure!)
    if (this.failure?.code === 'offline' && isOnline()) this.#askAt = 0
    if (this.#askAt <= steadyNow()) this.#obtain(this.failure ? 'retry' : 'refresh')
    else this.#arm()
  }

  readonly #woken = ({ type }: Event): void => {
    if (type === 'online' && this.failure && this.#goesOn(this.failure)) this.#askAt = 0
    this.#look()
  }

  #happen(happening: SessionEvent, trouble?: CategorizedProblem): void {
    const previous = this.state
    this.state = nextState(previous, happening, trouble)
    if (this.state === previous) return
    this.#host.changed()
    const { status } = this.state
    if (status === previous.status) return
    this.journal.note(status)
    this.#tell(new ChatStateChangeEvent(status, previous.status))
  }

  #tell(event: Event): void {
    this.#host.element.dispatchEvent(event)
  }
}

/** A token that has ended under the visitor's eyes, and why there is no newer one. */
const endedBy = ({ code, reason }: Failure): Failure => ({
  code: 'token-expired',
  reason: `No new token could be had: ${code}${reason ? ` (${reason})` : ''}`,
  ended: true,
})
