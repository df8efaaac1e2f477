import { chatFailure, type Failure } from '../problem.js'
import { type TokenAnswer, readFailure } from '../token/answer.js'
import { askForToken, type TokenReason } from '../token/token-client.js'
import { holdToken, type HeldToken } from './held-token.js'
import type { Journal } from '../diagnostics.js'
import type { SessionSettings } from '../settings.js'
import { steadyNow } from './clock.js'

/** Has the visitor's token: takes the one that came with the page, asks for others, and judges each. */
export class TokenKeeper {
  held: HeldToken | null = null
  /** The server's clock less the browser's, in milliseconds, once an answer has told. */
  clockDifferenceMs: number | null = null
  readonly #settings: () => SessionSettings
  readonly #journal: Journal

  constructor(settings: () => SessionSettings, journal: Journal) {
    this.#settings = settings
    this.#journal = journal
  }

  /** Milliseconds the token has left; null without one. */
  get timeLeft(): number | null {
    return this.held && Math.round(this.held.endsAt - steadyNow())
  }

  /** Takes the token that came with the page, where there is none yet and it is good. */
  takeGiven(): void {
    const { token } = this.#settings()
    try {
      // its age is unknown and the browser's clock can't be believed: it counts only where that clock agrees with it
      if (token) this.held ??= this.#judge({ reply: { token }, ignored: [], date: Date.now() })
    } catch (fault) {
      this.#journal.note(`given token: ${readFailure(fault).code}`)
    }
  }

  /**
   * Gets another token, by asking twice at most.
   * @returns whether it is a new one
   * @throws {ChatFailure} what is wrong with the settings, the answer or the token; whatever else when it isn't wanted any more
   */
  async obtain(reason: TokenReason, signal: AbortSignal): Promise<boolean> {
    const settings = this.#settings()
    if (!settings.eventId) throw chatFailure('event-id-missing')
    if (!settings.tokenUrl && !settings.fetchToken) throw chatFailure('token-url-missing')
    const ask = async (why: TokenReason) => {
      const answer = await askForToken(settings, why, signal)
      signal.throwIfAborted()
      return this.#read(answer)
    }
    // a token that arrives dead may have been kept too long by something in between: once more, then it is a problem
    const token = await ask(reason).catch((error: unknown) => {
      if ((error as Failure | null)?.code === 'token-expired') return ask('retry')
      throw error
    })
    const fresh = this.held?.value !== token.value
    this.held = token
    return fresh
  }

  #read(answer: TokenAnswer): HeldToken {
    const { ignored, reply, date } = answer
    if (ignored.length) this.#journal.note(`left out of the reply: ${ignored.join(', ')}`)
    if (reply.warning) this.#journal.note(`warning: ${reply.warning}`)
    if (date) this.clockDifferenceMs = date - Date.now()
    return this.#judge(answer)
  }

  #judge(answer: TokenAnswer): HeldToken {
    const { eventId, tokenUrl, fetchToken } = this.#settings()
    const renewable = Boolean(tokenUrl ?? fetchToken)
    const [now, random] = [steadyNow(), Math.random()]
    return holdToken(answer, { eventId, renewable, held: this.held, now, random })
  }
}
