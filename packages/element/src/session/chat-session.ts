import { emit } from '../chat-events.js'
import { chatUrl } from '../frame/chat-url.js'
import { FrameSwapper } from '../frame/frame-swapper.js'
import { chatFailure, courseOf, type Failure, type Problem } from '../problem.js'
import { checkToken, type TokenClaims, type TokenHeader } from '../token/check-token.js'
import type { TokenAnswer } from '../token/read-answer.js'
import { askForToken, type TokenQuestion, type TokenReason } from '../token/token-client.js'
import { readFailure } from '../token/read-failure.js'
import { lifeOf, refreshDelay } from '../token/token-life.js'
import { askAgainIn } from './back-off.js'
import { IDLE, nextState, type ChatState, type Happening } from './chat-state.js'
import { steadyNow } from './steady-clock.js'

/** Timers stop while a machine sleeps and overflow past 2^31 ms: none is set for longer than this. */
const LONGEST_TIMER_MS = 60_000
/** A token that is there already is used with at least this much life left. */
const LEAST_LEFT_MS = 30_000
const STEPS_KEPT = 30
const LIFELESS = 'By expires_in, or by exp and iat, the token had no time left when it came'

export interface SessionSettings extends TokenQuestion {
  chatOrigin: string
  /** A first token, rendered into the page. */
  token: string | undefined
  /** Keep a new token ready instead of showing it. */
  hold: boolean
}

export interface SessionHost extends EventTarget {
  settings(): SessionSettings
  /** Puts words to a failure. */
  describe(failure: Failure, retryInMs: number | null): Problem
  /** The state has changed: draw it. */
  draw(): void
}

export interface HeldToken {
  value: string
  header: TokenHeader
  claims: TokenClaims
  /** The id for the chat's address. */
  chatId: string
  /** When it ends and when the next is due, on the steady clock. */
  endsAt: number
  refreshAt: number
}

export interface Step {
  /** Milliseconds since the script began. */
  at: number
  what: string
}

/**
 * One visitor's stay in one chat: gets a token, shows the chat, keeps the token fresh, and decides what a failure means.
 * The only owner of the session's time: one timer, armed for whatever is due next.
 */
export class ChatSession {
  state: ChatState = IDLE
  token: HeldToken | null = null
  /** The server's clock less the browser's, in milliseconds, once an answer has told. */
  clockDifferenceMs: number | null = null
  reloads = 0
  readonly steps: Step[] = []
  readonly frames: FrameSwapper

  readonly #host: SessionHost
  #stay = new AbortController()
  #request: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When a token is to be asked for: the next one, or again after a failure. */
  #askAt = Infinity
  #failures = 0
  #failure: Failure | undefined
  /** When the token of the shown frame ends. */
  #shownEndsAt = 0

  constructor(host: SessionHost, stage: HTMLElement) {
    this.#host = host
    this.frames = new FrameSwapper(
      stage,
      (failure) => this.#fail(failure),
      () => {
        // an emptied frame is no chat: nothing is to be seen in it until it has loaded again
        this.stop({ keep: true })
        this.start()
      },
    )
  }

  /** Milliseconds the token has left; null without one. */
  get timeLeft(): number | null {
    return this.token && Math.round(this.token.endsAt - steadyNow())
  }

