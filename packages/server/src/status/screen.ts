import { histogramQuantile, total, totalsBy, type Sample } from './read-metrics.js'

/** One look at one replica. */
export interface ReplicaLook {
  /** Its admin address. */
  url: string
  /** Monotonic ms. */
  at: number
  /** null where it didn't answer. */
  samples: readonly Sample[] | null
}

export interface Status {
  replicas: { answering: number; all: number; silent: string[] }
  /** Per second, over the time between two looks; null at the first, and where no replica answers. */
  tokensPerSecond: number | null
  queued: number
  inFlight: number
  connections: number
  /** Rejections between two looks by code, the most frequent first. */
  rejections: [code: string, count: number][]
  /** Problems that visitors saw between two looks, as `code · engine`. */
  visitorProblems: [what: string, count: number][]
  /** Seconds that 95 % of visitors wait for the chat, since the start; null without reports. */
  readyP95: number | null
  /** Seconds that 95 % of token requests take, since the start. */
  tokenP95: number | null
  identityP95: number | null
  keys: { kid: string; endsAtMs: number | null }[]
  /** Addresses of the replicas that answer and have no usable key. */
  withoutKey: string[]
  /** Replicas that can't read their key ring. */
  stale: number
}

const NAME = 'kinescope_chat_'

/** What two looks at the replicas say together. @param before the look before, in the same order; empty at the first */
export function readStatus(before: readonly ReplicaLook[], now: readonly ReplicaLook[]): Status {
  const answering = now.filter(({ samples }) => samples !== null)
  const samples = answering.flatMap(({ samples: own }) => own ?? [])
  const grown = (name: string, label: string) => growth(before, now, name, label)
  const seconds = elapsedSeconds(before, now)
  const tokens = sum([...grown(`${NAME}tokens_total`, 'event').values()])
  const problems = new Map<string, number>()
  for (const engine of totalsBy(samples, `${NAME}page_problems_total`, 'engine').keys())
    for (const [code, count] of growth(before, now, `${NAME}page_problems_total`, 'code', { engine }))
      problems.set(`${code} · ${engine}`, count)
  const kids = new Set([
    ...totalsBy(samples, `${NAME}signing_key_usable`, 'kid').keys(),
    ...totalsBy(samples, `${NAME}key_expires_timestamp_seconds`, 'kid').keys(),
  ])
  return {
    replicas: {
      answering: answering.length,
      all: now.length,
      silent: now.filter((look) => look.samples === null).map(({ url }) => url),
    },
    tokensPerSecond: seconds === null || answering.length === 0 ? null : tokens / seconds,
    queued: total(samples, `${NAME}requests_queued`),
    inFlight: total(samples, `${NAME}requests_in_flight`),
    connections: total(samples, `${NAME}connections`),
    rejections: mostFirst(grown(`${NAME}refusals_total`, 'code')),
    visitorProblems: mostFirst(problems),
    readyP95: histogramQuantile(samples, `${NAME}page_ready_seconds`, 0.95),
    tokenP95: histogramQuantile(
      samples.filter(({ labels }) => labels['route'] === '/token'),
      `${NAME}http_request_duration_seconds`,
      0.95,
    ),
    identityP95: histogramQuantile(samples, `${NAME}identity_duration_seconds`, 0.95),
    keys: [...kids].filter(Boolean).map((kid) => ({ kid, endsAtMs: endOf(samples, kid) })),
    withoutKey: answering
      .filter((look) => total(look.samples ?? [], `${NAME}signing_key_usable`) === 0)
      .map(({ url }) => url),
    stale: total(samples, `${NAME}key_ring_stale`),
  }
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

const mostFirst = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].filter(([, count]) => count > 0).sort(([, one], [, other]) => other - one)

/** The earliest end that a replica knows, in ms since the epoch. */
function endOf(samples: readonly Sample[], kid: string): number | null {
  const ends = samples
    .filter(({ name, labels }) => name === `${NAME}key_expires_timestamp_seconds` && labels['kid'] === kid)
    .map(({ value }) => value * 1000)
  return ends.length > 0 ? Math.min(...ends) : null
}

function elapsedSeconds(before: readonly ReplicaLook[], now: readonly ReplicaLook[]): number | null {
  const first = before[0]?.at
  const last = now[0]?.at
  return first === undefined || last === undefined || last <= first ? null : (last - first) / 1000
}

/** How much a counter grew between two looks, by a label. A replica that started anew counts from 0. */
function growth(
  before: readonly ReplicaLook[],
  now: readonly ReplicaLook[],
  name: string,
  label: string,
  wanted: Readonly<Record<string, string>> = {},
): Map<string, number> {
  const grown = new Map<string, number>()
  const of = (samples: readonly Sample[]) =>
    totalsBy(
      samples.filter(({ labels }) => Object.entries(wanted).every(([key, value]) => labels[key] === value)),
      name,
      label,
    )
  for (const [index, { samples }] of now.entries()) {
    const old = before[index]?.samples
    if (!samples || !old) continue
    const then = of(old)
    for (const [value, count] of of(samples)) {
      const more = count >= (then.get(value) ?? 0) ? count - (then.get(value) ?? 0) : count
      grown.set(value, (grown.get(value) ?? 0) + more)
    }
  }
  return grown
}
