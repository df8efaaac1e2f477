import { OperatorProblem } from '../problem.js'
import type { Call } from './command.js'

/** All that a command does: Kinescope's slowest answers, and another process' lock. */
const LONGEST_MS = 5 * 60_000
/** Then what was begun on the disk is finished, and the lock given back. */
const GRACE_MS = 5000

const GOES_ON =
  'What was done until then is kept, and told above. Run the command again: it goes on from here; `kinescope-chat-server keys list` shows how things stand.'

/** Ctrl-C, and the end of a job. A second one ends the process at once, as if nobody listened. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs work that must not go on for ever, whatever hangs, and that somebody may stop: then it gives up what it waits
 * for, and leaves everything as a killed process would, but for the lock.
 *
 * @throws OperatorProblem `interrupted`, `gave-up`
 */
export async function toItsEnd<T>(
  { interrupt }: Pick<Call, 'interrupt'>,
  work: (signal: AbortSignal) => Promise<T>,
  longestMs = LONGEST_MS,
): Promise<T> {
  const stop = new AbortController()
  const end = (why: OperatorProblem) => () => stop.abort(why)
  const interrupted = end(new OperatorProblem('interrupted', 'it was stopped', GOES_ON))
  const late = `it was given up: not done within ${longestMs / 60_000} min`
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
