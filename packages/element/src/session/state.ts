import type { Problem, Category, CategorizedProblem } from '../problem.js'

export type Status = 'idle' | 'preview' | 'loading' | 'ready' | 'refreshing' | 'error'

/** Everything the view needs to know of the session. */
export interface ChatState {
  readonly status: Status
  readonly problem: Problem | null
  /** What the problem is to the visitor; null without one. */
  readonly category: Category | null
  /** Whether a chat is on the page; it stays there through problems that may pass. */
  readonly framed: boolean
  /** Whether a request is under way. */
  readonly busy: boolean
}

/** `retrying`: a failure that is tried again; `failed`: one that isn't; `refused`: one that takes the chat away. */
export type SessionEvent = 'stopped' | 'previewed' | 'requested' | 'shown' | 'retrying' | 'failed' | 'refused'

export const IDLE: ChatState = { status: 'idle', problem: null, category: null, framed: false, busy: false }

/** The one place where states follow each other. Pure. */
export function nextState(
  { framed, problem, category }: ChatState,
  happening: SessionEvent,
  trouble: CategorizedProblem | { problem: null; category: null } = { problem: null, category: null },
): ChatState {
  switch (happening) {
    case 'stopped':
      return IDLE
    case 'previewed':
      return { ...IDLE, status: 'preview' }
    case 'requested':
      return { framed, problem, category, busy: true, status: framed ? 'refreshing' : 'loading' }
    case 'shown':
      return { ...IDLE, status: 'ready', framed: true }
    case 'refused':
      return { ...IDLE, ...trouble, status: 'error' }
    default:
      return {
        ...IDLE,
        ...trouble,
        framed,
        status: framed && happening === 'retrying' ? 'refreshing' : 'error',
      }
  }
}
