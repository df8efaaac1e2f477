import type { Problem } from './problem.js'
import type { ChatSession } from './session/chat-session.js'
import { steadyNow } from './session/clock.js'
import type { Status } from './session/state.js'
import type { SessionSettings } from './settings.js'
import { readable } from './text.js'
import { VERSION } from './version.js'

/** Some of a token, as it said itself; of one that was refused it may hold anything. */
export type TokenPart = Readonly<Record<string, unknown>>

/** What `diagnostics()` returns. It never holds a token's signature, so nobody can sign in with it. */
export interface Diagnostics {
  version: string
  eventId: string
  state: Status
  problem: Problem | null
  /** Of the token in hand, or of the one that was refused, where it could be read. */
  header: TokenPart | null
  claims: TokenPart | null
  /** The member of the header or the claims that is wrong. */
  wrong: string | null
  /** Milliseconds until the token ends. */
  timeLeftMs: number | null
  /** The token's life so far, what is left of it, and when the next one is asked for, in milliseconds. */
  life: { spentMs: number; leftMs: number; nextInMs: number | null } | null
  /** The server's clock less the browser's, in milliseconds. It changes nothing but this note. */
  clockDifferenceMs: number | null
  /** What happened, in milliseconds since the script began. */
  steps: Step[]
  /** A `chat-origin` that an attribute named and that doesn't count. */
  ignoredChatOrigin: string | null
  browser: string
  page: string
}

/** The members of a token that say nothing of a person. A claim of any other name may, and so is masked. */
const PLAIN_HEADER = ['alg', 'typ', 'kid']
const PLAIN_CLAIMS = ['aud', 'event_id', 'exp', 'iat', 'nbf']

/** A report, as JSON for people, that is fit to be sent to Kinescope's support: what says who the visitor is, is masked. */
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

/** Enough to see that it is there, and of what kind. */
const mask = (value: unknown): string =>
  typeof value === 'string' ? `${[...value.slice(0, 4)].slice(0, 2).join('')}…` : `(${typeof value})`

export interface Step {
  /** Milliseconds since the script began. */
  at: number
  what: string
}

const STEPS_KEPT = 30

/** The last things that happened to a chat, for whoever debugs it. */
export class Journal {
  readonly steps: Step[] = []

  note(what: string): void {
    this.steps.push({ at: Math.round(steadyNow()), what })
    if (this.steps.length > STEPS_KEPT) this.steps.shift()
  }
}

/** What there is to know of a session, as a plain object. Of a refused token too, but never a signature. */
export function diagnose(session: ChatSession, settings: SessionSettings): Diagnostics {
  const { state, tokens, failure, askInMs, journal } = session
  const { held: token, timeLeft, clockDifferenceMs } = tokens
  const wrong = failure?.claim ?? null
  // what is wrong comes first: of very many members the last ones are cut
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
    steps: [...journal.steps],
    ignoredChatOrigin: settings.ignoredOrigin ?? null,
    browser: navigator.userAgent,
    page: location.origin,
  }
}
