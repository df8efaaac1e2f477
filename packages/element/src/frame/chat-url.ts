export const CHAT_ORIGIN = 'https://kinescope.io'

/** The origin of the chat page, or Kinescope's own where what was given isn't an http(s) origin. */
export function readOrigin(raw: string | undefined): string {
  try {
    const { origin } = new URL(raw!)
    return /^https?:/.test(origin) ? origin : CHAT_ORIGIN
  } catch {
    return CHAT_ORIGIN
  }
}

/**
 * The stream's id out of what somebody pasted: the id itself, `https://kinescope.io/chat/ID` or `https://kinescope.io/ID`.
 * An id is opaque: a UUID, a 22-character public id, a number. Nothing in it is taken to be more than that.
 */
export function readEventId(raw: string | undefined, origin: string): string {
  const text = (raw ?? '').trim()
  if (!/^https?:\/\//i.test(text)) return text
  try {
    const url = new URL(text)
    const id = /^\/(?:chat\/)?([^/]+)\/?$/.exec(url.pathname)?.[1]
    return id && [origin, CHAT_ORIGIN].includes(url.origin) ? decodeURIComponent(id) : text
  } catch {
    return text
  }
}

/** The address of the chat, signed in where there is a token. */
export function chatUrl(origin: string, id: string, token?: string): string {
  // "." and ".." would survive encoding and walk up the path
  const segment = /^\.+$/.test(id) ? id.replaceAll('.', '%252E') : encodeURIComponent(id)
  return `${origin}/chat/${segment}${token ? `?token=${encodeURIComponent(token)}` : ''}`
}
