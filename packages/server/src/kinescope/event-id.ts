/** The id in a pasted text: an id as it is, or the last part of a link to the stream, its chat or its player. */
export function readEventId(idOrLink: string): string {
  const text = idOrLink.trim()
  return /^https?:\/\//i.test(text) ? (publicIdOf(text) ?? text) : text
}

/** The last segment of a link's path. */
export function publicIdOf(link: string): string | null {
  if (!URL.canParse(link)) return null
  const last = new URL(link).pathname.split('/').filter(Boolean).at(-1)
  if (last === undefined) return null
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
