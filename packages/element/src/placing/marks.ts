import { tryOrUndefined } from '../platform.js'
import { CHAT_ORIGIN, httpUrl } from '../frame/chat-url.js'
import { PLACED_ATTRIBUTES } from '../settings.js'

export const TAG = 'kinescope-chat'

/** What CMS editors let through of a chat: a plain link with its fragment, or a div. */
export const LINKS = `a[href*="/chat/"][href*="#${TAG}"]`
export const MARKS = `${LINKS},div[data-${TAG}]`

/** The attributes whose change changes a mark. */
export const MARK_ATTRIBUTES = ['href', `data-${TAG}`, ...PLACED_ATTRIBUTES.map((name) => `data-${name}`)]

/** The attributes of the chat that a mark asks for, undefined for those it doesn't have. */
export type Wish = Record<string, string | undefined>

export const isLink = (mark: Element): boolean => mark.localName === 'a'

/** What a mark asks for; null where it asks for nothing, or for somebody else's page. */
export function readMark(mark: Element, listed: readonly string[]): Wish | null {
  return isLink(mark) ? readLink(mark, listed) : readDiv(mark)
}

function readDiv(div: Element): Wish | null {
  const eventId = div.getAttribute(`data-${TAG}`)?.trim()
  if (!eventId) return null
  const wish: Wish = { 'event-id': eventId }
  for (const name of PLACED_ATTRIBUTES) wish[name] = div.getAttribute(`data-${name}`) ?? undefined
  return wish
}

/** `https://kinescope.io/chat/EVENT#kinescope-chat`, with a slash or a query before the fragment, or a listed origin. */
function readLink(link: Element, listed: readonly string[]): Wish | null {
  const url = link instanceof SVGElement ? undefined : httpUrl(link.getAttribute('href') ?? '')
  const segment = url && /^\/chat\/([^/]+)\/?$/.exec(url.pathname)?.[1]
  if (!segment || url.username || url.hash !== `#${TAG}` || ![CHAT_ORIGIN, ...listed].includes(url.origin))
    return null
  const eventId = tryOrUndefined(() => decodeURIComponent(segment))
  if (!eventId) return null
  const other = ![CHAT_ORIGIN, listed[0]].includes(url.origin)
  const slot = link.getAttribute('slot') ?? undefined
  return { 'event-id': eventId, 'chat-origin': other ? url.origin : undefined, slot }
}
