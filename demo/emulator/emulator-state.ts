import type { JsonWebKey } from 'node:crypto'
import type { StreamEvent } from './seed-events.js'
import type { Variants } from './variants.js'

/** A public key registered through `POST /v1/jwk`. */
export interface RegisteredKey {
  id: string
  kid: string
  createdAt: string
  expiresAt: string
  /** `RS256`: nothing else can be registered, but a test may plant it. */
  alg: string
  publicJwk: JsonWebKey & { kty: 'RSA'; n: string; e: string }
}

/** One request as tests and the control page may see it: never a query, a body or a credential. */
export interface RecordedRequest {
  at: number
  method: string
  path: string
  status: number
  requestId: string
  /** The `Referer` header, whose query is cut off. */
  referer: string | null
}

/** What the emulated workspace holds. One object, changed only by the handlers and by tests. */
export interface EmulatorState {
  variants: Variants
  apiTokens: Set<string>
  keys: RegisteredKey[]
  events: StreamEvent[]
  requests: RecordedRequest[]
  /** Milliseconds by which this service's clock is ahead of the machine's: `Date`, `exp` and `nbf` all follow it. */
  clockOffsetMs: number
}

/** The key that a registration with `kid` would be checked against: the newest one. */
export const keyByKid = (state: EmulatorState, kid: string) => state.keys.findLast((key) => key.kid === kid)

/** Finds a stream by any of its ids. */
export const eventByAnyId = (state: EmulatorState, id: string) =>
  state.events.find((event) => event.id === id.toLowerCase() || event.publicId === id)

/** The switches in force in a stream's chat. */
export const variantsOf = (state: EmulatorState, event: StreamEvent | undefined): Variants => ({
  ...state.variants,
  ...event?.chatVariants,
})
