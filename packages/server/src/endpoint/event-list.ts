/**
 * A stream that tokens may be made for. Kinescope has up to three ids for one stream and doesn't say which of them the
 * claim needs (a UUID, a 22-character public id, a number), so the claim's and the chat URL's may be named apart.
 */
export interface AllowedEvent {
  /** The id the page asks for. */
  id: string
  /** The id in the token's `event_id` claim; the page's where left out. */
  claimId?: string
  /** The id in the chat's URL; the page's where left out. */
  chatId?: string
}

/** The streams tokens may be made for, or `*` for any. */
export type AllowedEvents = '*' | readonly (string | AllowedEvent)[]

/** Finds what a page may ask for; null where the stream isn't listed. */
export function eventLookup(events: AllowedEvents): (id: string) => AllowedEvent | null {
  // with no list to compare with, only what can be an id goes into a claim
  if (events === '*') return (id) => (/^[\w-]+$/.test(id) ? { id } : null)
  const byId = new Map(
    events.map((event) => (typeof event === 'string' ? { id: event } : event)).map((e) => [e.id, e]),
  )
  return (id) => byId.get(id) ?? null
}
