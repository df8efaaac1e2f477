import { isPlaceholder, withoutInvisible } from '../event-id.js'
import { tryOrUndefined } from '../platform.js'
import { readPasted, wellFormed } from '../text.js'

export const CHAT_ORIGIN = 'https://kinescope.io'

/** An http(s) address; undefined for anything else: an attribute can come from a CMS field. */
export function httpUrl(raw: unknown, base?: string): URL | undefined {
  const text = readPasted(raw)
  // a plain id is no address; what `new URL` throws costs a page more than all else that is read of its tag
  const url = text && (base ?? text.includes(':')) ? tryOrUndefined(() => new URL(text, base)) : undefined
  return url && /^https?:$/.test(url.protocol) ? url : undefined
}

/** The origins in a list that is separated by white space or commas; what is no http(s) address is left out. */
export const listedOrigins = (list: string | undefined): string[] =>
  (list ?? '').split(/[\s,]+/).flatMap((origin) => httpUrl(origin)?.origin ?? [])

/** What a link to a chat or to an embed page may know of a visitor: an id is shown, and this must not be. */
const SECRET = /[?&#](?:token|identity)=.*/s

/**
 * The stream's id in a pasted text: the id itself, `https://kinescope.io/chat/ID` or `https://kinescope.io/ID`,
 * with or without the scheme. An id is opaque: a UUID, a 22-character public id, a number. Nothing in it is taken to be
 * more than that. A placeholder that a template left is no id.
 */
export function readEventId(raw: unknown, origin: string): string {
  const id = idIn(raw, origin)
  return isPlaceholder(id) ? '' : id
}

function idIn(raw: unknown, origin: string): string {
  const text = withoutInvisible(readPasted(raw)).replace(SECRET, '')
  const origins = [origin, CHAT_ORIGIN]
  // browsers hide the scheme of what they show
  const bare = origins.some((known) => `https://${text}`.startsWith(`${known}/`))
  const link = httpUrl(bare ? `https://${text}` : text)
  if (!link || !origins.includes(link.origin)) return text
  const segments = link.pathname.split('/').filter(Boolean)
  if (segments[0] === 'chat') segments.shift()
  const id =
    segments.length === 1
      ? tryOrUndefined(() => withoutInvisible(readPasted(decodeURIComponent(segments[0]!))))
      : ''
  return id || text
}

/** The address of the chat, signed in where there is a token. */
export function chatUrl(origin: string, id: string, token?: string): string {
  // "." and ".." would survive encoding and walk up the path; no stream has such a name
  const segment = encodeURIComponent(wellFormed(id)).replace(/^\.+$/, '-')
  return `${origin}/chat/${segment}${token ? `?token=${encodeURIComponent(wellFormed(token))}` : ''}`
}
