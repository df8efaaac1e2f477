/** Longer delays overflow `setTimeout`, which then fires at once. Milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** A time limit that is over at its time, or as soon as another signal aborts. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Whether the time ran out, rather than another signal having aborted first. */
  readonly expired: boolean
  /** Stops the timer and leaves the other signals. Call it when the work has ended; `using` does. */
  clear(): void
  [Symbol.dispose](): void
}

/**
 * Starts a deadline, which also aborts with any of the other signals.
 *
 * Node 20 collects an `AbortSignal.timeout()` that only an `AbortSignal.any()` refers to, so that it never fires
 * (nodejs/node#57736). This timer refers to its own controller and can't be collected. It doesn't keep the process alive.
 */
export function startDeadline(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Deadline {
  const controller = new AbortController()
  let expired = false
  const timer = setTimeout(
    () => {
      if (controller.signal.aborted) return
      expired = true
      clear()
      controller.abort(new DOMException(`Not done within ${ms} ms`, 'TimeoutError'))
    },
    Math.min(Math.max(ms, 0), MAX_DELAY_MS),
  )
  // edge runtimes have plain numbers here
  ;(timer as { unref?: () => void }).unref?.()
  const sources = signals.filter((signal) => signal !== undefined)
  const onAbort = () => {
    const source = sources.find(({ aborted }) => aborted)
    clear()
    controller.abort(source?.reason)
  }
  function clear(): void {
    clearTimeout(timer)
    for (const source of sources) source.removeEventListener('abort', onAbort)
  }
  for (const source of sources) source.addEventListener('abort', onAbort, { once: true })
  if (sources.some(({ aborted }) => aborted)) onAbort()
  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    clear,
    [Symbol.dispose]: clear,
  }
}

/**
 * Waits for the work, but no longer than the signal allows: for work that may ignore the signal it was given.
 * @throws the signal's reason once it aborts
 */
export async function raceWithSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort!)
  }
}

/**
 * The items of a source, until the signal aborts, also while the source sends nothing. An aborted source stays open: its
 * owner closes it.
 * @throws the signal's reason once it aborts
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const item = await (signal ? raceWithSignal(items.next(), signal) : items.next())
      if (item.done) return
      yield item.value
    }
  } finally {
    if (!signal?.aborted) await items.return?.()
  }
}
