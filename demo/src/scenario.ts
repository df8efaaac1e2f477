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
  /** The problem's code; null: none. */
  problem?: ElementCode | null
  /** Names of `kinescope-chat-…` events that were seen in this order, without the prefix; others may lie between. */
  events?: readonly string[]
  /** Names of events that must not have been seen. */
  noEvents?: readonly string[]
  /** How many times the token endpoint was asked, at least and at most. */
  tokenRequests?: readonly [number, number]
  /** How many frames are on the page. */
  frames?: number
  /** How many frames there ever were: one more for each swap. */
  framesSeen?: number
  /** The name in the newest token: `#` is any digit, and `session` is the name on the site. */
  name?: string | { of: 'session' }
  /** What stands in the first frame; a page of another site can't look in there, a test and a person can. */
  inFrame?: { verified: true } | { refused: string }
}

/** One answer of the scripted endpoint. */
export type Answer = { delayMs?: number } & (
  | {
      kind: 'token'
      /** Seconds. */
      ttl?: number
      refreshIn?: number
      /** 401 for a stranger and 403 for a banned visitor, as the site knows them. */
      asksSite?: true
      /** Changed or, as undefined, removed claims. */
      claims?: Record<string, unknown>
      /** Claims in seconds from now. */
      relativeClaims?: Record<string, number>
      header?: Record<string, unknown>
      /** `stranger`: a key with the registered key's id that isn't it. */
      signer?: 'stranger'
      /** In place of a token. */
      raw?: string
    }
  | { kind: 'problem'; status: number; code: WireCode; retryAfter?: string }
  | { kind: 'html'; status: number }
  | { kind: 'hang' }
  | { kind: 'drop' }
)

/** Token servers in trouble, reached over the site's own proxy. */
export const OTHER_SERVERS = [
  'other-origin',
  'low-limit',
  'unregistered-key',
  'expired-key',
  'unknown-stream',
] as const
export type OtherServer = (typeof OTHER_SERVERS)[number]

/** A stream that one server's list has and Kinescope doesn't. */
export const UNKNOWN_STREAM = 'aStreamNobodyEverMade0'

export interface Setup {
  /** The stream, by what it is there to show; `unlisted`: one the server's list doesn't have; `none`: no `event-id`. */
  event?: keyof typeof SEED | 'unlisted' | 'unknown' | 'oversized' | 'none'
  /** Who is looking; a signed-in visitor in good standing by default. */
  visitor?: 'signed-in' | 'stranger' | 'banned' | 'unknowable'
  /** The token endpoint: our server by default. */
  endpoint?: readonly Answer[]
  /** Another of our servers. */
  server?: OtherServer
  /** A token server with other identity sources, and what the visitor brings. */
  identity?: IdentitySetup
  /** How the element got onto the page: `npm` leaves it without a default `token-url`. */
  script?: 'npm'
  attributes?: Readonly<Record<string, string>>
  /** How many chats; 1 by default. */
  chats?: number
  /** The page pretends from the start that there is no network. */
  offline?: true
  /** The chat stands far below the fold. */
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
  /** The page pretends: `navigator.onLine`, `document.hidden` and `fetch` say so, and the browser's events are sent. */
  | { do: 'go-offline' | 'come-online' | 'hide-page' | 'show-page' }
  /** The tester types into the frame without sending, or clicks on the page outside, within so many seconds. */
  | { do: 'visitor-types' | 'visitor-leaves'; seconds: number }

export interface Scenario {
  id: string
  title: Text
  /** What it shows and how it is caused. */
  about: Text
  setup: Setup
  steps: readonly Step[]
  expect: Expectation
  /** Seconds that all of it may take. */
  within: number
}
