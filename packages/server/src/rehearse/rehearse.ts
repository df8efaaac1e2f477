import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { planRequests, type Audience } from './plan.js'
import { MAX_IN_FLIGHT, sendPlanned, type RehearsalTarget } from './send.js'
import { judge, type RequestResult, type Verdict } from './verdict.js'

export interface Progress {
  sent: number
  done: number
  planned: number
  failed: number
}

export interface RehearsalOptions {
  audience: Audience
  target: RehearsalTarget
  /** Ends the rehearsal early; the measurements until then are judged. */
  signal: AbortSignal
  onProgress?: (progress: Progress) => void
  random?: () => number
}

/** Simulates the arrival of an audience at a token server, and reports whether the server holds. */
export async function rehearse({
  audience,
  target,
  signal,
  onProgress = () => undefined,
  random = Math.random,
}: RehearsalOptions): Promise<Verdict> {
  // one listener per request in flight
  setMaxListeners(MAX_IN_FLIGHT + 100, signal)
  const plan = planRequests(audience, random)
  const results: RequestResult[] = []
  const lateness: { atMs: number; lateMs: number }[] = []
  const inFlight = new Set<Promise<void>>()
  const progress: Progress = { sent: 0, done: 0, planned: plan.length, failed: 0 }
  const started = performance.now()
  for (const planned of plan) {
    const early = planned.atMs - (performance.now() - started)
    if (early > 1) await sleep(early, undefined, { signal }).catch(() => undefined)
    while (inFlight.size >= MAX_IN_FLIGHT && !signal.aborted) await Promise.race(inFlight)
    if (signal.aborted) break
    const atMs = performance.now() - started
    lateness.push({ atMs: planned.atMs, lateMs: atMs - planned.atMs })
    // measured from the time of sending: a late request would make the server look faster
    const sending = sendPlanned({ ...planned, atMs }, target, signal).then((result) => {
      inFlight.delete(sending)
      progress.done++
      // a request that the operator ended doesn't measure the server
      if (result.outcome === 'aborted') return
      if (result.outcome !== 'ok') progress.failed++
      results.push(result)
    })
    inFlight.add(sending)
    progress.sent++
    onProgress(progress)
  }
  await Promise.all(inFlight)
  return judge(results, lateness, target)
}
