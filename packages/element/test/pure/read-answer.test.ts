import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WIRE_STATUSES, type ElementCode } from '../../src/contract.js'
import { ChatFailure, retryPolicyOf, type Failure } from '../../src/problems.js'
import { readAnswer, readReply, readRetryAfter } from '../../src/token/answer.js'

const PAGE = '<!doctype html><html><head><title>Just a moment...</title></head><body>Checking</body></html>'
type Input = {
  status: number
  body?: string | undefined
  headers?: Record<string, string>
  type?: ResponseType
}

function read({ status, body = '', headers = {}, type = 'cors' }: Input): Failure | 'token' {
  try {
    readAnswer({ status, type, headers: new Headers(headers), body })
    return 'token'
  } catch (error) {
    if (error instanceof ChatFailure) return error.failure
    throw error
  }
}
const codeOf = (input: Input) => {
  const outcome = read(input)
  return outcome === 'token' ? outcome : outcome.code
}
const json = (status: number, value: unknown, type = 'application/json'): Input => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': type },
})
const text = (status: number, body: string, type?: string): Input => ({
  status,
  body,
  headers: type === undefined ? {} : { 'content-type': type },
})

describe('the sender of a response', () => {
  const own: [string, Input, ElementCode | 'token'][] = [
    ['a token', json(200, { token: 'a.b.c' }), 'token'],
    [
      'a token from a script that names no type',
      text(200, '{"token":"a.b.c"}', 'text/html; charset=UTF-8'),
      'token',
    ],
    [
      'a token after a byte order mark’s worth of white space',
      text(201, '\n {"token":"a.b.c"}\n', 'text/plain'),
      'token',
    ],
    ['an empty 401', text(401, ''), 'sign-in-required'],
    ['an empty 403 under any type', text(403, ' \n', 'text/html'), 'access-denied'],
    ['a 403 in JSON', json(403, { error: 'banned' }), 'access-denied'],
    ['a 403 in JSON that a script calls HTML', text(403, '{"error":"banned"}', 'text/html'), 'access-denied'],
    ['a 401 of JSON null', json(401, null), 'sign-in-required'],
    ['a 403 of a JSON list', json(403, []), 'access-denied'],
    ['a 403 of a JSON string', json(403, 'banned'), 'access-denied'],
    ['a 403 in words', text(403, 'Forbidden', 'text/plain; charset=utf-8'), 'access-denied'],
    ['a 403 in words, without a type', text(403, 'Доступ закрыт'), 'access-denied'],
    [
      'a 401 in words that are called JSON',
      text(401, 'no JSON here', 'application/json'),
      'sign-in-required',
    ],
    [
      'a 401 of a framework',
      json(401, { statusCode: 401, message: 'Unauthorized', error: 'x' }),
      'sign-in-required',
    ],
    [
      'a 401 with its status as the code',
      json(401, { code: 401, message: 'JWT not found' }),
      'sign-in-required',
    ],
    [
      'a 403 with about:blank',
      json(403, { type: 'about:blank', title: 'Forbidden', status: 403 }),
      'access-denied',
    ],
    [
      'a 403 with the type of its status',
      json(403, {
        type: 'https://tools.ietf.org/html/rfc9110#section-15.5.4',
        title: 'Forbidden',
        status: 403,
        traceId: '00-1',
      }),
      'access-denied',
    ],
    ['a 403 with more members', json(403, { error: 'banned', until: 1, user: { id: 7 } }), 'access-denied'],
    [
      'a 401 of an older framework',
      json(401, { Message: 'Authorization has been denied.' }),
      'sign-in-required',
    ],
    ['a 403 with a nested text', json(403, { error: { message: 'banned' } }), 'access-denied'],
    ['a 403 with nested details', json(403, { detail: { code: 'banned', message: 'x' } }), 'access-denied'],
    ['a 401 that says no', json(401, { success: false, data: null, errors: [] }), 'sign-in-required'],
    ['an empty JSON object', text(401, '{}', 'text/html'), 'sign-in-required'],
    ['a 401 with a fact of its own', json(401, { authenticated: false, user: null }), 'sign-in-required'],
    ['a 403 with a code of its own', json(403, { code: 'E_BANNED' }), 'access-denied'],
    ['a 403 with a code of ours for another status', json(403, { code: 'rate-limited' }), 'access-denied'],
  ]
  it.each(own)('is the endpoint: %s', (_, input, code) => expect(codeOf(input)).toBe(code))

  it.each(Object.entries(WIRE_STATUSES))(
    'is the endpoint: %s at its own statuses alone',
    (code, statuses) => {
      for (const status of [200, 400, 401, 403, 404, 405, 413, 415, 418, 429, 500, 502, 503]) {
        const mine = (statuses as readonly number[]).includes(status)
        const outcome = codeOf(json(status, { code }, 'application/problem+json'))
        if (mine) expect(outcome).toBe(code)
        else if (status === 401) expect(outcome).toBe('sign-in-required')
        else if (status === 403) expect(outcome).toBe('access-denied')
        else expect(outcome).toMatch(/^endpoint-|^rate-limited$/)
      }
    },
  )

  const foreign: [string, Input][] = [
    ['a challenge', text(403, PAGE, 'text/html; charset=UTF-8')],
    ['a challenge called plain text', text(403, PAGE, 'text/plain')],
    ['a challenge called JSON', text(403, `  ${PAGE}`, 'application/json')],
    ['a challenge of no type', text(401, PAGE)],
    ['a page in capitals', text(403, '<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD>', 'TEXT/HTML')],
    ['a page that begins with a comment', text(403, '\ufeff<!-- waf --><body>no</body>', 'text/plain')],
    ['a page after words', text(403, 'Warning: x\n<html>', 'text/plain')],
    ['XHTML', text(401, '<?xml version="1.0"?><html xmlns="x"/>', 'application/xhtml+xml')],
    ['words that are called HTML', text(403, 'Blocked', 'text/html')],
    ['a store’s XML', text(403, '<Error><Code>AccessDenied</Code></Error>', 'application/xml')],
    ['a binary', text(403, 'GIF89a', 'image/gif')],
    ['a page in a JSON string', json(403, PAGE)],
    ['words with a line break of a page', text(403, 'Request blocked.<br>Ref 12', 'text/plain')],
    ['words with a link in them', text(403, 'Blocked, see <a href="/x">this</a>')],
    ['the end of a page', text(403, 'Access denied\n<center>gate</center>', 'text/plain')],
    ['a page in UTF-16', text(403, '\ufffd\ufffd<\0h\0t\0m\0l\0>\0', 'text/plain')],
    ['a page in UTF-16 of the other order', text(401, '\0<\0p\0>')],
    ['a script', text(403, 'location = "/challenge"', 'text/javascript')],
    ['a text for machines', text(403, '# Error 1015', 'text/markdown')],
    ['a CDN’s number, written otherwise', text(403, 'Error code: 1020\r\n', 'text/plain')],
    ['JSON that breaks off', text(403, '{"code":"access-den', 'application/json')],
    ['a CDN’s number', text(403, 'error code: 1020', 'text/plain; charset=UTF-8')],
    [
      'WordPress’s own rejection',
      json(403, { code: 'rest_cookie_invalid_nonce', message: 'Cookie check failed', data: { status: 403 } }),
    ],
    ['WordPress’s failed nonce', text(403, '-1', 'text/html; charset=UTF-8')],
    ['WordPress’s unknown action', text(403, '0', 'text/html; charset=UTF-8')],
    ['a JSON text that is called HTML', text(401, '"no"', 'text/html')],
    [
      'WordPress’s list of errors',
      json(403, [{ code: 'rest_forbidden', message: 'x', data: { status: 403 } }]),
    ],
    [
      'WordPress’s errors of an older endpoint',
      json(403, { success: false, data: [{ code: 'invalid_nonce', message: 'x' }] }),
    ],
    ['MediaWiki’s error', json(403, { error: { code: 'badtoken', info: 'Invalid CSRF token.' } })],
    [
      'Bitrix’s error',
      json(401, { status: 'error', data: null, errors: [{ message: 'x', code: 'invalid_csrf' }] }),
    ],
    ['JSON:API’s errors', json(403, { errors: [{ title: 'Forbidden', code: 403 }] })],
    ['Yandex Cloud’s error', json(403, { errorCode: 403, errorMessage: 'x', errorType: 'ClientError' })],
    ['Apigee’s error', json(401, { fault: { faultstring: 'x', detail: { errorcode: 'x' } } })],
    ['Akamai’s challenge', json(403, { 'sec-cp-challenge': 'true', provider: 'crypto', token: 'x' })],
    ['DataDome’s challenge', json(403, { url: 'https://geo.captcha-delivery.com/captcha/?initialCid=x' })],
    ['Imperva’s block', json(403, { errorCode: 15, description: 'x', incidentId: '1-2', hostName: 'x' })],
    ['F5’s block', json(403, { supportID: '1234567890' })],
    ['HUMAN’s challenge', json(403, { appId: 'x', jsClientSrc: '/x', hostUrl: '', blockScript: '/x' })],
    [
      'Cloudflare’s JSON',
      json(403, { success: false, errors: [{ code: 9109, message: 'x' }], messages: [] }),
    ],
    ['Google’s error', json(403, { error: { code: 403, message: 'x', status: 'PERMISSION_DENIED' } })],
    ['Spring’s error', json(403, { timestamp: 'x', status: 403, error: 'Forbidden', path: '/token' })],
    ['GraphQL’s errors', json(401, { errors: [{ message: 'x', extensions: {} }] })],
    [
      'another product’s problem',
      json(403, { type: 'https://waf.example/blocked', title: 'Blocked', status: 403 }),
    ],
    [
      'an answer that a guard puts its name to',
      { ...text(403, ''), headers: { 'cf-mitigated': 'challenge' } },
    ],
    ['a refusal that never ends', { ...text(403, ''), body: undefined, type: 'cors' }],
  ]
  it.each(foreign)('is an intermediary, so it causes no rejection: %s', (_, input) => {
    const outcome = input.body === undefined ? readEndless(input.status) : read(input)
    expect(outcome).toMatchObject({ code: 'endpoint-bad-reply', status: input.status })
    expect(retryPolicyOf(outcome as Failure)).toBe('intermediary')
    expect((outcome as Failure).reason).not.toBe('')
  })
  const readEndless = (status: number) => {
    try {
      return readAnswer({ status, type: 'cors', headers: new Headers(), body: undefined })
    } catch (error) {
      return (error as ChatFailure).failure
    }
  }

  const byStatus: [string, Input, ElementCode][] = [
    ['a redirect', { status: 0, type: 'opaqueredirect' }, 'endpoint-bad-reply'],
    ['a page with 200', text(200, PAGE, 'text/html'), 'endpoint-bad-reply'],
    ['nothing with 200', text(200, ''), 'endpoint-bad-reply'],
    ['204', text(204, ''), 'endpoint-bad-reply'],
    ['202 of a guard', text(202, '', 'text/html'), 'endpoint-bad-reply'],
    ['304', text(304, ''), 'endpoint-bad-reply'],
    ['a number for a token', json(200, { token: 42 }), 'endpoint-bad-reply'],
    ['a token in a list', json(200, [{ token: 'a.b.c' }]), 'endpoint-bad-reply'],
    ['JSON null', json(200, null), 'endpoint-bad-reply'],
    ['a bare string', json(200, 'a.b.c'), 'endpoint-bad-reply'],
    ['JSON that breaks off', text(200, '{"token":"a.b', 'application/json'), 'endpoint-bad-reply'],
    ['a refusal that is called 200', json(200, { code: 'access-denied' }), 'endpoint-bad-reply'],
    ['a code of nobody’s wire', json(400, { code: 'offline' }), 'endpoint-bad-reply'],
    ['a bare 400', text(400, 'Bad Request', 'text/plain'), 'endpoint-bad-reply'],
    ['a framework’s 405', json(405, { detail: 'Method Not Allowed' }), 'endpoint-bad-reply'],
    ['a proxy’s sign-in', text(407, PAGE, 'text/html'), 'endpoint-bad-reply'],
    ['a dead CSRF token', text(419, PAGE, 'text/html'), 'endpoint-bad-reply'],
    ['a page that isn’t there', text(404, PAGE, 'text/html'), 'endpoint-not-found'],
    ['a framework’s 404 in JSON', json(404, { code: 'not_found' }), 'endpoint-not-found'],
    ['a CDN’s limit', text(429, 'error code: 1015', 'text/plain'), 'rate-limited'],
    ['a proxy’s 502', text(502, PAGE, 'text/html'), 'endpoint-error'],
    ['a CDN’s 522', text(522, PAGE, 'text/html'), 'endpoint-error'],
    ['a code of ours, at 502', json(502, { code: 'key-expired' }), 'endpoint-error'],
    ['a CDN’s 530', text(530, 'error code: 1033', 'text/plain'), 'endpoint-error'],
    ['599', text(599, ''), 'endpoint-error'],
    ['a status of nobody’s', text(999, 'no', 'text/plain'), 'endpoint-bad-reply'],
    ['a token at 404', json(404, { token: 'a.b.c' }), 'endpoint-not-found'],
    ['a token at 300', json(300, { token: 'a.b.c' }), 'endpoint-bad-reply'],
    ['a token within an envelope', json(200, { data: { token: 'a.b.c' } }), 'endpoint-bad-reply'],
    [
      'a token behind a notice',
      text(200, '<br>Notice: x{"token":"a.b.c"}', 'text/html'),
      'endpoint-bad-reply',
    ],
    ['a guard against scripts before JSON', text(200, ')]}\',\n{"token":"a.b.c"}'), 'endpoint-bad-reply'],
    ['errors as GraphQL puts them', json(200, { errors: [{ code: 'access-denied' }] }), 'endpoint-bad-reply'],
    ['an answer that may not be read', { status: 0, type: 'opaque' }, 'endpoint-bad-reply'],
    ['too early', text(425, ''), 'endpoint-bad-reply'],
    ['a hotel’s 511', text(511, PAGE, 'text/html'), 'endpoint-error'],
  ]
  it.each(byStatus)('is unknown, so the status decides: %s', (_, input, code) => {
    const outcome = read(input) as Failure
    expect(outcome.code).toBe(code)
    expect(outcome.reason).not.toBe('')
    expect(retryPolicyOf(outcome)).not.toMatch(/revoke|keep/)
  })

  it('is described with the response, without invisible characters', () => {
    const { reason } = read({
      ...text(403, PAGE, 'text/html'),
      headers: { 'content-type': 'text/html', server: `cloud${'x'.repeat(200)}` },
    }) as Failure
    expect(reason).toContain('HTML')
    expect(reason).toContain('403')
    expect(reason).toContain('Just a moment...')
    expect(reason).toContain('"cloudx')
    expect(reason!.length).toBeLessThan(250)
    const bidi = read(text(200, '<title>\u202eevil\u0007</title>', 'text/html')) as Failure
    expect(bidi.reason).toContain('\\u{202e}evil\\u{7}')
  })

  it('never causes a rejection with markup at the start, for any status and type', () => {
    const status = fc.integer({ min: 200, max: 599 })
    const type = fc.constantFrom('', 'text/html', 'text/plain', 'application/json', 'x/y')
    const before = fc.constantFrom('', ' ', '\n\t', '\ufeff', '\u200b')
    const tag = fc.constantFrom('<!DOCTYPE html>', '<html>', '<p>', '<?xml?>', '<svg/>')
    fc.assert(
      fc.property(status, type, before, tag, fc.string(), (status, type, before, tag, rest) => {
        const outcome = read(text(status, before + tag + rest, type)) as Failure
        expect(retryPolicyOf(outcome)).not.toMatch(/revoke|keep/)
      }),
    )
  })

  it('is found in 64 KiB of any content, in a short time', () => {
    for (const unit of ['<', ' <', '<title', '<title><', '[', '\u200b<', 'error code: 1']) {
      const body = unit.repeat(Math.ceil(65_536 / unit.length))
      expect(codeOf(text(403, body, 'text/html'))).toBe('endpoint-bad-reply')
    }
  })
})

