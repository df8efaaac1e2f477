import type { Problem } from '../problem.js'

export type Status = 'idle' | 'preview' | 'loading' | 'ready' | 'refreshing' | 'error'

/** Everything the view needs to know of the session. */
export interface ChatState {
  readonly status: Status
  readonly problem: Problem | null
  /** Whether a chat is on the page; it stays there through troubles that may pass. */
  readonly framed: boolean
}

/** `troubled`: a failure that is tried again; `failed`: one that isn't; `refused`: one that takes the chat away. */
export type Happening = 'stopped' | 'previewed' | 'requested' | 'shown' | 'troubled' | 'failed' | 'refused'

export const IDLE: ChatState = { status: 'idle', problem: null, framed: false }

/** The one place where states follow each other. Pure. */
export function nextState(
  { framed, problem }: ChatState,
  happening: Happening,
  trouble: Problem | null = null,
): ChatState {
  switch (happening) {
    case 'stopped':
      return IDLE
    case 'previewed':
      return { ...IDLE, status: 'preview' }
    case 'requested':
      return { framed, problem, status: framed ? 'refreshing' : 'loading' }
    case 'shown':
      return { status: 'ready', problem: null, framed: true }
    case 'refused':
      return { status: 'error', problem: trouble, framed: false }
    default:
      return { framed, problem: trouble, status: framed && happening === 'troubled' ? 'refreshing' : 'error' }
  }
}
