import { steadyNow } from './clock.js'
import type { Problem } from './problems.js'
import type { ChatSession } from './session/session.js'
import type { Status } from './session/state.js'
import type { Settings } from './settings.js'
import { readable } from './text.js'
import { VERSION } from './version.js'

/** The header or the claims of a token. A rejected token may have anything in them. */
type TokenPart = Readonly<Record<string, unknown>>

/** What `diagnostics()` returns. It never holds a token's signature, so nobody can sign in with it. */
export interface Diagnostics {
  version: string
  eventId: string
  state: Status
  problem: Problem | null
  /** Of the current token, or of the rejected one, where it could be read. */
  header: TokenPart | null
  claims: TokenPart | null
  /** The member of the header or the claims that is wrong. */
  wrong: string | null
  /** Milliseconds until the token ends. */
  timeLeftMs: number | null
  /** The token's lifetime so far, what is left, and the time until the next request, in milliseconds. */
  life: { spentMs: number; leftMs: number; nextInMs: number | null } | null
  /** The server's clock less the browser's, in milliseconds. A note only. */
  clockDifferenceMs: number | null
  /** What happened, in milliseconds since the script began. */
  steps: { at: number; what: string }[]
  /** A `chat-origin` that an attribute named and that doesn't count. */
  ignoredChatOrigin: string | null
  browser: string
  page: string
}

/** The members of a token that say nothing of a person. Any other is masked. */
const PLAIN_HEADER = ['alg', 'typ', 'kid']
const PLAIN_CLAIMS = ['aud', 'event_id', 'exp', 'iat', 'nbf']

/** A report for Kinescope's support, as JSON, with everything about the visitor masked. */
export function writeReport(diagnostics: Diagnostics): string {
  const header = masked(diagnostics.header, PLAIN_HEADER)
  const claims = masked(diagnostics.claims, PLAIN_CLAIMS)
  return JSON.stringify(readable({ ...diagnostics, header, claims }), null, 2)
}

const masked = (part: TokenPart | null, plain: readonly string[]): TokenPart | null =>
  part &&
  Object.fromEntries(
    Object.entries(part).map(([name, value]) => [name, plain.includes(name) ? value : mask(value)]),
  )

/** Enough to see that a value is there, and its kind. */
const mask = (value: unknown): string =>
  typeof value === 'string' ? `${[...value.slice(0, 4)].slice(0, 2).join('')}…` : `(${typeof value})`

/** Everything known of a session, as a plain object: of a rejected token too, but never a signature. */
export function diagnose(session: ChatSession, settings: Settings): Diagnostics {
  const { state, token, timeLeft, clockDifferenceMs, failure, askInMs, steps } = session
  const wrong = failure?.claim ?? null
  // the wrong member comes first, as the last of very many are cut
  const partOf = (part: object | undefined) =>
    readable(part && wrong && wrong in part ? { [wrong]: null, ...part } : (part ?? null)) as TokenPart | null
  return {
    version: VERSION,
    eventId: settings.eventId,
    state: state.status,
    problem: state.problem,
    header: partOf(failure?.header ?? token?.header),
    claims: partOf(failure?.claims ?? token?.claims),
    wrong,
    timeLeftMs: timeLeft,
    life: token && {
      spentMs: Math.max(0, Math.round(steadyNow() - token.heldAt)),
      leftMs: timeLeft!,
      nextInMs: askInMs,
    },
    clockDifferenceMs,
    steps: [...steps],
    ignoredChatOrigin: settings.ignoredOrigin ?? null,
    browser: navigator.userAgent,
    page: location.origin,
  }
}