describe('the members of a reply', () => {
  it('are dropped and listed if they have the wrong type', () => {
    const good = {
      expires_in: 3600,
      refresh_in: 2700.5,
      chat_id: 'c',
      event_id: 'e',
      warning: 'jwt-not-enabled',
    }
    expect(readReply({ token: 't', ...good })).toEqual({ reply: { token: 't', ...good }, ignored: [] })
    const bad = { expires_in: '3600', refresh_in: NaN, chat_id: 7, event_id: '', warning: 7 }
    expect(readReply({ token: 't', ...bad })).toEqual({ reply: { token: 't' }, ignored: Object.keys(bad) })
    // a timestamp, milliseconds, and a number that JSON can't contain
    for (const expires_in of [1_764_000_000, 86_400_000, Infinity])
      expect(readReply({ token: 't', expires_in })).toEqual({
        reply: { token: 't' },
        ignored: ['expires_in'],
      })
    expect(readReply({ token: 't', expires_in: null, other: 1 })).toEqual({
      reply: { token: 't' },
      ignored: [],
    })
  })

  it('are nothing without a token, for any value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        if (typeof (Object(value) as { token?: unknown }).token === 'string') return
        expect(readReply(value)).toBeUndefined()
      }),
    )
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 25, 12)
  const table: [string | null, number | undefined][] = [
    ['7', 7_000],
    [' 7 ', 7_000],
    ['0', 0],
    ['1.5', 1_500],
    ['7 seconds', 7_000],
    // from a server and its proxy, joined by fetch
    ['120, 60', 120_000],
    ['9'.repeat(400), 3_600_000],
    ['Wed, 25 Nov 2026 12:00:07 GMT', 7_000],
    ['Wednesday, 25-Nov-26 12:00:07 GMT', 7_000],
    ['Wed, 25 Nov 2026 11:00:00 GMT', 0],
    ['Wed, 25 Nov 2099 11:00:00 GMT', 3_600_000],
    [null, undefined],
    ['', undefined],
    ['-5', undefined],
    ['soon 1', undefined],
    ['.', undefined],
    ['7e9', undefined],
    ['2026-11-25', undefined],
    ['2026-11-25T12:00:07Z', undefined],
    ['Wed', undefined],
  ]
  it.each(table)('%s', (value, ms) => expect(readRetryAfter(value, now)).toBe(ms))
})
