import type { RequestKind } from './plan.js'

/** The result of one simulated request. Times in ms. */
export interface RequestResult {
  kind: RequestKind
  /** When it was sent, in ms after the start of the rehearsal. */
  atMs: number
  /** From sending it to the end of its last attempt. */
  tookMs: number
  /** `ok`, a code of the wire, `timeout`, `connection`, or `unexpected`. */
  outcome: string
  /** Whether the token expires before its configured lifetime, with its key. */
  shortLived: boolean
  /** Attempts that the server rejected before the last one, by code. */
  rejected: readonly string[]
  /** `Server-Timing` of the last response: ms by step. */
  steps: Readonly<Record<string, number>>
}

export interface Bottleneck {
  id: 'connections' | 'rate-limit' | 'identity' | 'redis' | 'cpu' | 'keys' | 'server' | 'this-machine'
  /** The resource that is too small or too slow. */
  message: string
  /** The remedy. */
  remediation: string
  /** When it occurred first, in ms after the start. */
  firstMs: number
  /** The share of affected requests, 0 to 1. */
  share: number
}

export interface Verdict {
  holds: boolean
  /** The first bottleneck; null if the server holds. */
  bottleneck: Bottleneck | null
  requests: number
  succeeded: number
  /** Tokens in the busiest second. */
  peakPerSecond: number
  /** Tokens a second in the busiest five seconds: the server's rate if more viewers arrive. */
  sustainedPerSecond: number
  /** Quantiles of the time to a token, in ms. */
  p50: number
  p95: number
  p99: number
  outcomes: Readonly<Record<string, number>>
  /** The 95 % quantile of each step on the server, in ms. */
  steps: Readonly<Record<string, number>>
}

/**
 * A bottleneck counts from this share of requests on, and with more than two of them: a single pause of a machine
 * doesn't count.
 */
const NOTICEABLE = 0.005
const FEW = 2
/** A token that takes longer keeps a visitor waiting. */
const SLOW_MS = 2_000
/** A step that takes longer is the reason for a slow token. */
const SLOW_STEP_MS = 1_000
const SLOW_LIMITS_MS = 250
/** Long enough to contain a pause of a machine and its effects. */
const SUSTAINED_MS = 5_000
/** The rehearsing machine sends its requests later than planned. */
const LATE_MS = 500

/** The facts that the server reports about itself. */
export interface ServerFacts {
  /** Whether it counts limits in Redis. */
  usesRedis: boolean
}

interface Cause extends Pick<Bottleneck, 'id' | 'message' | 'remediation'> {
  met(result: RequestResult, server: ServerFacts): boolean
}

const hadCode = ({ outcome, rejected }: RequestResult, ...codes: readonly string[]) =>
  codes.includes(outcome) || rejected.some((code) => codes.includes(code))
const step = ({ steps }: RequestResult, name: string) => steps[name] ?? 0

/** The order decides between two causes at the same time. */
const CAUSES: readonly Cause[] = [
  {
    id: 'keys',
    message: 'The signing key ends during the show, or Kinescope doesn’t accept it.',
    remediation: 'Run `kinescope-chat-server keys list`, then `kinescope-chat-server keys rotate`.',
    met: (result) =>
      result.shortLived || hadCode(result, 'key-unavailable', 'key-not-registered', 'key-expired'),
  },
  {
    id: 'identity',
    message: 'Your identity endpoint is too slow.',
    remediation:
      'Make CHAT_IDENTITY_URL answer faster, or let the page carry an identity token (CHAT_IDENTITY=jwt): then the server makes no request.',
    met: (result) => hadCode(result, 'identity-unavailable') || step(result, 'identity') > SLOW_STEP_MS,
  },
  {
    id: 'redis',
    message: 'Redis, which counts the limits, is too slow.',
    remediation:
      'Put Redis nearer to the server (CHAT_REDIS_URL), or remove CHAT_REDIS_URL on a single server.',
    met: (result, { usesRedis }) => usesRedis && step(result, 'limits') > SLOW_LIMITS_MS,
  },
  {
    id: 'rate-limit',
    message: 'The rate limit rejects visitors.',
    remediation:
      'Each line of --cookies or --identities is one visitor: give one for ten viewers, or set CHAT_RATE_LIMIT=off for the rehearsal. If there are enough lines, raise CHAT_RATE_LIMIT.',
    met: (result) => hadCode(result, 'rate-limited'),
  },
  {
    id: 'cpu',
    message: 'The server signs more slowly than visitors arrive.',
    remediation: 'Add replicas or cores.',
    met: (result) => hadCode(result, 'overloaded') || step(result, 'signing') > SLOW_STEP_MS,
  },
  {
    id: 'connections',
    message: 'The server, or the proxy in front, refuses connections.',
    remediation:
      'Raise the limits of open files and connections of the proxy and the server (LimitNOFILE, worker_connections), and add replicas.',
    met: ({ outcome }) => outcome === 'connection',
  },
  {
    id: 'server',
    message: 'The server fails, or something in front of it answers.',
    remediation: 'Look up the failed requests in the logs of the proxy and of the server.',
    met: ({ outcome }) => ['timeout', 'unexpected', 'server-error'].includes(outcome),
  },
]

