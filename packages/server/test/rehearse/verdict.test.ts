import { describe, expect, it } from 'vitest'
import { judge as judgeWith, type RequestResult } from '../../src/rehearse/verdict.js'

const judge = (results: RequestResult[], lateness: { atMs: number; lateMs: number }[], usesRedis = true) =>
  judgeWith(results, lateness, { usesRedis })

const result = (change: Partial<RequestResult> = {}): RequestResult => ({
  kind: 'arrival',
  atMs: 0,
  tookMs: 40,
  outcome: 'ok',
  shortLived: false,
  rejected: [],
  steps: { identity: 10, limits: 1, signing: 2 },
  ...change,
})
/** A hundred successful requests, ten a second. `change` modifies some of them. */
const show = (change: (index: number) => Partial<RequestResult>): RequestResult[] =>
  Array.from({ length: 100 }, (_, index) => result({ atMs: index * 100, ...change(index) }))

describe('judge', () => {
  it('passes a good server, with its figures', () => {
    const verdict = judge(
      show((index) => ({ tookMs: index })),
      [],
    )
    expect(verdict).toMatchObject({ holds: true, bottleneck: null, requests: 100, succeeded: 100 })
    expect(verdict).toMatchObject({ p50: 50, p95: 95, p99: 99, outcomes: { ok: 100 } })
    expect(verdict.steps).toEqual({ identity: 10, limits: 1, signing: 2 })
    expect(verdict.peakPerSecond).toBe(10)
  })

  it.each<[string, Partial<RequestResult>]>([
    ['identity', { steps: { identity: 1500 } }],
    ['identity', { outcome: 'identity-unavailable' }],
    ['identity', { rejected: ['identity-unavailable'] }],
    ['redis', { steps: { limits: 300 } }],
    ['rate-limit', { outcome: 'rate-limited' }],
    ['rate-limit', { rejected: ['rate-limited'] }],
    ['cpu', { outcome: 'overloaded' }],
    ['cpu', { steps: { signing: 1200 } }],
    ['connections', { outcome: 'connection' }],
    ['keys', { outcome: 'key-expired' }],
    ['keys', { shortLived: true }],
    ['keys', { outcome: 'key-not-registered' }],
    ['server', { outcome: 'timeout' }],
    ['server', { outcome: 'unexpected' }],
    ['server', { outcome: 'server-error' }],
  ])('reports %s', (id, change) => {
    const verdict = judge(
      show((index) => (index % 10 === 9 ? change : {})),
      [],
    )
    expect(verdict.holds).toBe(false)
    expect(verdict.bottleneck).toMatchObject({ id, firstMs: 900, share: 0.1 })
    expect(verdict.bottleneck!.remediation).not.toBe('')
  })

  it('counts tokens in the busiest second and in the busiest five seconds, at any offset', () => {
    // a pause of one second, and then the delayed requests: 20 a second in total
    const paused = Array.from({ length: 100 }, (_, index) => {
      const atMs = index * 50
      return result({ atMs, tookMs: atMs >= 1500 && atMs < 2500 ? 2500 - atMs : 0 })
    })
    const verdict = judge(paused, [])
    expect(verdict.peakPerSecond).toBe(40)
    expect(verdict.sustainedPerSecond).toBeCloseTo(20, 0)
    expect(judge([result()], []).sustainedPerSecond).toBe(1)
    expect(judge([], []).sustainedPerSecond).toBe(0)
  })

  it('reports the first of several problems', () => {
    const verdict = judge(
      show((index) =>
        index > 50 ? { outcome: 'overloaded' } : index > 30 ? { outcome: 'rate-limited' } : {},
      ),
      [],
    )
    expect(verdict.bottleneck).toMatchObject({ id: 'rate-limit', firstMs: 3100 })
  })

  it('tolerates one failed request in two hundred', () => {
    const results = Array.from({ length: 1000 }, (_, index) =>
      result(index < 5 ? { outcome: 'connection' } : {}),
    )
    expect(judge(results, []).holds).toBe(true)
  })

  it('tolerates two failed requests of one pause, unless no request succeeds', () => {
    const paused = { outcome: 'timeout', steps: { limits: 5000, signing: 5000 } }
    const few = (count: number) =>
      Array.from({ length: 20 }, (_, index) => result(index < count ? paused : {}))
    expect(judge(few(2), []).holds).toBe(true)
    expect(judge(few(3), []).holds).toBe(false)
    expect(judge([result(paused), result(paused)], []).holds).toBe(false)
    expect(judge([result(paused)], []).holds).toBe(false)
  })

  it('doesn’t report Redis if the server has none', () => {
    const slow = show(() => ({ steps: { limits: 300 } }))
    expect(judge(slow, []).bottleneck).toMatchObject({ id: 'redis' })
    expect(judge(slow, [], false).holds).toBe(true)
  })

  it('reports slow tokens with a cause outside the server', () => {
    expect(
      judge(
        show(() => ({ tookMs: 3000 })),
        [],
      ).bottleneck,
    ).toMatchObject({ id: 'server', share: 1 })
  })

  it('reports this machine if it sends late, unless the server reports a problem', () => {
    const late = Array.from({ length: 100 }, (_, index) => ({ atMs: index, lateMs: 900 }))
    expect(
      judge(
        show(() => ({ tookMs: 3000 })),
        late,
      ).bottleneck,
    ).toMatchObject({ id: 'this-machine' })
    expect(
      judge(
        show(() => ({ outcome: 'overloaded' })),
        late,
      ).bottleneck,
    ).toMatchObject({ id: 'cpu' })
  })

  it('accepts more results than a call accepts arguments', () => {
    const results = Array.from({ length: 200_000 }, (_, index) =>
      result({ atMs: index, outcome: 'overloaded' }),
    )
    expect(judge(results, []).bottleneck).toMatchObject({ id: 'cpu', firstMs: 0 })
  })

  it('reports no problem if the rehearsal ended before its first request', () => {
    expect(judge([], [])).toMatchObject({ holds: true, requests: 0, p95: 0 })
  })
})
