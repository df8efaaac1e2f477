import { CHAT_ORIGIN, httpUrl } from './chat-url.js'

/** The origins of chat pages that a page lists, the default first; Kinescope's own where it lists none. */
export function listedOrigins(list: string | undefined): string[] {
  const origins = (list ?? '').split(/\s+/).flatMap((raw) => httpUrl(raw)?.origin ?? [])
  return origins.length ? origins : [CHAT_ORIGIN]
}

/** Whether the page is somebody's own machine, where nobody else writes. */
const onLoopback = (hostname: string) => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/**
 * The origin that an attribute asks for, or undefined where it doesn't count. The token goes there, and an attribute may be
 * an author's: it counts only where the page lists it, or on loopback.
 */
export function originOfAttribute(
  raw: string,
  listed: readonly string[],
  hostname: string,
): string | undefined {
  const origin = httpUrl(raw)?.origin
  return origin && (listed.includes(origin) || onLoopback(hostname)) ? origin : undefined
}
