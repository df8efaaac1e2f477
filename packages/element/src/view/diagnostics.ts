import type { TokenClaims, TokenHeader } from '../token/check-token.js'
import type { Problem } from '../problem.js'
import type { Status } from '../session/chat-state.js'
import type { Step } from '../session/chat-session.js'

/** What `diagnostics()` returns. It never holds a token's signature, so nobody can sign in with it. */
export interface Diagnostics {
  version: string
  eventId: string
  state: Status
  problem: Problem | null
  header: TokenHeader | null
  claims: TokenClaims | null
  /** Milliseconds until the token ends. */
  timeLeftMs: number | null
  /** The server's clock less the browser's, in milliseconds. It changes nothing but this note. */
  clockDifferenceMs: number | null
  /** What happened, in milliseconds since the script began. */
  steps: Step[]
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
