import { describe, expect, it } from 'vitest'
import { handText, markdownOf, needsHand, noted, startRun, stopped } from '../../src/run-all.js'
import { SCENARIOS } from '../../src/scenarios.js'

describe('a run of all scenarios', () => {
  it('plays each that plays by itself, and lists those that need a hand', () => {
    const { queue, results } = startRun(SCENARIOS, 0)
    expect([...queue, ...Object.keys(results)].sort()).toEqual(SCENARIOS.map(({ id }) => id).sort())
    expect(Object.keys(results)).toEqual(SCENARIOS.filter(needsHand).map(({ id }) => id))
    expect(Object.keys(results)).not.toHaveLength(0)
  })

  it('goes on with the next once a verdict is noted, and a stop keeps the verdicts', () => {
    const run = startRun(SCENARIOS, 0)
    const [first, second] = run.queue
    const after = noted(run, first!, { verdict: 'passed' }, 1000)
    expect(after.queue[0]).toBe(second)
    expect(after.tookMs).toBeUndefined()
    expect(stopped(after)).toMatchObject({ queue: [], results: after.results })
    expect(after.results[first!]).toEqual({ verdict: 'passed' })
  })

  it('knows how long it took once the last scenario has its verdict', () => {
    const run = startRun(SCENARIOS, 1000)
    const ended = run.queue.reduce(
      (before, id, index) => noted(before, id, { verdict: 'passed' }, 2000 + index),
      run,
    )
    expect(ended).toMatchObject({ queue: [], tookMs: 1000 + run.planned - 1 })
    // a scenario that is played later is no part of it
    expect(noted(ended, run.queue[0]!, { verdict: 'passed' }, 9000).tookMs).toBe(ended.tookMs)
  })

  it('counts a scenario that was played by hand', () => {
    const [byHand] = SCENARIOS.filter(needsHand)
    const run = noted(startRun(SCENARIOS, 0), byHand!.id, { verdict: 'passed' }, 0)
    expect(run.results[byHand!.id]).toEqual({ verdict: 'passed' })
  })

  it('says what to do in a scenario that needs a hand, and how long there is', () => {
    const [byHand] = SCENARIOS.filter(needsHand)
    expect(handText(byHand!, 'en')).toMatch(/^You: type .*\(\d+ s\)\. You: click .*\(\d+ s\)\.$/)
    expect(handText(byHand!, 'ru')).toMatch(/^Вы: .*\(\d+ с\)\. Вы: .*\(\d+ с\)\.$/)
  })

  it('writes a table that Markdown keeps in its columns', () => {
    const [scenario] = SCENARIOS
    const faults = [
      { aspect: 'step', expected: 'a | b\nc', observed: 'd', met: false },
      { aspect: 'state', expected: 'ready', observed: 'error', met: false },
    ] as const
    const run = noted(startRun([], 0), scenario!.id, { verdict: 'failed', faults: [...faults] }, 0)
    const lines = markdownOf(run, SCENARIOS).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain('The state should be ready. It is error.')
    for (const line of lines) expect(line.replaceAll('\\|', '').match(/\|/g)).toHaveLength(5)
  })
})
