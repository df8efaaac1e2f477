import { describe, expect, it } from 'vitest'
import { faultText } from '../../src/fault-words.js'
import { faultsOf, judge, type Sight } from '../../src/judge.js'

const sight: Sight = {
  state: 'ready',
  problem: null,
  events: ['statechange', 'ready', 'refresh'],
  tokenRequests: 2,
  frames: 1,
  framesSeen: 2,
  name: 'Guest 4821 0937 5512',
  sessionName: 'Ann',
}

describe('the judge of scenarios', () => {
  it('finds nothing where all is as expected', () => {
    const expected = {
      state: 'ready',
      problem: null,
      events: ['ready', 'refresh'],
      noEvents: ['error'],
    } as const
    const name = 'Guest #### #### ####'
    const checks = judge(sight, { ...expected, tokenRequests: [1, 2], frames: 1, framesSeen: 2, name })
    expect(checks.map(({ aspect }) => aspect)).toEqual([
      'state',
      'problem',
      'events',
      'noEvents',
      'tokenRequests',
      'frames',
      'framesSeen',
      'name',
    ])
    expect(faultsOf(checks)).toEqual([])
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
    ['another name', { name: 'Guest 0000 0000 0000' }],
    ['a longer name', { name: 'Guest #### #### #### #' }],
    ['a shorter name', { name: 'Guest ####' }],
    ['a name that isn’t the one on the site', { name: { of: 'session' } }],
  ] as const)('names %s, in words', (_title, expected) => {
    const faults = faultsOf(judge(sight, expected))
    expect(faults).toHaveLength(1)
    const { en, ru } = faultText(faults[0]!)
    const shown = (value: string) => (value === 'null' ? '' : value)
    for (const text of [en, ru]) {
      expect(text).toContain(shown(faults[0]!.expected))
      expect(text).toContain(shown(faults[0]!.observed))
    }
  })

  it('says that there should be no problem, or that there is none', () => {
    const fault = (expected: string, observed: string) =>
      faultText({ aspect: 'problem', expected, observed, met: false }).en
    expect(fault('null', 'offline')).toBe('There should be no problem. There is offline.')
    expect(fault('offline', 'null')).toBe('There should be the problem offline. There is none.')
  })

  it('leaves to a person what only a person can see', () => {
    const checks = judge(sight, { inFrame: { refused: 'bad-signature' } })
    expect(checks).toMatchObject([{ aspect: 'inFrame', expected: 'bad-signature', met: null }])
    expect(faultsOf(checks)).toEqual([])
  })
})
