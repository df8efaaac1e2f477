import type { ElementCode, WireCode } from 'kinescope-chat/contract'
import type { SEED } from '../emulator/seed-events.js'
import type { IdentitySetup } from './identity-setup.js'

/** A text in both languages of the page. */
export interface Text {
  en: string
  ru: string
}

export type ChatState = 'idle' | 'preview' | 'loading' | 'ready' | 'refreshing' | 'error'

/** What must be seen. Unset members may be anything. */
export interface Expectation {
  state?: ChatState
  /** The problem's code. Null: no problem. */
  problem?: ElementCode | null
  /** Names of expected `kinescope-chat-…` events in order, without the prefix. Other events may occur between them. */
  events?: readonly string[]
  /** Names of events that must not occur. */
  noEvents?: readonly string[]
  /** The minimum and the maximum number of token requests. */
  tokenRequests?: readonly [number, number]
  /** How many frames are on the page. */
  frames?: number
  /** How many frames were ever on the page. Each swap adds one. */
  framesSeen?: number
  /** The name in the newest token: `#` is any digit, and `session` is the name on the site. */
  name?: string | { of: 'session' }
  /** The content of the first frame. A page of another site can't read it, but a test and a person can. */
  inFrame?: { verified: true } | { refused: string }
}

/** One response of the scripted endpoint. */
export type Answer = { delayMs?: number } & (
  | {
      kind: 'token'
      /** Seconds. */
      ttl?: number
      refreshIn?: number
      /** The response is 401 for a signed-out visitor and 403 for a banned one, by the site's session. */
      asksSite?: true
      /** Changed claims. An undefined value removes the claim. */
      claims?: Record<string, unknown>
      /** Claims in seconds from now. */
      relativeClaims?: Record<string, number>
      header?: Record<string, unknown>
      /** `other-key`: another key with the id of the registered key. */
      signer?: 'other-key'
      /** In place of a token. */
      raw?: string
    }
  | { kind: 'problem'; status: number; code: WireCode; retryAfter?: string }
  | { kind: 'html'; status: number }
  | { kind: 'hang' }
  | { kind: 'drop' }
)

/** Token servers with a problem. The page reaches them over the site's own proxy. */
export const OTHER_SERVERS = [
  'other-origin',
  'low-limit',
  'unregistered-key',
  'expired-key',
  'unknown-stream',
] as const
export type OtherServer = (typeof OTHER_SERVERS)[number]

/** A stream that is on one server's list but doesn't exist at Kinescope. */
export const UNKNOWN_STREAM = 'aStreamNobodyEverMade0'

export interface Setup {
  /** The stream, by its purpose. `unlisted`: a stream that isn't on the server's list. `none`: no `event-id`. */
  event?: keyof typeof SEED | 'unlisted' | 'unknown' | 'oversized' | 'none'
  /** The visitor. The default is a signed-in visitor who isn't banned. */
  visitor?: 'signed-in' | 'signed-out' | 'banned' | 'unknowable'
  /** The scripted token endpoint. The default is our server. */
  endpoint?: readonly Answer[]
  /** Another of our servers. */
  server?: OtherServer
  /** A token server with other identity sources, and the visitor's credential. */
  identity?: IdentitySetup
  /** How the page loads the element. With `npm`, the element has no default `token-url`. */
  script?: 'npm'
  attributes?: Readonly<Record<string, string>>
  /** How many chats; 1 by default. */
  chats?: number
  /** The page simulates a lost network from the start. */
  offline?: true
  /** The chat is far below the fold. */
  below?: true
  /** A Content-Security-Policy for this page. */
  policy?: string
}

/** What happens after the element is on the page. */
export type Step =
  | { do: 'wait-for'; state: ChatState }
  | { do: 'wait'; seconds: number }
  | { do: 'check'; expect: Expectation }
  /** The visitor types a name into the form for guests and submits it. */
  | { do: 'enter-name'; name: string; refused?: boolean }
  | { do: 'sign-out' | 'ban' | 'reload' | 'rotate-keys' | 'scroll-to-chat' }
  /** The page simulates the change: `navigator.onLine`, `document.hidden`, `fetch` and the browser's events. */
  | { do: 'go-offline' | 'come-online' | 'hide-page' | 'show-page' }
  /** The tester types into the frame without sending, or clicks outside of it, within this many seconds. */
  | { do: 'visitor-types' | 'visitor-leaves'; seconds: number }

export interface Scenario {
  id: string
  title: Text
  /** Describes the result and its cause. */
  about: Text
  setup: Setup
  steps: readonly Step[]
  expect: Expectation
  /** The time limit in seconds, without the tester's part. */
  within: number
}
