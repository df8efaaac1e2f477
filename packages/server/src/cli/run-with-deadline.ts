import { OperatorProblem } from '../problem.js'
import type { Call } from './command.js'

/** Covers Kinescope's slowest responses and the wait for another process' lock. */
const LONGEST_MS = 5 * 60_000
/** Enough to finish a write and release the lock. */
const GRACE_MS = 5000

const GOES_ON =
  'What was done until then is kept (see above). Run the command again: it continues from here. `kinescope-chat-server keys list` shows the state.'

/** A second signal ends the process at once, as by default. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs work with a time limit that SIGINT and SIGTERM also end. The work stops where it waits, and releases its lock.
 *
 * @throws OperatorProblem `interrupted`, `gave-up`
 */
export async function runWithDeadline<T>(
  { interrupt }: Pick<Call, 'interrupt'>,
  work: (signal: AbortSignal) => Promise<T>,
  longestMs = LONGEST_MS,
): Promise<T> {
  const stop = new AbortController()
  const end = (why: OperatorProblem) => () => stop.abort(why)
  const interrupted = end(new OperatorProblem('interrupted', 'the command was interrupted', GOES_ON))
  const late = `timed out after ${longestMs / 60_000} min`
  const timer = setTimeout(end(new OperatorProblem('gave-up', late, GOES_ON)), longestMs)
  for (const name of SIGNALS) process.once(name, interrupted)
  interrupt?.addEventListener('abort', interrupted, { once: true })
  let grace: NodeJS.Timeout | undefined
  const { signal } = stop
  const overdue = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      grace = setTimeout(() => reject(signal.reason as Error), GRACE_MS)
    })
  })
  if (interrupt?.aborted) interrupted()
  try {
    return await Promise.race([work(signal), overdue])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    clearTimeout(timer)
    clearTimeout(grace)
    for (const name of SIGNALS) process.removeListener(name, interrupted)
    interrupt?.removeEventListener('abort', interrupted)
  }
}

/** A wait that the signal ends. */
export function waitUntil(wait: Call['wait'], signal: AbortSignal): Call['wait'] {
  return async (ms) => {
    signal.throwIfAborted()
    let end = () => undefined as void
    const ended = new Promise<void>((resolve) => (end = resolve))
    signal.addEventListener('abort', end, { once: true })
    await Promise.race([wait(ms), ended])
    signal.removeEventListener('abort', end)
    signal.throwIfAborted()
  }
}
