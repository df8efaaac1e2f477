import { isPlaceholder, withoutInvisible } from '../event-id.js'
import { tryOrUndefined } from '../platform.js'
import { readPasted } from '../text.js'

export const CHAT_ORIGIN = 'https://kinescope.io'

/** Returns an http(s) URL, or undefined for anything else: an attribute can come from a CMS field. */
export function httpUrl(raw: unknown, base?: string): URL | undefined {
  const text = readPasted(raw)
  // a plain id isn't a URL, and an exception of `new URL` takes longer than reading the rest of the tag
  const url = text && (base ?? text.includes(':')) ? tryOrUndefined(() => new URL(text, base)) : undefined
  return url && /^https?:$/.test(url.protocol) ? url : undefined
}

/** The origins in a list separated by white space or commas. Skips entries that aren't http(s) addresses. */
export const listedOrigins = (list: string | undefined): string[] =>
  (list ?? '').split(/[\s,]+/).flatMap((origin) => httpUrl(origin)?.origin ?? [])

/**
 * The secrets that a link to a chat or an embed page may contain. They are removed, because the element shows the id.
 */
const SECRET = /[?&#](?:token|identity)=.*/s

/** The path of a chat or of an embed page. The negative lookahead keeps it linear. */
const PATH = /^\/+(?:chat(?:\/+|$))?(?!\/)([^/]*)\/*$/

/**
 * Reads the stream's id from pasted text: the id itself, `https://kinescope.io/chat/ID` or `https://kinescope.io/ID`,
 * with or without the scheme. An id is opaque: a UUID, a 22-character public id, a number. A template's placeholder
 * isn't an id.
 */
export function readEventId(raw: unknown, origin: string): string {
  const id = idIn(raw, origin)
  return isPlaceholder(id) ? '' : id
}

function idIn(raw: unknown, origin: string): string {
  const text = readPasted(withoutInvisible(readPasted(raw)).replace(SECRET, ''))
  // browsers show addresses without the scheme
  const link = httpUrl(text.includes('://') ? text : `https://${text}`)
  // an old link may have http:
  const isOurs = [origin, CHAT_ORIGIN].some((known) => known.endsWith(`//${link?.host}`))
  const path = isOurs && PATH.exec(link!.pathname)
  return (path && tryOrUndefined(() => withoutInvisible(readPasted(decodeURIComponent(path[1]!))))) || text
}

/** The address of the chat, with the token if there is one. A token that passed the checks needs no encoding. */
export function chatUrl(origin: string, id: string, token?: string): string {
  return `${origin}/chat/${encodeURIComponent(id)}${token ? `?token=${token}` : ''}`
}