  /** Begins, with the token that was kept or came with the page, or with a new one. */
  start(): void {
    this.#stay = new AbortController()
    const { signal } = this.#stay
    // whenever the page may have slept, been hidden, frozen or offline, time may have passed unseen
    for (const name of ['visibilitychange', 'pageshow', 'online', 'focus'])
      addEventListener(name, this.#wake, { signal })
    const { token } = this.#host.settings()
    try {
      // its age is unknown and the browser's clock can't be believed: it counts only where that clock agrees with it
      if (token) this.token ??= this.#judge({ reply: { token }, ignored: [], date: Date.now() })
    } catch (fault) {
      this.#note(`given token: ${readFailure(fault).code}`)
    }
    this.#open('load')
  }

  /** Lets go of everything, but for the token where the element may return. */
  stop({ keep = false, preview = false } = {}): void {
    this.#stay.abort()
    clearTimeout(this.#timer)
    this.#request?.abort()
    this.#request = undefined
    this.#askAt = Infinity
    this.#failures = 0
    this.frames.clear()
    if (!keep) this.token = null
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
    const { token } = this
    if (!token || this.timeLeft! < LEAST_LEFT_MS) return this.#obtain(reason)
    void this.#run(reason, (signal) => this.#show(token, reason, signal))
  }

  #obtain(reason: TokenReason): void {
    void this.#run(reason, async (signal) => {
      const question = this.#host.settings()
      if (!question.eventId) throw chatFailure('event-id-missing')
      if (!question.tokenUrl && !question.fetchToken) throw chatFailure('token-url-missing')
      const ask = async (why: TokenReason) => {
        const answer = await askForToken(question, why, signal)
        signal.throwIfAborted()
        if (answer.ignored.length) this.#note(`left out of the reply: ${answer.ignored.join(', ')}`)
        if (answer.reply.warning) this.#note(`warning: ${answer.reply.warning}`)
        if (answer.date) this.clockDifferenceMs = answer.date - Date.now()
        return this.#judge(answer)
      }
      // a token that arrives dead may have been kept too long by something in between: once more, then it is a problem
      const token = await ask(reason).catch((error: unknown) => {
        if ((error as Failure | null)?.code === 'token-expired') return ask('retry')
        throw error
      })
      const same = this.token?.value === token.value
      this.token = token
      this.#failures = 0
      const inPlace = this.state.framed && reason !== 'reload'
      if (!inPlace || !(same || question.hold)) return this.#show(token, reason, signal)
      this.#happen('shown')
      if (!same) emit(this.#host, 'refresh', { held: true })
    })
  }