/**
 * Judges the results of a rehearsal.
 * @param lateness how much later than planned requests were sent, in ms, with their times
 */
export function judge(
  results: readonly RequestResult[],
  lateness: readonly { atMs: number; lateMs: number }[],
  server: ServerFacts,
): Verdict {
  const succeeded = results.filter(({ outcome }) => outcome === 'ok')
  const times = succeeded.map(({ tookMs }) => tookMs).sort((one, other) => one - other)
  const p95 = quantile(times, 0.95)
  const moments = succeeded.map(({ atMs, tookMs }) => atMs + tookMs).sort((one, other) => one - other)
  const met = CAUSES.map((cause) => {
    const hits = results.filter((result) => cause.met(result, server))
    const { id, message, remediation } = cause
    return {
      id,
      message,
      remediation,
      share: results.length ? hits.length / results.length : 0,
      firstMs: firstOf(hits),
      isNoticeable: hits.length > Math.max(NOTICEABLE * results.length, Math.min(FEW, results.length - 1)),
    }
  }).flatMap(({ isNoticeable, ...bottleneck }) => (isNoticeable ? [bottleneck] : []))
  const late = lateness.filter(({ lateMs }) => lateMs > LATE_MS)
  const thisMachine: Bottleneck = {
    id: 'this-machine',
    message: 'This machine can’t send that many requests.',
    remediation: 'Run the rehearsal from a larger machine, or with fewer --viewers.',
    share: lateness.length ? late.length / lateness.length : 0,
    firstMs: firstOf(late),
  }
  const slow: Bottleneck = {
    id: 'server',
    message: `Tokens take ${Math.round(p95)} ms for one visitor in twenty.`,
    remediation: 'Add replicas, and look at the proxy in front: no step on the server takes that long.',
    share: times.length ? times.filter((ms) => ms > SLOW_MS).length / times.length : 0,
    firstMs: firstOf(succeeded.filter(({ tookMs }) => tookMs > SLOW_MS)),
  }
  const first = earliest(met) ?? (p95 > SLOW_MS ? slow : null)
  // a machine that sends late measures itself, unless the server itself reported the cause
  const bottleneck = thisMachine.share > 0.05 && (!first || first.id === 'server') ? thisMachine : first
  return {
    holds: bottleneck === null,
    bottleneck,
    requests: results.length,
    succeeded: succeeded.length,
    peakPerSecond: busiest(moments, 1000),
    sustainedPerSecond: sustained(moments),
    p50: quantile(times, 0.5),
    p95,
    p99: quantile(times, 0.99),
    outcomes: countBy(results.map(({ outcome }) => outcome)),
    steps: stepQuantiles(results),
  }
}

const earliest = (met: readonly Bottleneck[]): Bottleneck | null =>
  met.reduce<Bottleneck | null>(
    (first, next) => (first === null || next.firstMs < first.firstMs ? next : first),
    null,
  )

/** The value below which a share of the sorted values lies; 0 without values. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0

/** A loop, because a call can't take a hundred thousand arguments. */
const firstOf = (moments: readonly { atMs: number }[]): number =>
  moments.reduce((first, { atMs }) => Math.min(first, atMs), Infinity)

/** The most of these sorted times within this length. */
function busiest(moments: readonly number[], lengthMs: number): number {
  let most = 0
  let first = 0
  for (const [index, moment] of moments.entries()) {
    while (moment - moments[first]! >= lengthMs) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

/** A short rehearsal is measured as a whole. */
function sustained(moments: readonly number[]): number {
  const lengthMs = Math.max(1000, Math.min(SUSTAINED_MS, (moments.at(-1) ?? 0) - (moments[0] ?? 0)))
  return (1000 * busiest(moments, lengthMs)) / lengthMs
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function stepQuantiles(results: readonly RequestResult[]): Record<string, number> {
  const values: Record<string, number[]> = {}
  for (const { steps } of results)
    for (const [name, ms] of Object.entries(steps)) (values[name] ??= []).push(ms)
  return Object.fromEntries(
    Object.entries(values).map(([name, list]) => [
      name,
      quantile(
        list.sort((one, other) => one - other),
        0.95,
      ),
    ]),
  )
}
