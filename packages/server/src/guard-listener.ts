/** Wraps a listener of the host, so that it can neither throw into our code nor be awaited. An unhandled rejection would end Node. */
export function guardListener<T>(listener: ((value: T) => unknown) | undefined): (value: T) => void {
  if (!listener) return () => undefined
  return (value) => {
    try {
      // most return nothing, and this runs for every token
      ignoreResult(listener(value))
    } catch {
      // the host's errors are the host's to log
    }
  }
}

/** Handles a promise that nothing awaits. */
export function ignoreResult(result: unknown): void {
  if (result) void Promise.resolve(result).catch(() => undefined)
}
