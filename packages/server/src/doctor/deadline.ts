import { OperatorProblem } from '../problem.js'

/** What doesn't end by itself is given up at the deadline. @throws OperatorProblem `api-timeout` */
export async function withinDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let give: () => void = () => undefined
  const late = new Promise<never>((_, reject) => {
    give = () =>
      reject(
        new OperatorProblem(
          'api-timeout',
          'Kinescope’s API took longer than the whole examination may',
          'Look at the network and at KINESCOPE_API_URL, then run the doctor again.',
        ),
      )
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })
  try {
    return await Promise.race([work, late])
  } finally {
    signal.removeEventListener('abort', give)
  }
}
