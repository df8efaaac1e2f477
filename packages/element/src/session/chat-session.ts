import { checkToken, type TokenClaims, type TokenHeader } from '../token/check-token.js'
import { lifeOf, refreshDelay } from '../token/token-life.js'
import { askForToken, type TokenAnswer, type TokenQuestion, type TokenReason } from '../token/token-client.js'
import { canPass, ChatFailure, isRefusal, type Failure, type Problem } from '../problem.js'
import { chatEvent } from '../chat-events.js'
import { chatUrl } from '../frame/chat-url.js'
import { FrameSwapper, type SwapperHooks } from '../frame/frame-swapper.js'
import { backOff } from './back-off.js'
import { IDLE, nextState, type ChatState, type Happening } from './chat-state.js'
import { SteadyClock } from './steady-clock.js'

/** Timers stop while a machine sleeps and overflow past 2^31 ms: none is set for longer than this. */
const LONGEST_TIMER_MS = 60_000
/** A token rendered into the page is used with at least this much life left. */
const GIVEN_TOKEN_LEAST_MS = 30_000
const STEPS_KEPT = 30

export interface SessionSettings extends TokenQuestion {
  chatOrigin: string
  /** A first token, rendered into the page. */
  token: string | undefined
  /** Keep a new token ready instead of showing it. */
  hold: boolean
}

export interface SessionHost {
  settings(): SessionSettings
  /** Puts words to a failure. */
  describe(failure: Failure, retryInMs: number | null): Problem
  /** The state has changed: draw it. */
  draw(): void
  dispatchEvent(event: Event): boolean
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
  /** Milliseconds since the session began. */
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

  readonly #host: SessionHost
  readonly #frames: FrameSwapper
  readonly #clock = new SteadyClock()
  #life = new AbortController()
  #request: AbortController | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #retryAt: number | null = null
  #failures = 0
  /** When the token of the shown frame ends. */
  #shownEndsAt = 0

