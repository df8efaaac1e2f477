import type { Finding } from './finding.js'

export interface ServerQuestion {
  /** The token server's address, such as `https://chat.example.com`. */
  url: string
  /** The page's origin. */
  origin: string | undefined
  eventId: string | undefined
  /** Finds the addresses of a host name; replaced in tests. */
  resolve?: (hostname: string) => Promise<string[]>
}

export interface ServerFacts {
  findings: Finding[]
  /** A token the server gave without being told who asks: guests. */
  token: string | null
}
