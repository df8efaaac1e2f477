import { IDLE, type ChatState } from '../session/state.js'

/** The view shows nothing before this. */
const SKELETON_AFTER_MS = 300
/** A skeleton stays at least this long, so that nothing flashes. */
const SKELETON_LEAST_MS = 400
const STILL_LOADING_AFTER_MS = 8_000
/** A shorter problem shows no banner over a working chat. */
const BANNER_AFTER_MS = 1_500
/** A shorter countdown would rush the visitor. */

const COUNTDOWN_FROM_MS = 5_000

/** The content over the chat or instead of it. */
type Layer = 'nothing' | 'skeleton' | 'preview' | 'problem' | 'chat'

/** The view at one moment. */
export interface Moment {
  layer: Layer
  /** Whether the text says that loading takes long. */
  still: boolean
  /** Whether a problem is shown over a chat that stays on the page. */
  banner: boolean
  /** Seconds of the countdown to the next retry, or null without one; 0 once the retry is due. */
  seconds: number | null
  /** When the view changes without an event, on the steady clock. */
  next: number
  /** The state that the next moment needs. */
  memory: Memory
}

interface Memory {
  state: ChatState
  /** When the chat appeared or disappeared, or the problem began. */
  since: number
  skeletonSince: number
  retryAt: number
}

/** Before the first render. */
export const BEGINNING: Moment = {
  layer: 'nothing',
  still: false,
  banner: false,
  seconds: null,
  next: Infinity,
  memory: { state: IDLE, since: -Infinity, skeletonSince: 0, retryAt: 0 },
}

/**
 * Computes the next moment from the last one. Pure.
 * @param now the steady clock's time
 */
export function pace({ layer: before, memory }: Moment, state: ChatState, now: number): Moment {
  const { status, problem, framed } = state
  const known = memory.state
  const turned = memory.since < 0 || framed !== known.framed || !problem !== !known.problem
  const since = turned ? now : memory.since
  const retryAt = problem === known.problem ? memory.retryAt : now + (problem?.retryInMs ?? 0)
  let next = Infinity
  const passed = (moment: number) => {
    if (now < moment) next = Math.min(next, moment)
    return now >= moment
  }
  const bars = before === 'skeleton'
  let layer: Layer = 'nothing'
  if (status === 'preview') layer = 'preview'
  else if (bars && !passed(memory.skeletonSince + SKELETON_LEAST_MS)) layer = 'skeleton'
  else if (framed) layer = 'chat'
  else if (problem) layer = 'problem'
  else if (passed(since + SKELETON_AFTER_MS)) layer = 'skeleton'
  const skeletonSince = layer === 'skeleton' && !bars ? now : memory.skeletonSince
  const still = layer === 'skeleton' && passed(since + STILL_LOADING_AFTER_MS)
  const banner = framed && !!problem && passed(since + BANNER_AFTER_MS)
  let seconds: number | null = null
  if ((problem?.retryInMs ?? 0) >= COUNTDOWN_FROM_MS && (banner || layer === 'problem')) {
    seconds = Math.max(0, Math.ceil((retryAt - now) / 1000))
    passed(retryAt - (seconds - 1) * 1000)
  }
  return { layer, still, banner, seconds, next, memory: { state, since, skeletonSince, retryAt } }
}
