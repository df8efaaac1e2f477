import type { CategorizedProblem, Category, Problem } from '../problem.js'

export type Status = 'idle' | 'preview' | 'loading' | 'ready' | 'refreshing' | 'error'

/** Everything the view needs to know of the session. */
export interface ChatState {
  readonly status: Status
  readonly problem: Problem | null
  readonly category: Category | null
  /** Whether a chat is on the page; it stays through problems that may pass. */
  readonly framed: boolean
  /** Whether a request is under way. */
  readonly busy: boolean
}

export interface Step {
  /** Milliseconds since the script began. */
  at: number
  what: string
}

/**
 * What happens in a session. `retrying`: a failure, to be retried; `failed`: one that isn't; `revoked`: one that removes
 * the chat; `replaced`: the chat is another visitor's now.
 */
export type SessionEvent =
  'stopped' | 'previewed' | 'requested' | 'shown' | 'replaced' | 'retrying' | 'failed' | 'revoked'

export const IDLE: ChatState = { status: 'idle', problem: null, category: null, framed: false, busy: false }

/** The one transition function. Pure. */
export function nextState(
  { framed, problem, category }: ChatState,
  event: SessionEvent,
  failure: CategorizedProblem | { problem: null; category: null } = { problem: null, category: null },
): ChatState {
  switch (event) {
    case 'stopped':
      return IDLE
    case 'previewed':
      return { ...IDLE, status: 'preview' }
    case 'requested':
      return { framed, problem, category, busy: true, status: framed ? 'refreshing' : 'loading' }
    case 'replaced':
      return { ...IDLE, busy: true, status: 'loading' }
    case 'shown':
      return { ...IDLE, status: 'ready', framed: true }
    case 'revoked':
      return { ...IDLE, ...failure, status: 'error' }
    case 'retrying':
    case 'failed':
      return { ...IDLE, ...failure, framed, status: framed && event === 'retrying' ? 'refreshing' : 'error' }
  }
}
