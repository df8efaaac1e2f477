import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planRequests, type Audience } from '../../src/rehearse/plan.js'
import { seeded } from '../seeded.js'

const AUDIENCE: Audience = {
  viewers: 20_000,
  withinMs: 60_000,
  reloads: 0.05,
  badNetworks: 0.03,
  tokenTtlMs: 3_600_000,
}

describe('planRequests', () => {
  const plan = planRequests(AUDIENCE, seeded(7))
  const of = (kind: string) => plan.filter((request) => request.kind === kind)

  it('has one arrival for each viewer, within the time, and the requested shares', () => {
    expect(of('arrival')).toHaveLength(AUDIENCE.viewers)
    expect(new Set(of('arrival').map(({ viewer }) => viewer)).size).toBe(AUDIENCE.viewers)
    expect(Math.max(...of('arrival').map(({ atMs }) => atMs))).toBeLessThanOrEqual(AUDIENCE.withinMs)
    expect(of('reload').length / AUDIENCE.viewers).toBeCloseTo(AUDIENCE.reloads, 1)
    const broken = of('arrival').filter(({ breaksAfterMs }) => breaksAfterMs !== null)
    expect(broken.length / AUDIENCE.viewers).toBeCloseTo(AUDIENCE.badNetworks, 1)
    // 20,000 viewers with tokens of one hour: 7.4 refreshes a second
    expect(of('refresh')).toHaveLength(444)
  })

  it('has three quarters of the arrivals in the first half of the time', () => {
    const early = of('arrival').filter(({ atMs }) => atMs < AUDIENCE.withinMs / 2)
    expect(early.length / AUDIENCE.viewers).toBeCloseTo(0.75, 1)
  })

  it('is sorted by time, for any audience', () => {
    fc.assert(
      fc.property(
        fc.record({
          viewers: fc.integer({ min: 1, max: 300 }),
          withinMs: fc.integer({ min: 1, max: 100_000 }),
          reloads: fc.double({ min: 0, max: 1, noNaN: true }),
          badNetworks: fc.double({ min: 0, max: 1, noNaN: true }),
          tokenTtlMs: fc.integer({ min: 60_000, max: 86_400_000 }),
        }),
        fc.integer(),
        (audience, seed) => {
          const times = planRequests(audience, seeded(seed)).map(({ atMs }) => atMs)
          expect(times).toEqual([...times].sort((one, other) => one - other))
        },
      ),
    )
  })
})
