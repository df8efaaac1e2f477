import { ENGINES, PAGE_CODES, TOKEN_CODES, WIRE_CODES, type PageReport } from 'kinescope-chat/contract'

/** A report is some 200 bytes. */
export const MAX_REPORT_BYTES = 1024

/** A report in closed terms: each value is one of a list that the server knows, so that no sender makes a new series. */
export interface CountedReport {
  /** `ready`, a code of the contract, or `other`. */
  code: string
  /** Time to ready in seconds; null where it isn't plausible, or for a problem. */
  readySeconds: number | null
  engine: string
  /** An origin that the server lists, or `other`. */
  origin: string
}

/** The codes of problems that are counted by name; any other is `other`. */
export const REPORT_CODES = [...WIRE_CODES, ...TOKEN_CODES, ...PAGE_CODES, 'other'] as const
const CODES: ReadonlySet<string> = new Set<string>(['ready', ...REPORT_CODES])
const KNOWN_ENGINES: ReadonlySet<string> = new Set(ENGINES)
/** A page that took longer was asleep. */
const LONGEST_MS = 600_000

/**
 * Reads the body of `POST report`.
 * @param isListed whether the server lists an origin
 * @returns null where it is no report
 */
export function readPageReport(text: string, isListed: (origin: string) => boolean): CountedReport | null {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return null
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return null
  const { code, ms, engine, origin } = body as Partial<Record<keyof PageReport, unknown>>
  if (typeof code !== 'string' || typeof ms !== 'number' || typeof engine !== 'string') return null
  const plausible = Number.isFinite(ms) && ms >= 0 && ms <= LONGEST_MS
  return {
    code: oneOf(CODES, code),
    readySeconds: code === 'ready' && plausible ? ms / 1000 : null,
    engine: oneOf(KNOWN_ENGINES, engine),
    origin: typeof origin === 'string' && isListed(origin) ? origin : 'other',
  }
}

const oneOf = (known: ReadonlySet<string>, value: string) => (known.has(value) ? value : 'other')

/** Reports taken at once, and in a second. What comes above is dropped: a lost report costs nothing. */
const REPORTS_PER_SECOND = 50

/** A limit for all senders together, so that no address needs to be kept. */
export class ReportLimit {
  #room = REPORTS_PER_SECOND
  #filledAt = -Infinity

  /** @param now a monotonic clock in ms */
  admits(now: number): boolean {
    const filled = ((now - this.#filledAt) / 1000) * REPORTS_PER_SECOND
    this.#room = Math.min(REPORTS_PER_SECOND, this.#room + filled)
    this.#filledAt = now
    if (this.#room < 1) return false
    this.#room--
    return true
  }
}

/** Reports a second that the sampling aims at. */
const WANTED_PER_SECOND = 10
/** Tokens of the last so many ms decide the share. */
const WINDOW_MS = 10_000

/**
 * The share of visits that should report, from the rate at which tokens are handed out: all of them on a quiet day, some
 * ten reports a second in a crowd, where they stay below 2 % of the token requests.
 */
export class ReportSampling {
  #tokens = 0
  #windowEnds = -Infinity
  #rate = 1

  /** Counts a token. @param now a monotonic clock in ms @returns the share to put into its reply, 0 to 1 */
  next(now: number): number {
    if (now >= this.#windowEnds) {
      const wholeWindow = now < this.#windowEnds + WINDOW_MS
      this.#rate = wholeWindow ? shareFor(this.#tokens) : 1
      this.#windowEnds = now + WINDOW_MS
      this.#tokens = 0
    }
    this.#tokens++
    // a crowd that has just come is counted at once
    return Math.min(this.#rate, shareFor(this.#tokens))
  }
}

const shareFor = (tokens: number): number => {
  const share = (WANTED_PER_SECOND * (WINDOW_MS / 1000)) / Math.max(tokens, 1)
  return Math.min(1, Math.round(share * 10_000) / 10_000)
}
