import type { ChatState, Expectation } from './scenario.js'

/** The observed state of the page at one moment. */
export interface Sight {
  state: ChatState
  problem: string | null
  events: readonly string[]
  tokenRequests: number
  frames: number
  framesSeen: number
  /** The name in the newest token. */
  name: string | null
  /** The name of the visitor's session on the site. */
  sessionName: string | null
}

/** The subject of a check. `step`: a step that must succeed. `hand`: the tester's part, which has a time limit. */
export type Aspect = keyof Expectation | 'step' | 'hand'

/** One expectation, and the observed value. */
export interface Check {
  aspect: Aspect
  /** In the element's own terms, which need no translation. */
  expected: string
  observed: string
  /** Null if the page can't observe the value and a person must look. */
  met: boolean | null
}

/** The checks that failed. */
export const faultsOf = (checks: readonly Check[]): Check[] => checks.filter(({ met }) => met === false)

/** Compares the observed state with the expected one. Pure. */
export function judge(sight: Sight, expected: Expectation): Check[] {
  const { state, problem, events, noEvents, tokenRequests, frames, framesSeen, name, inFrame } = expected
  const checks: Check[] = []
  const check = (aspect: Aspect, wanted: string, observed: string, met: boolean | null) =>
    checks.push({ aspect, expected: wanted, observed, met })

  if (state !== undefined) check('state', state, sight.state, sight.state === state)
  if (problem !== undefined)
    check('problem', String(problem), String(sight.problem), sight.problem === problem)
  const seen = sight.events.filter((name) => name !== 'statechange').join(', ') || '–'
  if (events?.length) check('events', events.join(', '), seen, inOrder(events, sight.events))
  if (noEvents?.length) {
    const came = noEvents.filter((name) => sight.events.includes(name))
    check('noEvents', noEvents.join(', '), came.join(', ') || '–', came.length === 0)
  }
  if (tokenRequests) {
    const [least, most] = tokenRequests
    const asked = sight.tokenRequests
    const wanted = least === most ? String(least) : `${least}–${most}`
    check('tokenRequests', wanted, String(asked), asked >= least && asked <= most)
  }
  if (frames !== undefined) check('frames', String(frames), String(sight.frames), sight.frames === frames)
  if (framesSeen !== undefined)
    check('framesSeen', String(framesSeen), String(sight.framesSeen), sight.framesSeen === framesSeen)
  if (name !== undefined) {
    const wanted = typeof name === 'string' ? name : (sight.sessionName ?? '–')
    check('name', wanted, sight.name ?? '–', fits(wanted, sight.name))
  }
  if (inFrame) check('inFrame', 'refused' in inFrame ? inFrame.refused : 'verified', '?', null)
  return checks
}

function inOrder(wanted: readonly string[], seen: readonly string[]): boolean {
  let from = 0
  for (const name of wanted) {
    const found = seen.indexOf(name, from)
    if (found < 0) return false
    from = found + 1
  }
  return true
}

/** Whether a name is the expected one, where `#` stands for a digit. */
const fits = (wanted: string, seen: string | null): boolean =>
  seen !== null &&
  wanted ===
    [...seen].map((character, at) => (wanted[at] === '#' && /\d/.test(character) ? '#' : character)).join('')
