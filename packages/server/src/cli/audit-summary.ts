/** One token that was made, as CHAT_AUDIT has it. */
export interface TokenFact {
  /** ms since the epoch */
  time: number
  kid: string
  eventId: string
  userId: string
  /** ms since the epoch */
  exp: number
  /** The visitor's address, cut to /24 or /48; null where it wasn't known. */
  network: string | null
}

/** Beyond this many visitors only tokens are counted: a file of any size is read in bounded memory. */
export const MOST_VISITORS = 200_000
/** Beyond this many keys or streams the file is no audit of ours. */
const MOST_NAMES = 1000
const MOST_NETWORKS = 16
/** Somebody at home, at work and on the way is in three networks. */
const MANY_NETWORKS = 6
/** A page asks once an hour. */
const BURST_A_MINUTE = 10
const MINUTE_MS = 60_000

interface Tally {
  tokens: number
  /** ms since the epoch */
  first: number
  last: number
}

export interface VisitorTally extends Tally {
  networks: Set<string>
  /** The most tokens in one minute of the clock. */
  peak: number
  /** The end of their last token, ms since the epoch. */
  aliveUntil: number
  minute: number
  inMinute: number
  kids: number[]
  events: number[]
}

export interface NamedTally extends Tally {
  visitors: number
  /** Its place among the names, by which visitors remember it. */
  index: number
}

/** What an audit comes to. */
export class AuditSummary {
  readonly visitors = new Map<string, VisitorTally>()
  readonly kids = new Map<string, NamedTally>()
  readonly events = new Map<string, NamedTally>()
  readonly total: Tally = { tokens: 0, first: Infinity, last: -Infinity }
  /** False: there were more visitors than are kept apart. */
  complete = true
  busiest: { minute: number; tokens: number } = { minute: 0, tokens: 0 }
  readonly #minutes = new Map<number, number>()

  add(entry: TokenFact): void {
    count(this.total, entry.time)
    const visitor = this.#addVisitor(entry)
    for (const [tallies, name, known] of [
      [this.kids, entry.kid, visitor?.kids],
      [this.events, entry.eventId, visitor?.events],
    ] as const) {
      let tally = tallies.get(name)
      if (!tally && tallies.size < MOST_NAMES) {
        tallies.set(
          name,
          (tally = { tokens: 0, first: Infinity, last: -Infinity, visitors: 0, index: tallies.size }),
        )
      }
      if (!tally) continue
      count(tally, entry.time)
      if (!known || known.includes(tally.index)) continue
      known.push(tally.index)
      tally.visitors += 1
    }
    this.#addMinute(Math.floor(entry.time / MINUTE_MS))
  }

  #addVisitor({ userId, time, exp, network }: TokenFact): VisitorTally | null {
    let visitor = this.visitors.get(userId)
    if (!visitor) {
      if (this.visitors.size >= MOST_VISITORS) {
        this.complete = false
        return null
      }
      const empty = {
        tokens: 0,
        first: Infinity,
        last: -Infinity,
        peak: 0,
        aliveUntil: 0,
        minute: 0,
        inMinute: 0,
      }
      this.visitors.set(userId, (visitor = { ...empty, networks: new Set(), kids: [], events: [] }))
    }
    count(visitor, time)
    visitor.aliveUntil = Math.max(visitor.aliveUntil, exp)
    if (network !== null && visitor.networks.size < MOST_NETWORKS) visitor.networks.add(network)
    const minute = Math.floor(time / MINUTE_MS)
    visitor.inMinute = visitor.minute === minute ? visitor.inMinute + 1 : 1
    visitor.minute = minute
    visitor.peak = Math.max(visitor.peak, visitor.inMinute)
    return visitor
  }

  /** Several servers write nearly in order: two hours are kept open. */
  #addMinute(minute: number): void {
    const tokens = (this.#minutes.get(minute) ?? 0) + 1
    this.#minutes.set(minute, tokens)
    if (tokens > this.busiest.tokens) this.busiest = { minute: minute * MINUTE_MS, tokens }
    if (this.#minutes.size > 120) this.#minutes.delete(Math.min(...this.#minutes.keys()))
  }

  /** Visitors from many networks, the most first. */
  travellers(): [string, VisitorTally][] {
    return [...this.visitors]
      .filter(([, { networks }]) => networks.size >= MANY_NETWORKS)
      .sort(([, a], [, b]) => b.networks.size - a.networks.size)
  }

  /** Visitors who asked again and again within a minute, the most first. */
  bursts(): [string, VisitorTally][] {
    return [...this.visitors]
      .filter(([, { peak }]) => peak >= BURST_A_MINUTE)
      .sort(([, a], [, b]) => b.peak - a.peak)
  }

  /** How many visitors may hold a token that lives. `now` in ms since the epoch. */
  alive(now: number): number {
    let alive = 0
    for (const { aliveUntil } of this.visitors.values()) if (aliveUntil > now) alive += 1
    return alive
  }
}

function count(tally: Tally, time: number): void {
  tally.tokens += 1
  tally.first = Math.min(tally.first, time)
  tally.last = Math.max(tally.last, time)
}
