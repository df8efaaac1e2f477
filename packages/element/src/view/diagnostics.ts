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
  /** What happened, in milliseconds since the element began. */
  steps: Step[]
  browser: string
  page: string
}

/** The report for Kinescope's support: stream, masked token, problem, steps, browser. Names are masked too. */
export function writeReport({ header, claims, ...rest }: Diagnostics): string {
  const mask = (text: string | undefined) => text && `${[...text].slice(0, 2).join('')}…`
  const masked = claims && { ...claims, user_id: mask(claims.user_id), username: mask(claims.username) }
  return JSON.stringify({ ...rest, token: { header, claims: masked, signature: '…' } }, null, 2)
}
