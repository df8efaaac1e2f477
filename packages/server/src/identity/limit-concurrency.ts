import pLimit from 'p-limit'
import { startDeadline, raceWithSignal } from '../net/deadline.js'

export interface ConcurrencyLimit {
  /** Requests at once, and so connections. */
  concurrent: number
  /** Requests that wait for a free place. */
  queued: number
}

/** The queue is full, or a place didn't become free in time. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull'
}

/**
 * Limits concurrent requests to another server, so that a stream's start doesn't overload it. A request that had to wait
 * so long that too little time is left fails at once and is never sent: a server that hangs gets no second burst.
 *
 * @throws QueueFull
 */
export function limitConcurrency({ concurrent, queued }: ConcurrencyLimit) {
  const limit = pLimit(concurrent)
  return async <T>(signal: AbortSignal, maxWaitMs: number, work: () => Promise<T>): Promise<T> => {
    const ahead = limit.activeCount + limit.pendingCount
    if (ahead >= concurrent + queued) throw new QueueFull()
    const wait = ahead >= concurrent ? startDeadline(maxWaitMs, signal) : null
    let onStart: () => void = () => undefined
    const started = new Promise<void>((resolve) => (onStart = resolve))
    const result = limit(() => {
      // the caller has left the queue
      signal.throwIfAborted()
      wait?.signal.throwIfAborted()
      onStart()
      return work()
    })
    // a caller that leaves doesn't wait for the result
    result.catch(() => undefined)
    try {
      if (wait) await raceWithSignal(started, wait.signal)
    } catch (cause) {
      throw wait?.expired ? new QueueFull(undefined, { cause }) : cause
    } finally {
      wait?.clear()
    }
    return raceWithSignal(result, signal)
  }
}
