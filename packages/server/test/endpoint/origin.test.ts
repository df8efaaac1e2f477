import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isOrigin,
  isOriginPattern,
  judgeOrigin,
  ORIGIN_DETAILS,
  originList,
  originListFault,
  preflightHeaders,
} from '../../src/endpoint/origin.js'

const LISTED = 'https://www.example.com'
const allowed = (asked: string | null) =>
  preflightHeaders(LISTED, asked)['Access-Control-Allow-Headers']?.split(', ') ?? []

describe('the server’s own origin', () => {
  it.each([
    ['https://www.example.org', 'https://www.example.org', true],
    ['https://www.example.org:443', 'https://www.example.org', true],
    ['http://www.example.org:80', 'http://www.example.org', true],
    ['HTTPS://WWW.Example.org', 'https://www.example.org', true],
    ['http://[::1]:80', 'http://[::1]', true],
    ['https://www.example.org:8443', 'https://www.example.org', false],
    ['http://www.example.org', 'https://www.example.org', false],
    ['https://www.example.org', 'HTTPS://www.example.org', false],
    ['http://', 'null', false],
    ['http://', 'http://', false],
  ])('%s is as the page of %s: %s', (ownOrigin, origin, isAllowed) => {
    const verdict = judgeOrigin({ origin, fetchSite: null, ownOrigin }, originList([]))
    expect(verdict.allowed).toBe(isAllowed)
  })
})

describe('a preflight', () => {
  it('allows the headers that monitoring adds to every request', () => {
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

  it('allows no other header', () => {
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

  it('has a short list of names in the response, for any requested list', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 5000 }), fc.constant('x-b3-a,'.repeat(5000))), (asked) => {
        const text = preflightHeaders(LISTED, asked)['Access-Control-Allow-Headers']!
        expect(text).toMatch(/^[a-z\d, -]+$/)
        expect(text.length).toBeLessThan(2100)
      }),
    )
  })
})

describe('a request without Origin', () => {
  it.each([
    [null, null, 'no-origin'],
    ['', null, 'no-origin'],
    [null, 'cross-site', 'origin-removed'],
    ['', 'same-site', 'origin-removed'],
    [null, 'none', 'navigation'],
    ['https://evil.test', 'cross-site', 'origin-not-listed'],
  ])('%j with Sec-Fetch-Site %j is refused as %s', (origin, fetchSite, reason) => {
    const verdict = judgeOrigin({ origin, fetchSite, ownOrigin: null }, originList([LISTED]))
    expect(verdict).toEqual({ allowed: false, readable: null, reason })
    expect(reason === 'origin-not-listed' || ORIGIN_DETAILS[reason as 'no-origin']).toBeTruthy()
  })
})

