import type { Failure } from '../../packages/element/src/problems.js'
import { refreshDelay, retryIn } from '../../packages/element/src/token/life.js'
import { RetryAfterScheduler } from '../../packages/server/src/endpoint/admission.js'

/** A crowd of viewers, and the events during its stream. Times are seconds. */
export interface Story {
  name: string
  viewers: number
  /** Returns the second when a viewer opens the page. Both arguments are between 0 and 1. */
  arrival: (share: number, random: number) => number
  /** How many tokens a second the servers sign at this moment. With 0, no server responds. */
  capacity: (second: number) => number
  /** When all tokens become invalid at once, as after a revocation. A page notices at its next refresh. */
  revokedAt?: number
  lastS: number
  /** `ours` uses the element's delays. `naive` requests 60 s before the expiry and 1 s after a failure. */
  way: 'ours' | 'naive'
}

export interface Outcome {
  /** The most requests in one second by viewers who had a token before. */
  refreshPeak: number
  /** The most requests in one second. */
  peak: number
  asked: number
  refused: number
  /** The longest time that a viewer was without a valid token, in seconds. It includes the wait for the first token. */
  longestWithout: number
  /** The same, counted from the moment when the servers respond again. */
  longestAfterReturn: number
  /** Requests in each minute. */
  minutes: number[]
  /** Whether each viewer who arrived more than two minutes before the end has a valid token at the end. */
  allIn: boolean
}

export const TTL_S = 3600
const TICK_MS = 100

/** Returns a generator of pseudorandom numbers, which are the same for the same seed. */
export function randoms(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Simulates a story with the element's own delays, tick by tick. Due viewers request a token. The servers sign as many
 * tokens as they can in that tick and reject the other requests, or don't respond. Pure.
 */
export function play(story: Story, random = randoms(1)): Outcome {
  const { viewers, lastS, revokedAt } = story
  const ticks = (lastS * 1000) / TICK_MS
  const due: number[][] = Array.from({ length: ticks + 1 }, () => [])
  const endsAt = new Float64Array(viewers) // seconds; 0: never had a token
  const cameAt = new Float64Array(viewers)
  const failures = new Uint8Array(viewers)
  const at = (viewer: number, second: number) => {
    const tick = Math.ceil((second * 1000) / TICK_MS)
    if (tick <= ticks) due[Math.max(tick, 0)]!.push(viewer)
  }
  for (let viewer = 0; viewer < viewers; viewer++) {
    const second = story.arrival(viewer / viewers, random())
    cameAt[viewer] = second
    at(viewer, second)
  }
  let returnedAt = 0
  for (let second = 1; second < lastS; second++)
    if (story.capacity(second) > 0 && story.capacity(second - 1) === 0) returnedAt = second
  const outcome: Outcome = {
    refreshPeak: 0,
    peak: 0,
    asked: 0,
    refused: 0,
    longestWithout: 0,
    longestAfterReturn: 0,
    minutes: [],
    allIn: true,
  }
  // one scheduler for all replicas, since each has its share of the viewers and of the work
  const slots = new RetryAfterScheduler()
  let inSecond = 0
  let refreshes = 0
  let revoked = false
  for (let tick = 0; tick <= ticks; tick++) {
    const now = (tick * TICK_MS) / 1000
    if (tick % (1000 / TICK_MS) === 0) inSecond = refreshes = 0
    const minute = Math.floor(now / 60)
    outcome.minutes[minute] = (outcome.minutes[minute] ?? 0) + due[tick]!.length
    if (revokedAt !== undefined && !revoked && now >= revokedAt) {
      revoked = true
      // an open chat requests a token at its next refresh, and a reloaded page requests one at once
      for (let viewer = 0; viewer < viewers; viewer++) if (endsAt[viewer]! > now) endsAt[viewer] = now
    }
    let left = (story.capacity(now) * TICK_MS) / 1000
    const dead = story.capacity(now) === 0
    for (const viewer of due[tick]!) {
      outcome.asked++
      inSecond++
      if (endsAt[viewer]! > 0) refreshes++
      if (!dead && left >= 1) {
        left--
        const without = now - Math.max(cameAt[viewer]!, endsAt[viewer]!)
        outcome.longestWithout = Math.max(outcome.longestWithout, without)
        if (returnedAt && now >= returnedAt && without > 0)
          outcome.longestAfterReturn = Math.max(
            outcome.longestAfterReturn,
            Math.min(without, now - returnedAt),
          )
        failures[viewer] = 0
        endsAt[viewer] = now + TTL_S
        at(viewer, now + refreshAfter(story.way, random()))
      } else {
        outcome.refused++
        failures[viewer] = Math.min(255, failures[viewer]! + 1)
        const code = dead ? 'endpoint-unreachable' : 'overloaded'
        const retryAfterMs = dead ? undefined : slots.next(now * 1000, 1000 / story.capacity(now)) * 1000
        const failure: Failure = { code, retryAfterMs }
        const leftMs = Math.max(0, endsAt[viewer]! - now) * 1000
        const wait = story.way === 'naive' ? 1000 : retryIn(failure, failures[viewer], leftMs, random())
        at(viewer, now + wait / 1000)
      }
    }
    due[tick] = []
    outcome.peak = Math.max(outcome.peak, inSecond)
    outcome.refreshPeak = Math.max(outcome.refreshPeak, refreshes)
  }
  for (let viewer = 0; viewer < viewers; viewer++)
    if (cameAt[viewer]! < lastS - 120 && endsAt[viewer]! < lastS) outcome.allIn = false
  return outcome
}

const refreshAfter = (way: Story['way'], random: number): number =>
  way === 'naive' ? TTL_S - 60 : refreshDelay(TTL_S * 1000, undefined, random) / 1000

const PER_REPLICA = 1000

/** Returns the stories with high load or failures, for a crowd of this size and this number of replicas. */
export function stories(viewers: number, replicas: number, way: Story['way'] = 'ours'): Story[] {
  const all = PER_REPLICA * replicas
  const steady = () => all
  const countdown: Story['arrival'] = (_share, random) => random * 10
  const organic: Story['arrival'] = (_share, random) => random * 1800
  const common = { viewers, way, lastS: 7200 }
  return [
    { ...common, name: 'viewers arrive over half an hour', arrival: organic, capacity: steady },
    { ...common, name: 'viewers arrive within ten seconds', arrival: countdown, capacity: steady },
    {
      ...common,
      name: 'two minutes without servers, at the peak of the refreshes',
      arrival: organic,
      // the first viewers refresh after 36 minutes, the last after 84, and most of them after 54
      capacity: (second) => (second >= 3180 && second < 3300 ? 0 : all),
    },
    {
      ...common,
      name: 'two minutes without servers during the arrival',
      arrival: (_share, random) => random * 600,
      capacity: (second) => (second >= 120 && second < 240 ? 0 : all),
    },
    { ...common, name: 'a key is revoked', arrival: organic, capacity: steady, revokedAt: 2400 },
    {
      ...common,
      name: 'a deploy restarts the replicas one by one',
      arrival: organic,
      capacity: (second) =>
        second >= 2400 && second < 2400 + 30 * replicas ? (all * Math.max(0, replicas - 1)) / replicas : all,
    },
  ]
}
