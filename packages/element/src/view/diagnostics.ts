import type { TokenClaims, TokenHeader } from '../token/check-token.js'
import type { Problem } from '../problem.js'
import type { Status } from '../session/chat-state.js'
import type { Step } from '../session/journal.js'

/** What `diagnostics()` returns. It never holds a token's signature, so nobody can sign in with it. */
export interface Diagnostics {
  version: string
  eventId: string
  state: Status
  problem: Problem | null
  /** Of the token in hand, or of the one that was refused, where it could be read. */
  header: TokenHeader | Readonly<Record<string, unknown>> | null
  claims: TokenClaims | Readonly<Record<string, unknown>> | null
  /** Milliseconds until the token ends. */
  timeLeftMs: number | null
  /** The server's clock less the browser's, in milliseconds. It changes nothing but this note. */
  clockDifferenceMs: number | null
  /** What happened, in milliseconds since the script began. */
  steps: Step[]
  /** A `chat-origin` that an attribute named and that doesn't count. */
  ignoredChatOrigin: string | null
  browser: string
  page: string
}

/** As JSON for people; masked, it is fit to be sent to Kinescope's support: no names either. */
export const writeDiagnostics = (diagnostics: Diagnostics, masked = false): string =>
  JSON.stringify(
    diagnostics,
    (key, value: unknown) =>
      masked && /^user/.test(key) ? `${[...String(value)].slice(0, 2).join('')}…` : value,
    2,
  )
