import pLimit from 'p-limit'

export interface QuestionBounds {
  /** Questions under way at once, and so connections. */
  atOnce: number
  /** Questions that wait for their turn. */
  waiting: number
}

/** More is being asked than may wait. */
export class TooManyQuestions extends Error {
  override readonly name = 'TooManyQuestions'
}

/**
 * Asks somebody else's server a few questions at a time: a stream's start must not be an attack on the site. Whoever
 * would have to wait too long is told at once.
 */
export function boundedQuestions({ atOnce, waiting }: QuestionBounds) {
  const limit = pLimit(atOnce)
  return async <T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> => {
    if (limit.activeCount + limit.pendingCount >= atOnce + waiting) throw new TooManyQuestions()
    const asked = limit(() => {
      // nobody waits for it any more
      signal.throwIfAborted()
      return ask()
    })
    let stop: (() => void) | undefined
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal.reason as Error)
      signal.addEventListener('abort', stop, { once: true })
    })
    try {
      return await Promise.race([asked, stopped])
    } finally {
      signal.removeEventListener('abort', stop!)
    }
  }
}
