import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOrigin, judgeOrigin, preflightHeaders } from '../../src/endpoint/origin.js'

const LISTED = 'https://www.example.com'
const allowed = (asked: string | null) =>
  preflightHeaders(LISTED, asked)['Access-Control-Allow-Headers']?.split(', ') ?? []

describe('a preflight', () => {
  it('lets the page send what monitoring adds to every request', () => {
    const monitoring = [
      'traceparent',
      'tracestate',
      'baggage',
      'sentry-trace',
      'x-datadog-trace-id',
      'x-datadog-sampling-priority',
      'b3',
      'x-b3-traceid',
      'newrelic',
      'x-request-id',
      'x-requested-with',
    ]
    expect(allowed(monitoring.join(','))).toEqual(['authorization', 'content-type', ...monitoring])
    expect(allowed(monitoring.join(' ,\t').toUpperCase())).toEqual([
      'authorization',
      'content-type',
      ...monitoring,
    ])
  })

  it('lets it send nothing else', () => {
    for (const asked of [
      null,
      '',
      '*',
      'cookie',
      'x-user-id, x-forwarded-for',
      'x-datadog-',
      'x-b3-é',
      'x-datadog-a b',
    ])
      expect(allowed(asked), String(asked)).toEqual(['authorization', 'content-type'])
    expect(preflightHeaders(null, 'traceparent')).toEqual({})
  })

  it('answers any list with a short list of names', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 5000 }), fc.constant('x-b3-a,'.repeat(5000))), (asked) => {
        const text = preflightHeaders(LISTED, asked)['Access-Control-Allow-Headers']!
        expect(text).toMatch(/^[a-z\d, -]+$/)
        expect(text.length).toBeLessThan(2100)
      }),
    )
  })
})

describe('an origin', () => {
  it('never throws and never lets a stranger in, whatever it says', () => {
    const list = new Set([LISTED])
    const text = fc.option(
      fc.oneof(fc.string(), fc.webUrl(), fc.constantFrom('null', '*', LISTED, `${LISTED}.`)),
    )
    fc.assert(
      fc.property(text, fc.option(fc.constantFrom('same-site', 'cross-site', 'x')), (origin, fetchSite) => {
        const verdict = judgeOrigin({ origin, fetchSite, ownOrigin: null }, list)
        expect(verdict.allowed).toBe(origin === LISTED)
        expect([LISTED, null]).toContain(verdict.readable)
        if (origin !== null && isOrigin(origin)) expect(new URL(origin).origin).toBe(origin)
      }),
    )
  })
})