  async #show({ value, chatId, endsAt }: HeldToken, reason: TokenReason, signal: AbortSignal): Promise<void> {
    const url = chatUrl(this.#host.settings().chatOrigin, chatId, value)
    // a reload is somebody's wish: it doesn't wait for them to leave the frame
    const timeLeft = () => (reason === 'reload' ? 0 : this.#shownEndsAt - steadyNow())
    await this.frames.show(url, timeLeft, signal)
    this.#shownEndsAt = endsAt
    const again = this.state.framed
    this.#happen('shown')
    if (again) emit(this.#host, 'refresh', { held: false })
    else emit(this.#host, 'ready', {})
  }

  /** Runs what may fail, as the only such thing under way: a failure counts only while it is still wanted. */
  async #run(reason: TokenReason, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#request?.abort()
    const request = (this.#request = new AbortController())
    this.#askAt = Infinity
    this.#note(reason)
    this.#happen('requested')
    const failure = await work(request.signal).then(() => undefined, readFailure)
    if (this.#request !== request) return
    this.#request = undefined
    if (failure) return this.#fail(failure)
    this.#failure = undefined
    this.#askAt = this.token!.refreshAt
    this.#arm()
  }

  /** Judges an answer and measures its token's life. The server's own time, not the browser's, decides what has expired. */
  #judge({ reply, date }: TokenAnswer): HeldToken {
    const { eventId, tokenUrl, fetchToken } = this.#host.settings()
    const { token: value, event_id = eventId, chat_id: chatId = eventId, refresh_in } = reply
    const seconds = date && date / 1000
    const { fault, header, claims } = checkToken(value, { eventId: event_id, now: seconds })
    if (fault) throw chatFailure(fault.code, { reason: fault.detail, claim: fault.claim, header, claims })
    const now = steadyNow()
    // the same token again lives no longer for having been sent twice
    const known = this.token?.value === value ? this.token.endsAt : Infinity
    const endsAt = Math.min(known, now + lifeOf(reply, claims, seconds))
    if (endsAt <= now)
      throw chatFailure('token-expired', {
        reason: LIFELESS,
        claim: 'exp',
        header: { ...header },
        claims: { ...claims },
      })
    // where the page gave a token but no way to another, there is nothing to be had before the end
    const delay =
      tokenUrl || fetchToken ? refreshDelay(endsAt - now, refresh_in, Math.random()) : endsAt - now
    return { value, header, claims, chatId, endsAt, refreshAt: now + delay }
  }

  #fail(failure: Failure): void {
    this.#failure = failure
    this.#failures++
    if (courseOf(failure) === 'refuses') {
      this.#request?.abort()
      this.#request = undefined
      this.token = null
      this.frames.clear()
    }
    const live = this.state.framed && this.timeLeft! > 0
    this.#askAt = steadyNow() + askAgainIn(failure, { failures: this.#failures, live, random: Math.random() })
    // a frame that couldn't be swapped is tried again with the next token
    if (failure.code === 'frame-timeout' && live) this.#askAt = this.token!.refreshAt
    this.#report(failure)
    this.#arm()
  }

  /** Says what is wrong: of a chat whose token has ended, that; else the failure itself. */
  #report(failure: Failure): void {
    const refused = courseOf(failure) === 'refuses'
    const passes = this.#goesOn(failure)
    const expired = this.state.framed && !refused && this.timeLeft! <= 0
    const shown: Failure = expired ? { ...failure, ...endedBy(failure) } : failure
    const { code, reason } = shown
    const wait = Math.max(0, Math.round(this.#askAt - steadyNow()))
    const before = this.state.problem
    const problem = this.#host.describe(shown, passes && wait < Infinity ? wait : null)
    this.#note(code + (reason ? ` (${reason})` : ''))
    this.#happen(refused ? 'refused' : passes && !expired ? 'troubled' : 'failed', problem)
    if (before?.code !== code || before.topic !== problem.topic) emit(this.#host, 'error', { problem })
  }

  /** Whether a failure may yet pass by itself: another try is due, or the network's return is waited for. */
  #goesOn({ code }: Failure): boolean {
    return code === 'offline' || (this.#askAt < Infinity && code !== 'frame-timeout')
  }

  /** When the token of a chat in trouble ends under the visitor's eyes. */
  get #lostAt(): number {
    const { framed, problem } = this.state
    return framed && problem && problem.topic !== 'ended' ? this.token!.endsAt : Infinity
  }

  /** Sets the one timer for what is due next, if anything is. */
  #arm(): void {
    clearTimeout(this.#timer)
    const due = Math.min(this.#askAt, this.#lostAt) - steadyNow()
    if (due < Infinity) this.#timer = setTimeout(this.#look, Math.max(0, Math.min(due, LONGEST_TIMER_MS)))
  }

  readonly #look = (): void => {
    if (document.hidden || this.#request) return
    if (this.#lostAt <= steadyNow()) this.#report(this.#failure!)
    if (this.#askAt <= steadyNow()) this.#obtain(this.#failure ? 'retry' : 'refresh')
    else this.#arm()
  }

  readonly #wake = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    if (type === 'online' && this.#failure && this.#goesOn(this.#failure)) this.#askAt = 0
    // the browser closed the chat's connection while the page lay in the back/forward cache
    if (persisted && this.state.framed) this.#open('reload')
    else this.#look()
  }

  #happen(happening: Happening, problem?: Problem): void {
    const previous = this.state
    this.state = nextState(previous, happening, problem)
    if (this.state === previous) return
    this.#host.draw()
    const { status } = this.state
    if (status === previous.status) return
    this.#note(status)
    emit(this.#host, 'statechange', { state: status, previous: previous.status })
  }

  #note(what: string): void {
    this.steps.push({ at: Math.round(steadyNow()), what })
    if (this.steps.length > STEPS_KEPT) this.steps.shift()
  }
}

/** A token that has ended under the visitor's eyes, and why there is no newer one. */
const endedBy = ({ code, reason }: Failure): Failure => ({
  code: 'token-expired',
  reason: `No new token could be had: ${code}${reason ? ` (${reason})` : ''}`,
  ended: true,
})
