import type { WireCode } from 'kinescope-chat/contract'
import type { ChatUser, IdentityCall } from '../identity/identity.js'
import type { RequestBody } from './token-request.js'

/** A request as the endpoint sees it, whatever server it came through. */
export interface TokenCall<R = unknown> extends IdentityCall<R> {
  readonly method: string
  /** The server's own origin as the browser sees it. */
  readonly ownOrigin: string | null
  readonly requestId: string
  /**
   * Called once, and only when everything before the body was fine.
   * @param until aborts when nobody waits for the body any more
   */
  readBody(until: Until): Promise<RequestBody>
  /** Hears when the visitor has left before the answer came. */
  whenGone?(listener: () => void): void
}

export interface TokenAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Limits how often something may be done. */
export interface RateLimit {
  /** Counts one use; answers 0, or the whole seconds to wait. */
  spend(key: string): Promise<number>
}

/** What is known of Kinescope's side. Everything is allowed as long as nothing is known. */
export interface RegistrationView {
  keyProblem(kid: string): 'key-not-registered' | 'key-expired' | null
  /** Milliseconds since the epoch after which the key is dead at Kinescope; null where unknown. */
  keyExpiresAt(kid: string): number | null
  eventState(eventId: string): 'missing' | 'jwt-not-enabled' | null
}

/** What became of a request, for logs and metrics. Holds no name, no id and no credential of the visitor. */
export type TokenOutcome = { requestId: string } & (
  | { kind: 'preflight' }
  | { kind: 'minted'; eventId: string; kid: string; signMs: number }
  | {
      kind: 'refused'
      code: WireCode
      status: number
      reason: string
      /** What an operator can do about it, in one line; null where there is nothing to do. */
      todo: string | null
      /** The page's origin as the browser named it, cut and cleaned; null where it named none. */
      origin: string | null
      /** The visitor's address, cut and cleaned; null where it isn't known. */
      address: string | null
      cause?: unknown
    }
)

/** A token that was made and is on its way to the visitor: what an audit needs to answer who held one. */
export interface IssuedToken {
  /** Milliseconds since the epoch. */
  time: number
  requestId: string
  kid: string
  /** As in the token's claims. */
  eventId: string
  /** As in the token's claims: a pseudonym where one is configured. */
  userId: string
  /** Seconds since the epoch. */
  exp: number
  address: string | null
}

/** What a host's `authenticate` and `authorize` may stop by. */
export interface Until {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface AuthorizeQuestion<R> extends Until {
  user: ChatUser
  /** The id the page asked for. */
  eventId: string
  request: R
}

/**
 * On every answer, refusals and preflights too: a token must never meet a cache (RFC 6749, section 5.1). More is put into
 * the object it gives: to spread one into another makes V8 invent a shape for each answer, a fifteenth of a token's time.
 */
export function alwaysHeaders(requestId: string): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    Vary: 'Origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'X-Request-ID': requestId,
  }
}
