import fc from 'fast-check'
import { ENGINES, type PageReport } from 'kinescope-chat/contract'
import { describe, expect, it } from 'vitest'
import { readPageReport, ReportLimit, ReportSampling } from '../../src/endpoint/page-report.js'

const SITE = 'https://www.example.com'
const isListed = (origin: string) => origin === SITE
const REPORT: PageReport = {
  code: 'ready',
  ms: 640,
  engine: 'chromium',
  engine_version: 156,
  origin: SITE,
  version: '1.0.0',
}
const read = (change: object) => readPageReport(JSON.stringify({ ...REPORT, ...change }), isListed)

describe('readPageReport', () => {
  it('reads a report', () => {
    expect(read({})).toEqual({ code: 'ready', readySeconds: 0.64, engine: 'chromium', origin: SITE })
    expect(read({ code: 'frame-blocked' })).toMatchObject({ code: 'frame-blocked', readySeconds: null })
  })

  it.each([
    [{ code: 'frame-blocked-1' }, { code: 'other' }],
    [{ code: '__proto__' }, { code: 'other' }],
    [{ engine: 'netscape' }, { engine: 'other' }],
    [{ origin: 'https://evil.example' }, { origin: 'other' }],
    [{ origin: 7 }, { origin: 'other' }],
    [{ ms: 1e300 }, { readySeconds: null }],
    [{ ms: -1 }, { readySeconds: null }],
  ])('creates no new series for %j', (change, counted) => expect(read(change)).toMatchObject(counted))

  it.each(['', '{', '[]', 'null', '"ready"', '{"code":"ready"}', '{"code":1,"ms":1,"engine":"x"}'])(
    'rejects %s',
    (text) => expect(readPageReport(text, isListed)).toBeNull(),
  )

  it('returns values from a fixed set, for any report', () => {
    const series = new Set<string>()
    fc.assert(
      fc.property(
        fc.record({ code: fc.string(), ms: fc.double(), engine: fc.string(), origin: fc.webUrl() }),
        (body) => {
          const counted = readPageReport(JSON.stringify(body), isListed)
          if (counted) series.add([counted.code, counted.engine, counted.origin].join(' '))
        },
      ),
    )
    for (const name of series)
      expect(name).toMatch(new RegExp(`^(ready|other|[a-z-]+) (${ENGINES.join('|')}) other$`))
  })
})

describe('ReportLimit', () => {
  it('accepts fifty reports a second from all senders together', () => {
    const limit = new ReportLimit()
    const taken = (now: number) =>
      Array.from({ length: 10_000 }, () => limit.admits(now)).filter(Boolean).length
    expect(taken(0)).toBe(50)
    expect(taken(1)).toBe(0)
    expect(taken(1_001)).toBe(50)
    expect(taken(1_000_000)).toBe(50)
  })
})

describe('ReportSampling', () => {
  /** The share of reports if each visit sends one, at this rate of tokens for a minute. */
  const reportsFor = (tokensPerSecond: number) => {
    const sampling = new ReportSampling()
    let reports = 0
    const tokens = tokensPerSecond * 60
    for (let index = 0; index < tokens; index++) reports += sampling.next((index / tokensPerSecond) * 1000)
    return { share: reports / tokens, perSecond: reports / 60 }
  }

  it('requests a report from every visit on a quiet day', () => expect(reportsFor(2).share).toBe(1))

  it('requests at most 2 % if 100,000 visitors come within a minute', () => {
    const { share, perSecond } = reportsFor(1667)
    expect(share).toBeLessThan(0.02)
    expect(perSecond).toBeGreaterThan(5)
  })

  it('requests a report from every visit again after the crowd', () => {
    const sampling = new ReportSampling()
    for (let index = 0; index < 5000; index++) sampling.next(index)
    expect(sampling.next(5_000)).toBeLessThan(0.1)
    expect(sampling.next(60_000)).toBe(1)
  })
})
