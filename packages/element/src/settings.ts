import { CHAT_ORIGIN, httpUrl, listedOrigins, readEventId } from './frame/chat-url.js'
import { textOf, wordOf } from './properties.js'
import type { FetchToken, TokenQuestion } from './token/token-client.js'

/** What the standalone script's own tag sets for every chat on the page. */
export interface PageDefaults {
  tokenUrl?: string | undefined
  identity?: string | undefined
  language?: string | undefined
  /** The address of the docs, for links to the codes' pages. */
  docs?: string | undefined
  /** The chat origins that an attribute may name, separated by spaces; the first is the default. */
  chatOrigin?: string | undefined
}

/** An element's properties, as a page has set them: of whatever type. */
export interface Wishes {
  eventId?: unknown
  tokenUrl?: unknown
  credentials?: unknown
  identity?: unknown
  token?: unknown
  fetchToken?: unknown
  refresh?: unknown
  chatOrigin?: unknown
}

export interface SessionSettings extends TokenQuestion {
  chatOrigin: string
  /** A chat origin that an attribute named and that doesn't count. */
  ignoredOrigin: string | undefined
  /** A first token, rendered into the page. */
  token: string | undefined
  /** Keep a new token ready instead of showing it. */
  hold: boolean
}

export interface Page {
  /** What addresses are resolved against. */
  baseUrl: string
  /** The page's own host, without a port. */
  hostname: string
}

const CREDENTIALS: readonly RequestCredentials[] = ['include', 'same-origin', 'omit']
/** What may stand in a header; with anything else in it, the browser would send no request at all. */
const tokenOf = (value: unknown) => /^[\x21-\x7e]+$/.exec(textOf(value) ?? '')?.[0]
const isLoopback = (hostname: string) => /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

/**
 * Makes of what a page and its tags wish what a session goes by, and decides whom to trust: the page's statement of who
 * the visitor is goes to the page's own token server only, and the token to no chat origin that only an attribute names.
 * @param byCode whether code has set the chat origin, which may set it to any
 */
export function readSettings(
  wishes: Wishes,
  defaults: PageDefaults,
  page: Page,
  byCode: boolean,
): SessionSettings {
  const against = (address: unknown) => httpUrl(address, page.baseUrl)
  const listed = listedOrigins(defaults.chatOrigin)
  const wished = httpUrl(wishes.chatOrigin)?.origin
  const open = listed.length > 0 ? listed : [CHAT_ORIGIN]
  const counts = wished !== undefined && (byCode || open.includes(wished) || isLoopback(page.hostname))
  const chatOrigin = (counts ? wished : open[0]) ?? CHAT_ORIGIN
  const tokenUrl = against(textOf(wishes.tokenUrl) ?? defaults.tokenUrl)
  const trusted = tokenUrl?.origin === against(defaults.tokenUrl)?.origin
  return {
    eventId: readEventId(wishes.eventId, chatOrigin),
    tokenUrl: tokenUrl?.href,
    credentials: CREDENTIALS.find((known) => known === wordOf(wishes.credentials)) ?? 'include',
    identity: tokenOf(wishes.identity) ?? (trusted ? tokenOf(defaults.identity) : undefined),
    token: tokenOf(wishes.token),
    fetchToken: typeof wishes.fetchToken === 'function' ? (wishes.fetchToken as FetchToken) : undefined,
    chatOrigin,
    ignoredOrigin: wished !== undefined && !counts ? wished : undefined,
    hold: wordOf(wishes.refresh) === 'hold',
  }
}
