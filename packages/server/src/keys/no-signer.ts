import { OperatorProblem } from '../problem.js'
import type { whyNoSigner } from './key-state.js'

/** Why nothing can be signed, and what to do about it. */
export function noSigner(code: ReturnType<typeof whyNoSigner>, place: string): OperatorProblem {
  switch (code) {
    case 'key-not-registered':
      return new OperatorProblem(
        code,
        `the key in ${place} is not registered at Kinescope yet`,
        'Run `kinescope-chat-server keys register`.',
      )
    case 'key-expired':
      return new OperatorProblem(
        code,
        `the key in ${place} has expired at Kinescope`,
        'Run `kinescope-chat-server keys rotate`, and `keys reconcile` daily so that it doesn’t happen again.',
      )
    case 'key-unavailable':
      return new OperatorProblem(
        code,
        `no key in ${place} can sign`,
        'Run `kinescope-chat-server setup --event ID`, or check CHAT_KEY_DIR (CHAT_KEY_SECRET in a cluster).',
      )
  }
}