  constructor(host: SessionHost, stage: HTMLElement, title: SwapperHooks['title']) {
    this.#host = host
    this.#frames = new FrameSwapper(stage, {
      title,
      refused: ({ failure }) => {
        this.#frames.clear()
        this.#fail(failure)
      },
      late: () => this.#shown(),
      lost: () => this.rebuild(),
    })
  }

  /** Milliseconds the token has left; null without one. */
  get timeLeft(): number | null {
    return this.token && Math.round(this.token.endsAt - this.#clock.now())
  }

  /** Begins anew: no token, no frame. */
  start(): void {
    this.stop()
    const { eventId, token } = this.#host.settings()
    this.#begin()
    if (!eventId) return this.#fail({ code: 'event-id-missing' })
    const given = token ? this.#judgeGiven(token) : null
    if (given) this.#run('load', (signal) => this.#take(given, 'load', signal))
    else this.#obtain('load')
  }

  #begin(): void {
    const { signal } = (this.#life = new AbortController())
    // whenever the page may have slept, been hidden, frozen or offline, time may have passed unseen
    document.addEventListener('visibilitychange', this.#wake, { signal })
    for (const name of ['pageshow', 'online', 'focus']) addEventListener(name, this.#wake, { signal })
    this.#happen({ type: 'started' })
  }

  /** Lets go of everything; with `keep`, the token stays for a return to the page. */
  stop({ keep = false, preview = false } = {}): void {
    this.#life.abort()
    this.#request?.abort()
    this.#request = null
    clearTimeout(this.#timer)
    this.#retryAt = null
    this.#failures = 0
    this.#frames.clear()
    if (!keep) this.token = null
    this.#happen({ type: preview ? 'previewed' : 'stopped' })
  }

  /** Goes on after a stop that kept the token. */
  resume(): void {
    const { token } = this
    if (!token || this.timeLeft! < GIVEN_TOKEN_LEAST_MS) return this.start()
    this.stop({ keep: true })
    this.#begin()
    this.#run('load', (signal) => this.#show(token, 'load', signal))
  }

  /** The element was moved in one task: the browser has emptied its frames, and nothing else has happened. */
  moved(): void {
    if (!this.#request || !this.#frames.empty) this.resume()
  }

  /** The shown frame is dead though its token may not be: the element was moved, or the page came back from a cache. */
  rebuild(): void {
    const { token } = this
    if (!token || this.timeLeft! < GIVEN_TOKEN_LEAST_MS) return this.#obtain('reload')
    this.#run('reload', (signal) => this.#show(token, 'reload', signal))
  }

  /** A new token and a new frame, because somebody asked for it. */
  reload(): void {
    this.reloads++
    if (this.state.status === 'idle' || !this.#host.settings().eventId) return this.start()
    this.#obtain(this.state.framed ? 'reload' : 'retry')
  }

  welcome(): void {
    this.#frames.welcome()
  }

  rename(): void {
    this.#frames.rename()
  }

  #obtain(reason: TokenReason): void {
    this.#run(reason, async (signal) => {
      const question = this.#host.settings()
      if (!question.tokenUrl && !question.fetchToken) throw new ChatFailure({ code: 'token-url-missing' })
      let answer = await askForToken(question, reason, signal)
      let token = this.#judge(answer)
      // a token that arrives dead may have been kept too long by something in between: once more, then it is a problem
      if (token === 'token-expired') {
        answer = await askForToken(question, 'retry', signal)
        token = this.#judge(answer)
        if (token === 'token-expired') throw new ChatFailure({ code: 'token-expired', reason: 'on arrival' })
      }
      signal.throwIfAborted()
      await this.#take(token, reason, signal)
    })
  }

  /** Runs what may fail, as the only such thing under way: a failure counts only while it is still wanted. */
  #run(reason: TokenReason, work: (signal: AbortSignal) => Promise<void>): void {
    this.#request?.abort()
    const request = (this.#request = new AbortController())
    this.#retryAt = null
    this.#note(reason)
    this.#happen({ type: 'requested' })
    work(request.signal)
      .catch((error: unknown) => {
        // an abort from below: the element is off the page, and whoever puts it back goes on from there
        const gone = error instanceof DOMException && error.name === 'AbortError'
        if (gone || this.#request !== request) return
        this.#fail(error instanceof ChatFailure ? error.failure : { code: 'endpoint-unreachable' })
      })
      .finally(() => {
        if (this.#request !== request) return
        this.#request = null
        this.#arm()
      })
  }

  /** Judges an answer and measures its token's life. The server's own time, not the browser's, decides what has expired. */
  #judge({ reply, date }: TokenAnswer): HeldToken | 'token-expired' {
    const { eventId } = this.#host.settings()
    const seconds = date === undefined ? undefined : date / 1000
    if (date !== undefined) this.clockDifferenceMs = date - Date.now()
    const { fault, header, claims } = checkToken(reply.token, {
      eventId: reply.event_id ?? eventId,
      now: seconds,
    })
    if (fault?.code === 'token-expired') return fault.code
    if (fault) throw new ChatFailure(fault)
    // without a `Date`, a fresh token's own `iat` is the best reading of the server's clock
    const { iat, nbf } = claims
    if (seconds === undefined && iat !== undefined && nbf !== undefined && nbf > iat + 60)
      throw new ChatFailure({ code: 'token-not-yet-valid', reason: 'nbf' })
    const life = lifeOf(reply, claims, seconds)
    const token = this.#hold(reply.token, header, claims, reply.chat_id ?? eventId, life, reply.refresh_in)
    return token.endsAt <= this.#clock.now() ? 'token-expired' : token
  }

  /**
   * Judges a token that came with the page. Its age is unknown and the browser's clock can't be believed, so it counts
   * only where that clock agrees with it; else a new one is asked for.
   */
  #judgeGiven(value: string): HeldToken | null {
    const { eventId } = this.#host.settings()
    const now = Date.now() / 1000
    const { fault, header, claims } = checkToken(value, { eventId, now })
    if (fault) {
      this.#note(`given token: ${fault.code}`)
      return null
    }
    const left = (claims.exp - Math.max(now, claims.iat ?? 0)) * 1000
    return left < GIVEN_TOKEN_LEAST_MS ? null : this.#hold(value, header, claims, eventId, left, undefined)
  }

  #hold(
    value: string,
    header: TokenHeader,
    claims: TokenClaims,
    chatId: string,
    life: number,
    refreshIn: number | undefined,
  ): HeldToken {
    const now = this.#clock.now()
    const { tokenUrl, fetchToken } = this.#host.settings()
    // the same token again lives no longer for having been sent twice
    const endsAt = this.token?.value === value ? Math.min(this.token.endsAt, now + life) : now + life
    // where the page gave a token but no way to another, there is nothing to be had before the end
    const delay = tokenUrl || fetchToken ? refreshDelay(endsAt - now, refreshIn, Math.random()) : endsAt - now
    return { value, header, claims, chatId, endsAt, refreshAt: now + delay }
  }

  async #take(token: HeldToken, reason: TokenReason, signal: AbortSignal): Promise<void> {
    const same = this.token?.value === token.value
    this.token = token
    this.#failures = 0
    const inPlace = this.state.framed && reason !== 'reload'
    if (!inPlace || !(same || this.#host.settings().hold)) return this.#show(token, reason, signal)
    this.#happen({ type: 'renewed' })
    if (!same) this.#host.dispatchEvent(chatEvent('kinescope-chat-refresh', { held: true }))
  }

  async #show({ value, chatId, endsAt }: HeldToken, reason: TokenReason, signal: AbortSignal): Promise<void> {
    const url = chatUrl(this.#host.settings().chatOrigin, chatId, value)
    // a reload is somebody's wish: it doesn't wait for them to leave the frame
    await this.#frames.show(
      url,
      () => (reason === 'reload' ? 0 : this.#shownEndsAt - this.#clock.now()),
      signal,
    )
    this.#shownEndsAt = endsAt
    this.#shown()
  }

  #shown(): void {
    const again = this.state.framed
    this.#happen({ type: 'shown' })
    this.#host.dispatchEvent(
      again ? chatEvent('kinescope-chat-refresh', { held: false }) : chatEvent('kinescope-chat-ready', {}),
    )
  }

  #fail(failure: Failure): void {
    const refused = isRefusal(failure)
    const passes = canPass(failure.code)
    const delay = backOff(++this.#failures, Math.random(), failure.retryAfterMs)
    // without a network there is nothing to wait for but its return
    const retryInMs = passes && failure.code !== 'offline' ? Math.round(delay) : null
    this.#retryAt = retryInMs === null ? null : this.#clock.now() + retryInMs
    if (refused) {
      this.token = null
      this.#frames.clear()
    }
    const { framed } = this.state
    const dead = framed && !refused && passes && this.timeLeft !== null && this.timeLeft <= 0
    this.#trouble(
      dead ? { ...failure, reason: failure.code, code: 'token-expired' } : failure,
      retryInMs,
      refused,
      passes && !dead,
    )
    this.#arm()
  }

  #trouble(failure: Failure, retryInMs: number | null, refused: boolean, trying: boolean): void {
    const known = this.state.problem?.code === failure.code
    const problem = this.#host.describe(failure, retryInMs)
    this.#note(`${failure.code}${failure.reason ? ` (${failure.reason})` : ''}`)
    this.#happen({ type: 'failed', problem, refused, trying })
    if (!known) this.#host.dispatchEvent(chatEvent('kinescope-chat-error', { problem }))
  }

  /** Sets the one timer for what is due next, if anything is. */
  #arm(): void {
    clearTimeout(this.#timer)
    const next = this.#next()
    if (next === null || this.#life.signal.aborted) return
    const delay = Math.max(0, Math.min(next - this.#clock.now(), LONGEST_TIMER_MS))
    this.#timer = setTimeout(() => this.#look(), delay)
  }

  /** When something is due: a try after a failure, a refresh, or the end of a token that couldn't be refreshed. */
  #next(): number | null {
    const { token } = this
    if (document.hidden || this.#request) return null
    if (this.#retryAt !== null) return this.#expiring ? Math.min(this.#retryAt, token!.endsAt) : this.#retryAt
    if (!token || !this.state.framed) return null
    // after a failure that won't pass by itself, the token may still end under the visitor's eyes
    const { problem } = this.state
    // a frame that couldn't be swapped is tried again with the next token
    return !problem || problem.code === 'frame-timeout'
      ? token.refreshAt
      : this.#expiring
        ? token.endsAt
        : null
  }

  get #expiring(): boolean {
    const { framed, problem } = this.state
    return framed && !!problem && problem.code !== 'token-expired' && !!this.token
  }

  #look(): void {
    const now = this.#clock.now()
    const { token } = this
    if (document.hidden || this.#request) return
    if (this.#expiring && token!.endsAt <= now) {
      const reason = this.state.problem!.code
      const retryInMs = this.#retryAt && Math.max(0, Math.round(this.#retryAt - now))
      this.#trouble({ code: 'token-expired', reason }, retryInMs, false, false)
    }
    const next = this.#next()
    if (next === null || next > now) return this.#arm()
    this.#obtain(this.#retryAt === null ? 'refresh' : 'retry')
  }

  readonly #wake = (event: Event): void => {
    const code = this.state.problem?.code
    if (event.type === 'online' && code && (canPass(code) || code === 'token-expired'))
      this.#retryAt = this.#clock.now()
    // the browser closed the chat's connection while the page lay in the back/forward cache
    if (event.type === 'pageshow' && (event as PageTransitionEvent).persisted && this.state.framed)
      return this.rebuild()
    this.#look()
  }

  #happen(happening: Happening): void {
    const previous = this.state
    this.state = nextState(previous, happening)
    if (this.state === previous) return
    this.#host.draw()
    if (this.state.status === previous.status) return
    this.#note(this.state.status)
    const fields = { state: this.state.status, previous: previous.status }
    this.#host.dispatchEvent(chatEvent('kinescope-chat-statechange', fields))
  }

  #note(what: string): void {
    this.steps.push({ at: Math.round(this.#clock.now()), what })
    if (this.steps.length > STEPS_KEPT) this.steps.shift()
  }
}
