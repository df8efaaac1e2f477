import { describe, expect, it } from 'vitest'
import { markdownOf, needsHand, noted, startRun, stopped } from '../../src/run-all.js'
import { SCENARIOS } from '../../src/scenarios.js'

describe('a run of all scenarios', () => {
  it('plays each that plays by itself, and lists those that need a hand', () => {
    const { queue, results } = startRun(SCENARIOS)
    expect([...queue, ...Object.keys(results)].sort()).toEqual(SCENARIOS.map(({ id }) => id).sort())
    expect(Object.keys(results)).toEqual(SCENARIOS.filter(needsHand).map(({ id }) => id))
    expect(Object.keys(results)).not.toHaveLength(0)
  })

  it('goes on with the next once a verdict is noted, and a stop keeps the verdicts', () => {
    const run = startRun(SCENARIOS)
    const [first, second] = run.queue
    const after = noted(run, first!, { verdict: 'passed' })
    expect(after.queue[0]).toBe(second)
    expect(stopped(after)).toEqual({ queue: [], results: after.results })
    expect(after.results[first!]).toEqual({ verdict: 'passed' })
  })

  it('counts a scenario that somebody played by hand', () => {
    const [byHand] = SCENARIOS.filter(needsHand)
    const run = noted(startRun(SCENARIOS), byHand!.id, { verdict: 'passed' })
    expect(run.results[byHand!.id]).toEqual({ verdict: 'passed' })
  })

  it('writes a table that Markdown keeps in its columns', () => {
    const [scenario] = SCENARIOS
    const run = noted(startRun([]), scenario!.id, { verdict: 'failed', faults: ['a | b\nc', 'd'] })
    const lines = markdownOf(run, SCENARIOS).split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) expect(line.replaceAll('\\|', '').match(/\|/g)).toHaveLength(5)
  })
})
