/** What a rehearsal simulates. Times in ms, shares from 0 to 1. */
export interface Audience {
  /** Viewers who arrive. */
  viewers: number
  /** Time in which they arrive. */
  withinMs: number
  /** Share of viewers who reload the page shortly after they arrive. */
  reloads: number
  /** Share of viewers whose connection breaks during the first request. */
  badNetworks: number
  /** Lifetime of a token, for the refreshes of viewers who are already there. */
  tokenTtlMs: number
}

export type RequestKind = 'arrival' | 'reload' | 'refresh'

export interface PlannedRequest {
  /** ms after the start. */
  atMs: number
  kind: RequestKind
  /** Index of the viewer. */
  viewer: number
  /** ms after which the connection breaks and the viewer asks again; null for a good network. */
  breaksAfterMs: number | null
}

/** A viewer reloads this long after arriving, at the earliest and at the latest. */
const RELOAD_AFTER_MS = [3_000, 15_000] as const
const BREAKS_AFTER_MS = [50, 500] as const
/** The middle of the 60 to 90 % of a lifetime after which a token is refreshed. */
const REFRESH_POINT = 0.75

/**
 * The requests of an audience, in order of time. Arrivals begin at twice their mean rate and fall off evenly, as they do
 * after the announcement that a stream begins.
 * @param random a number from 0 up to 1, each time another
 */
export function planRequests(audience: Audience, random: () => number): PlannedRequest[] {
  const { viewers, withinMs, reloads, badNetworks, tokenTtlMs } = audience
  const between = ([from, to]: readonly [number, number]) => from + (to - from) * random()
  const requests: PlannedRequest[] = []
  for (let viewer = 0; viewer < viewers; viewer++) {
    const atMs = withinMs * (1 - Math.sqrt(1 - random()))
    const breaksAfterMs = random() < badNetworks ? between(BREAKS_AFTER_MS) : null
    requests.push({ atMs, kind: 'arrival', viewer, breaksAfterMs })
    if (random() < reloads)
      requests.push({ atMs: atMs + between(RELOAD_AFTER_MS), kind: 'reload', viewer, breaksAfterMs: null })
  }
  const refreshes = Math.round((viewers * withinMs) / (REFRESH_POINT * tokenTtlMs))
  for (let index = 0; index < refreshes; index++)
    requests.push({
      atMs: withinMs * random(),
      kind: 'refresh',
      viewer: Math.floor(viewers * random()),
      breaksAfterMs: null,
    })
  return requests.sort((one, other) => one.atMs - other.atMs)
}
