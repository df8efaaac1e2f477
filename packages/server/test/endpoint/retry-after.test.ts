import { describe, expect, it } from 'vitest'
import { RetryAfterScheduler } from '../../src/endpoint/admission.js'

describe('the Retry-After of rejected requests', () => {
  it('spreads a crowd over the time that is needed to serve it', () => {
    const scheduler = new RetryAfterScheduler()
    const seconds = Array.from({ length: 10_000 }, () => scheduler.next(0, 1))
    const perSecond = new Map<number, number>()
    for (const second of seconds) perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(1001)
    expect(Math.max(...seconds)).toBe(11)
  })

  it('is at most two seconds after a quiet minute', () => {
    const scheduler = new RetryAfterScheduler()
    for (let refused = 0; refused < 5000; refused++) scheduler.next(0, 1)
    expect(scheduler.next(60_000, 1)).toBeLessThanOrEqual(2)
  })

  it('is never longer than a minute', () => {
    const scheduler = new RetryAfterScheduler()
    for (let refused = 0; refused < 1000; refused++) expect(scheduler.next(0, 1000)).toBeLessThanOrEqual(60)
  })
})
