import { describe, expect, it } from 'vitest'
import { judge, type Sight } from '../../src/judge.js'

const sight: Sight = {
  state: 'ready',
  problem: null,
  events: ['statechange', 'ready', 'refresh'],
  tokenRequests: 2,
  frames: 1,
  framesSeen: 2,
}

describe('the judge of scenarios', () => {
  it('finds nothing where all is as expected', () => {
    const expected = {
      state: 'ready',
      problem: null,
      events: ['ready', 'refresh'],
      noEvents: ['error'],
    } as const
    expect(judge(sight, { ...expected, tokenRequests: [1, 2], frames: 1, framesSeen: 2 })).toEqual([])
  })

  it.each([
    ['another state', { state: 'error' }],
    ['another problem', { problem: 'offline' }],
    ['events in another order', { events: ['refresh', 'ready'] }],
    ['an event that did not come', { events: ['error'] }],
    ['an event that should not have come', { noEvents: ['refresh'] }],
    ['too few token requests', { tokenRequests: [3, 4] }],
    ['too many token requests', { tokenRequests: [0, 1] }],
    ['another number of frames', { frames: 0 }],
    ['another number of frames ever', { framesSeen: 1 }],
  ] as const)('names %s', (_title, expected) => {
    expect(judge(sight, expected)).toHaveLength(1)
  })
})
