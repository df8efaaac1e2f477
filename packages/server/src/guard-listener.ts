/** Wraps a listener of the host, so that it can neither throw into our code nor be awaited. An unhandled rejection would end Node. */
export function guardListener<T>(listener: ((value: T) => unknown) | undefined): (value: T) => void {
  if (!listener) return () => undefined
  return (value) => {
    // the host's errors are the host's to log
    const ignore = () => undefined
    try {
      void Promise.resolve(listener(value)).catch(ignore)
    } catch {
      ignore()
    }
  }
}
