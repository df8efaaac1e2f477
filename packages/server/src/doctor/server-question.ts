import type { Finding } from './finding.js'
import type { SourceKind } from '../identity/source-kinds.js'
import type { Visitor } from './visitor.js'

export interface ServerQuestion {
  /** The token server's address, such as `https://chat.example.com`; null where only the token endpoint is known. */
  url: string | null
  /** The token endpoint itself. */
  tokenUrl: string
  /** The page's origin. */
  origin: string | undefined
  /** The id to request a token with. */
  eventId: string | undefined
  /** All ids of the stream, the given one first. */
  eventIds: readonly string[]
  /** A visitor who is signed in at the site, to send requests as. */
  visitor: Visitor | null
  /** Whether the site itself knows them; null where it wasn't asked. */
  visitorKnown: boolean | null
  /** How the server learns who asks, where its settings are known here. */
  identity: SourceKind | null
  /** ms by which this machine's clock is ahead of Kinescope's; null where unknown. */
  aheadMs: number | null
  signal: AbortSignal
  /** Finds the addresses of a host name; replaced in tests. */
  resolve?: (hostname: string) => Promise<string[]>
}

export interface ServerFacts {
  findings: Finding[]
  /** A token the server gave, to the visitor at hand or to anybody. */
  token: string | null
  /** The ids of the stream that the server accepts; empty where unknown. */
  acceptedIds: readonly string[]
}