describe('an origin', () => {
  it('is never parsed with an exception, and is allowed only if it is listed', () => {
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

describe('the origin of an app', () => {
  it.each([
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'app://com.example.chat',
    'http://localhost',
    'https://tauri.localhost',
    'capacitor://localhost:8080',
    'app://.',
    'app://-',
    'capacitor-electron://-',
    'app://my_app',
  ])('is a valid list entry: %s', (origin) => {
    expect(isOrigin(origin)).toBe(true)
    expect(originListFault([origin])).toBeNull()
    const page = { origin, fetchSite: null, ownOrigin: null }
    expect(judgeOrigin(page, originList([origin]))).toEqual({ allowed: true, readable: origin })
    expect(judgeOrigin(page, originList([LISTED]))).toMatchObject({ allowed: false })
  })

  it.each([
    'capacitor://',
    'ionic://',
    'Capacitor://localhost',
    'capacitor://localhost/',
    'capacitor://localhost/page',
    'capacitor://user@localhost',
    'capacitor://local host',
    'file://localhost',
    'file:///page',
    'data://x',
    'blob://x',
    'ws://localhost',
    'ftp://localhost',
    'javascript://localhost',
    'about://blank',
    'null',
    '*',
    'capacitor://*',
    'capacitor://localhost:99999',
  ])('is not a valid list entry: %s', (origin) => {
    expect(isOrigin(origin)).toBe(false)
    expect(originListFault([origin])?.remedy).toBeTruthy()
  })
})

it.each([
  ['capacitor://localhost/', 'capacitor://localhost'],
  ['Capacitor://LocalHost/page', 'capacitor://localhost'],
  ['app://./index.html', 'app://.'],
  ['https://my-app-*.example.app/', 'https://my-app-*.example.app'],
  ['https://My-App-*.example.app/page', 'https://my-app-*.example.app'],
  ['https://my-app-*.example.app:443', 'https://my-app-*.example.app'],
  ['https://www.example.com:443/', LISTED],
])('the remedy for %s is to write %s', (entry, meant) => {
  expect(originListFault([entry])?.remedy).toBe(`Write ${meant}`)
  expect(originListFault([meant])).toBeNull()
})

it.each(['https://a.example;https://b.example', "https://a.example'", 'https://a.example|https://b.example'])(
  'a list with another separator than a comma is rejected, and the remedy names commas: %s',
  (entry) => {
    expect(isOrigin(entry)).toBe(false)
    expect(originListFault([entry])?.remedy).toMatch(/in full.* with commas/)
  },
)

describe('the pattern for preview deployments', () => {
  const has = (pattern: string, origin: string) => originList([pattern, LISTED]).has(origin)

  it.each([
    ['https://my-app-*.example.app', 'https://my-app-1a2b.example.app', true],
    ['https://my-app-*.example.app', 'https://my-app-git-main-x9.example.app', true],
    ['https://*-my-team.example.app', 'https://pr-7-my-team.example.app', true],
    ['https://shop-*-team.example.app', 'https://shop-pr7-team.example.app', true],
    ['https://pr-*.preview.example.com:8443', 'https://pr-7.preview.example.com:8443', true],
    ['https://my-app-*.example.app', LISTED, true],
    ['https://my-app-*.example.app', 'https://my-app-.example.app', false],
    ['https://my-app-*.example.app', 'https://my-app-a.b.example.app', false],
    ['https://my-app-*.example.app', 'https://my-app-x.example.app.evil.test', false],
    ['https://my-app-*.example.app', 'https://evil.test/my-app-x.example.app', false],
    ['https://my-app-*.example.app', 'https://my-app-@evil.example.app', false],
    ['https://my-app-*.example.app', 'http://my-app-x.example.app', false],
    ['https://my-app-*.example.app', 'https://my-app-x.example.app:8443', false],
    ['https://my-app-*.example.app', 'https://my-app-X.example.app', false],
    ['https://my-app-*.example.app', `https://my-app-${'x'.repeat(57)}.example.app`, false],
    ['https://*-my-team.example.app', 'https://-my-team.example.app', false],
    ['https://*-my-team.example.app', 'https://a.pr-my-team.example.app', false],
    ['https://aaa-*-aab.example.app', 'https://aaa-aab.example.app', false],
  ])('%s and %s: %s', (pattern, origin, matches) => {
    expect(originListFault([pattern])).toBeNull()
    expect(has(pattern, origin)).toBe(matches)
  })

  it.each([
    'https://*.example.app',
    'https://a*.example.app',
    'https://*.com',
    'https://my-app-*.com',
    'https://*',
    'https://*:8443',
    'http://my-app-*.example.app',
    'https://my-app-*.*.example.app',
    'https://my-*-app-*.example.app',
    'https://www.my-app-*.example.app',
    'https://example.*',
    'https://-my-app-*.example.app',
    'https://xn---*-hmce.example.app',
    'https://my-app-*.example.app:99999',
    'capacitor://my-app-*.example.app',
  ])('is not %s', (pattern) => {
    expect(isOriginPattern(pattern)).toBe(false)
    const fault = originListFault([pattern])
    expect(fault?.remedy).toContain('https://my-app-*.example.app')
    expect(fault?.remedy).not.toContain(`Write ${pattern}`)
  })

  it('can be listed only once', () => {
    const both = ['https://my-app-*.example.app', 'https://*-my-team.example.app']
    expect(originListFault(both)).toMatchObject({ origin: both[1], fault: 'holds more than one pattern.' })
  })
})
