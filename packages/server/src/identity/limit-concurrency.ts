import pLimit from 'p-limit'
import { raceWithSignal } from '../net/race.js'

export interface ConcurrencyLimit {
  /** Requests at once, and so connections. */
  concurrent: number
  /** Requests that wait for a free place. */
  queued: number
}

/** The queue is full. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull'
}

/** Limits concurrent requests to another server, so that a stream's start doesn't overload it. */
export function limitConcurrency({ concurrent, queued }: ConcurrencyLimit) {
  const limit = pLimit(concurrent)
  return async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    if (limit.activeCount + limit.pendingCount >= concurrent + queued) throw new QueueFull()
    const started = limit(() => {
      // the caller has left the queue
      signal.throwIfAborted()
      return work()
    })
    // a caller that leaves doesn't wait for the result
    started.catch(() => undefined)
    return raceWithSignal(started, signal)
  }
}
