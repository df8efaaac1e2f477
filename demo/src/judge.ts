import type { ChatState, Expectation } from './scenario.js'

/** What is to be seen on the page at a moment. */
export interface Sight {
  state: ChatState
  problem: string | null
  events: readonly string[]
  tokenRequests: number
  frames: number
  framesSeen: number
}

/** What is not as expected, in words for a developer; empty when all is. Pure. `inFrame` is nobody's to see here. */
export function judge(sight: Sight, expected: Expectation): string[] {
  const faults: string[] = []
  const compare = (name: 'state' | 'problem' | 'frames' | 'framesSeen') => {
    const wanted = expected[name]
    if (wanted !== undefined && sight[name] !== wanted)
      faults.push(`${name} is ${sight[name]}, not ${wanted}`)
  }
  compare('state')
  compare('problem')
  compare('frames')
  compare('framesSeen')
  const { events = [], noEvents = [], tokenRequests } = expected
  if (!inOrder(events, sight.events)) faults.push(`no ${events.join(', ')} among ${sight.events.join(', ')}`)
  for (const name of noEvents) if (sight.events.includes(name)) faults.push(`there was a ${name}`)
  if (tokenRequests) {
    const [least, most] = tokenRequests
    const asked = sight.tokenRequests
    if (asked < least || asked > most) faults.push(`${asked} token requests, not ${least} to ${most}`)
  }
  return faults
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
