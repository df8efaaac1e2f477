/**
 * What the element and a token endpoint say to each other, and the names of everything that can go wrong.
 * Imports nothing, so that any server can use it: `import type { TokenReply } from 'kinescope-chat/contract'`.
 */

/** The body of `POST token-url`. */
export interface TokenRequest {
  event_id: string
  /** The identity token, where the request carries no `Authorization` header. */
  identity?: string
}

/** The body of `POST guest`, beside the token endpoint, after `name-required`. */
export interface GuestRequest {
  name: string
  /** The response of a captcha, where the site uses one. */
  captcha?: string
}

/** Why a guest can't have a name: the form asks for another one. */
export type GuestNameProblem = 'empty' | 'too-long' | 'characters' | 'scripts' | 'reserved' | 'taken'

/** A successful reply of `POST guest`. */
export interface GuestReply {
  /** The name as the chat shows it, with the guest mark. */
  name: string
  /** An identity token for the session, for browsers that block or drop the cookie. */
  identity: string
}

/** A successful reply of the token endpoint. Durations are whole seconds, relative to the moment of the reply. */
export interface TokenReply {
  /** The RS256 JWT for the chat page. */
  token: string
  /** Seconds the token lives from now. Without it the element takes `exp - iat`. */
  expires_in?: number
  /** Seconds until the element should ask again; the server spreads it over its viewers. */
  refresh_in?: number
  /** The id for the chat's URL, where it differs from the one asked for. */
  chat_id?: string
  /** The id in the token's `event_id` claim, where it differs from the one asked for. */
  event_id?: string
  /** The share of visits that send reports, 0 to 1; without it every visit does. */
  report_rate?: number
  /** Something the developer should know although the chat works, such as `jwt-not-enabled`. */
  warning?: Code
}

/** A refusal of the token endpoint: `application/problem+json` (RFC 9457). */
export interface ProblemReply {
  type: string
  title: string
  status: number
  detail: string
  code: WireCode
  request_id: string
  /** With `bad-request` of `POST guest`. */
  name_problem?: GuestNameProblem
}

/** The HTTP statuses that a code of the wire comes with: at any other it is not the endpoint's word. */
export const WIRE_STATUSES = {
  'sign-in-required': [401],
  'name-required': [401],
  'access-denied': [403],
  'event-not-allowed': [403],
  'origin-not-allowed': [403],
  'bad-request': [400, 405, 408, 413, 415, 431],
  'identity-expired': [401],
  'rate-limited': [429],
  'identity-unavailable': [503],
  overloaded: [503],
  'server-error': [500],
  'key-unavailable': [503],
  'key-not-registered': [503],
  'key-expired': [503],
  'event-not-found': [404],
} as const satisfies Record<string, readonly number[]>
export type WireCode = keyof typeof WIRE_STATUSES

/** Codes that travel from the server to the element. */
export const WIRE_CODES = Object.keys(WIRE_STATUSES) as WireCode[]

/** What the token checks find: in the element, in `token verify` and in the doctor. */
export const TOKEN_CODES = [
  'token-malformed',
  'claim-missing',
  'bad-algorithm',
  'bad-audience',
  'wrong-event',
  'token-expired',
  'token-not-yet-valid',
] as const
export type TokenCode = (typeof TOKEN_CODES)[number]

/** Codes that only the element can find out. */
export const PAGE_CODES = [
  'offline',
  'endpoint-unreachable',
  'endpoint-timeout',
  'endpoint-not-found',
  'endpoint-error',
  'endpoint-bad-reply',
  'frame-blocked',
  'frame-timeout',
  'event-id-missing',
  'token-url-missing',
] as const
export type PageCode = (typeof PAGE_CODES)[number]

/** Codes that need Kinescope's keys or API to find out: the command line and the emulator. */
export const OPERATOR_CODES = ['bad-signature', 'jwt-not-enabled'] as const
export type OperatorCode = (typeof OPERATOR_CODES)[number]

/** Codes that the element can meet. */
export type ElementCode = WireCode | TokenCode | PageCode
/** Every code there is. */
export type Code = ElementCode | OperatorCode

/** The browser engines that a report can name. */
export const ENGINES = ['chromium', 'firefox', 'webkit', 'other'] as const
export type Engine = (typeof ENGINES)[number]

/** The body of `POST report`, as `text/plain` or JSON. It has nothing that tells one visitor from another. */
export interface PageReport {
  /** `ready`, or the code of a problem that a visitor saw. */
  code: 'ready' | ElementCode
  /** Milliseconds from the element's start until then. */
  ms: number
  engine: Engine
  /** Major version of the engine. */
  engine_version: number
  /** Origin of the page. */
  origin: string
  /** Version of the element. */
  version: string
}
