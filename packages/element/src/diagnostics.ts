import { steadyNow } from './clock.js'
import type { Problem } from './problems.js'
import type { ChatSession } from './session/session.js'
import type { Status } from './session/state.js'
import type { Settings } from './settings.js'
import { readable } from './text.js'
import { VERSION } from './version.js'

/** The header or the claims of a token. A rejected token can contain anything. */
type TokenPart = Readonly<Record<string, unknown>>

/** The result of `diagnostics()`. It never contains a token's signature, so the report can't be used to sign in. */
export interface Diagnostics {
  version: string
  eventId: string
  state: Status
  problem: Problem | null
  /** From the current token, or from the rejected one, where readable. */
  header: TokenPart | null
  claims: TokenPart | null
  /** The wrong member of the header or the claims. */
  wrong: string | null
  /** Milliseconds until the token expires. */
  timeLeftMs: number | null
  /** The token's age, its remaining life and the time until the next request, in milliseconds. */
  life: { spentMs: number; leftMs: number; nextInMs: number | null } | null
  /** The server's clock minus the browser's, in milliseconds. For information only. */
  clockDifferenceMs: number | null
  /** Events, with their times in milliseconds since the script started. */
  steps: { at: number; what: string }[]
  /** A `chat-origin` attribute that the element ignores. */
  ignoredChatOrigin: string | null
  browser: string
  page: string
}

/** The members of a token without personal data. All others are masked. */
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

/** Masks a value, but keeps enough to show that it exists, and its type. */
const mask = (value: unknown): string =>
  typeof value === 'string' ? `${[...value.slice(0, 4)].slice(0, 2).join('')}…` : `(${typeof value})`

/** Describes a session as a plain object. It includes the parts of a rejected token, but never a signature. */
export function diagnose(session: ChatSession, settings: Settings): Diagnostics {
  const { state, token, timeLeft, clockDifferenceMs, failure, askInMs, steps } = session
  const wrong = failure?.claim ?? null
  // the wrong member comes first, because the end of a long list is cut
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
