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

/** The share of a crowd's visits that report. */
const CROWD_SHARE = 0.01
/** Tokens of the last so many ms decide the share. */
const WINDOW_MS = 5_000
/** Reports in a window: enough for the alerts below a crowd, and no more than they need above. */
const FEWEST = 10
const MOST = 50

/**
 * The share of visits that should report, from the rate at which a replica hands out tokens: all of them on a quiet day,
 * 1 % in a crowd, and fewer from 1,000 tokens a second on. Replicas sample each for itself, so many idle ones get more reports.
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
  const wanted = Math.min(MOST, Math.max(FEWEST, CROWD_SHARE * tokens))
  return Math.min(1, Math.floor((wanted / Math.max(tokens, 1)) * 10_000) / 10_000)
}
