import type { FastifyBaseLogger } from 'fastify'
import { networkOf } from '../net/addresses.js'
import type { TokenOutcome } from '../endpoint/request.js'
import { pathOf } from '../net/request-facts.js'
import { withoutSecrets } from './log.js'

/** Alike refusals within this time are one line and a count. */
const WINDOW_MS = 60_000
/** Pages and addresses that get a line of their own, for each reason and window; what a hundred thousand do is one count. */
const OWN_LINES = 20

const OTHERS = 'others'

/** The origin without what a client that is no browser may add: it can send any text. */
const loggedOrigin = (origin: string): string => withoutSecrets(pathOf(origin).split('/', 3).join('/'))

interface Repeats {
  reason: string
  code: string
  address: string | null
  origin: string | null
  todo: string | null
  status: number
  count: number
}

/**
 * Logs what becomes of requests: the first refusal of a kind at once and in full, those like it as a count once a minute.
 * So an attack is a few lines a minute, and can't hide another kind. Tokens are one line a minute.
 */
export class RefusalLog {
  readonly #logger: Pick<FastifyBaseLogger, 'debug' | 'info' | 'error'>
  readonly #seen = new Map<string, Repeats>()
  /** What has a line of its own, by code and reason. */
  readonly #named = new Map<string, Set<string>>()
  #minted = 0
  #refused = 0
  readonly #timer: NodeJS.Timeout

  constructor(logger: Pick<FastifyBaseLogger, 'debug' | 'info' | 'error'>, windowMs = WINDOW_MS) {
    this.#logger = logger
    this.#timer = setInterval(() => this.flush(), windowMs).unref()
  }

  outcome(outcome: TokenOutcome): void {
    if (outcome.kind === 'minted') {
      this.#minted++
      this.#logger.debug(outcome, 'token made')
    } else if (outcome.kind === 'refused') {
      this.#refused++
      this.#refusal(outcome)
    }
  }

  #refusal(outcome: Extract<TokenOutcome, { kind: 'refused' }>): void {
    const { code, reason, status, todo, cause, kind: _kind, ...rest } = outcome
    const facts = { ...rest, origin: rest.origin && loggedOrigin(rest.origin) }
    const key = this.#keyOf(`${code} ${reason}`, outcome)
    const known = this.#seen.get(key)
    if (known) {
      known.count++
      return
    }
    const { origin, address } = key.endsWith(OTHERS) ? { origin: OTHERS, address: OTHERS } : facts
    this.#seen.set(key, { code, reason, status, todo, origin, address, count: 0 })
    const line = { code, reason, status, ...facts, todo, ...(cause === undefined ? {} : { err: cause }) }
    this.#logger[status >= 500 ? 'error' : 'info'](line, status >= 500 ? 'token request failed' : 'no token')
  }

  /** Clients choose origins, so distinct ones are logged up to a limit; the rest count as one. */
  #keyOf(kind: string, { address, origin }: { address: string | null; origin: string | null }): string {
    const known = this.#named.get(kind) ?? new Set()
    this.#named.set(kind, known)
    const key = JSON.stringify([kind, address && (networkOf(address) ?? address), origin])
    if (!known.has(key) && known.size >= OWN_LINES) return `${kind} ${OTHERS}`
    known.add(key)
    return key
  }

  /** Logs the counts since the last time and resets them. */
  flush(): void {
    for (const { count, status, ...kind } of this.#seen.values()) {
      if (count > 0)
        this.#logger[status >= 500 ? 'error' : 'info']({ ...kind, status, again: count }, 'no token, again')
    }
    if (this.#minted > 0)
      this.#logger.info({ tokens: this.#minted, refused: this.#refused }, 'tokens issued in the last minute')
    this.#seen.clear()
    this.#named.clear()
    this.#minted = 0
    this.#refused = 0
  }

  close(): void {
    clearInterval(this.#timer)
    this.flush()
  }
}
