import type { Problem } from '../problem.js'

export type Status = 'idle' | 'preview' | 'loading' | 'ready' | 'refreshing' | 'error'

/** Everything the view needs to know of the session. */
export interface ChatState {
  readonly status: Status
  readonly problem: Problem | null
  /** Whether a chat is on the page; it stays there through troubles that may pass. */
  readonly framed: boolean
}

export type Happening =
  | { type: 'stopped' | 'previewed' | 'started' | 'requested' | 'shown' | 'renewed' }
  /** `refused`: an answer about the visitor; `trying`: it will be tried again while the token still lives. */
  | { type: 'failed'; problem: Problem; refused: boolean; trying: boolean }

export const IDLE: ChatState = { status: 'idle', problem: null, framed: false }

/** The one place where states follow each other. Pure. */
export function nextState(state: ChatState, happening: Happening): ChatState {
  const { framed } = state
  switch (happening.type) {
    case 'stopped':
      return IDLE
    case 'previewed':
      return { ...IDLE, status: 'preview' }
    case 'started':
      return { ...IDLE, status: 'loading' }
    case 'requested':
      return { ...state, status: framed ? 'refreshing' : 'loading' }
    case 'shown':
      return { status: 'ready', problem: null, framed: true }
    case 'renewed':
      return { ...state, status: framed ? 'ready' : 'loading', problem: null }
    case 'failed': {
      const { problem, refused, trying } = happening
      const stays = framed && !refused
      return { status: stays && trying ? 'refreshing' : 'error', problem, framed: stays }
    }
  }
}
