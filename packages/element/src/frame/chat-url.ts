import { attempt } from '../attempt.js'

export const CHAT_ORIGIN = 'https://kinescope.io'

/** An http(s) address; undefined for anything else: an attribute can come from a CMS field. */
export const httpUrl = (raw: string | undefined, base?: string): URL | undefined =>
  attempt(() => {
    const url = new URL(raw!, base)
    return raw && /^https?:/.test(url.href) ? url : undefined
  })

/** The origin of the chat page, or Kinescope's own where what was given isn't an http(s) origin. */
export const readOrigin = (raw: string | undefined): string => httpUrl(raw)?.origin ?? CHAT_ORIGIN

/**
 * The stream's id out of what somebody pasted: the id itself, `https://kinescope.io/chat/ID` or `https://kinescope.io/ID`.
 * An id is opaque: a UUID, a 22-character public id, a number. Nothing in it is taken to be more than that.
 */
export function readEventId(raw: string | undefined, origin: string): string {
  const text = (raw ?? '').trim()
  const { origin: from, pathname } = httpUrl(text) ?? {}
  const id = [origin, CHAT_ORIGIN].includes(from!) && /^\/(?:chat\/)?([^/]+)\/?$/.exec(pathname!)?.[1]
  return (id && attempt(() => decodeURIComponent(id))) || text
}

/** The address of the chat, signed in where there is a token. */
export function chatUrl(origin: string, id: string, token?: string): string {
  // "." and ".." would survive encoding and walk up the path; no stream has such a name
  const segment = encodeURIComponent(id).replace(/^\.+$/, '-')
  return `${origin}/chat/${segment}${token ? `?token=${encodeURIComponent(token)}` : ''}`
}
