import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkToken } from '../../src/token/check-token.js'
import { readRetryAfter } from '../../src/token/answer.js'
import {
  backOff,
  lifeOf,
  REFRESH_FLOOR_MS,
  REFRESH_MARGIN_MS,
  refreshDelay,
  retryIn,
} from '../../src/token/life.js'
import { IDLE, nextState, type ChatState, type SessionEvent } from '../../src/session/state.js'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: object, header: object = {}) =>
  `${encode({ alg: 'RS256', typ: 'JWT', kid: 'key-2024-12-25', ...header })}.${encode({ ...ARTICLE, ...claims })}.c2ln`
/** The payload in Kinescope's own article. */
const ARTICLE = {
  aud: 'chat' as string | string[],
  user_id: 'user-12345',
  username: 'John Smith',
  event_id: 'event-abc-123',
  iat: 1703500800,
  exp: 1703504400,
}

describe('the token checks', () => {
  it('accept the article’s sample, with aud as a string and as the array of its Go code', () => {
    for (const aud of ['chat', ['chat'], ['other', 'chat']]) {
      const check = checkToken(token({ aud }), { eventId: 'event-abc-123', now: ARTICLE.iat })
      expect(check).toMatchObject({
        fault: null,
        claims: { user_id: 'user-12345' },
        header: { kid: 'key-2024-12-25' },
      })
    }
  })

  it('read UTF-8 of any base64url length', () => {
    for (const username of ['Жанна 😀', 'a', 'ab', 'abc', 'abcd'])
      expect(checkToken(token({ username }))).toMatchObject({ fault: null, claims: { username } })
  })

  const table: [string, string, string][] = [
    ['garbage', 'token-malformed', 'not-three-parts'],
    ['a.b', 'token-malformed', 'not-three-parts'],
    ['', 'token-malformed', 'not-three-parts'],
    [`${token({})}=`, 'token-malformed', 'not-three-parts'],
    [`e30K.${encode(ARTICLE)}.`, 'token-malformed', 'not-three-parts'],
    [`!.${encode(ARTICLE)}.c2ln`, 'token-malformed', 'not-three-parts'],
    [`${encode([])}.${encode(ARTICLE)}.c2ln`, 'token-malformed', 'header'],
    [`${encode({ alg: 'RS256', kid: 'k' })}.${encode('x')}.c2ln`, 'token-malformed', 'payload'],
    [token({}, { alg: 'HS256' }), 'bad-algorithm', 'alg'],
    [token({}, { alg: 'none' }), 'bad-algorithm', 'alg'],
    [token({}, { kid: undefined }), 'claim-missing', 'kid'],
    [token({}, { kid: 7 }), 'token-malformed', 'kid-not-a-string'],
    [token({ aud: undefined }), 'claim-missing', 'aud'],
    [token({ aud: 'Chat' }), 'bad-audience', 'aud'],
    [token({ aud: ['x'] }), 'bad-audience', 'aud'],
    [token({ user_id: undefined }), 'claim-missing', 'user_id'],
    [token({ user_id: 7 }), 'token-malformed', 'user_id-not-a-string'],
    [token({ username: '' }), 'claim-missing', 'username'],
    [token({ event_id: null }), 'claim-missing', 'event_id'],
    [token({ event_id: 'other' }), 'wrong-event', 'event_id'],
    [token({ exp: undefined }), 'claim-missing', 'exp'],
    [token({ exp: '1703504400' }), 'token-malformed', 'exp-not-a-number'],
    [token({ exp: 1703504400000 }), 'token-malformed', 'exp-in-milliseconds'],
    [token({ nbf: 1703504400000 }), 'token-malformed', 'nbf-in-milliseconds'],
    [token({ nbf: ARTICLE.iat + 100 }), 'token-not-yet-valid', 'nbf'],
  ]
  it.each(table)('name the fault of %s', (bad, code, reason) => {
    const { fault } = checkToken(bad, { eventId: 'event-abc-123', now: ARTICLE.iat })
    expect(fault).toMatchObject({ code, reason })
    expect(fault!.detail).not.toBe('')
  })

  it.each([
    [-1, false],
    [0, false],
    [1, true],
  ])('check a token that expires in %i s', (left, good) => {
    const fault = checkToken(token({}), { now: ARTICLE.exp - left }).fault
    expect(fault === null).toBe(good)
  })

  it('never throw, and never repeat the token, for any value', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.string(),
      fc
        .tuple(fc.json(), fc.json())
        .map(
          ([a, b]) => `${Buffer.from(a).toString('base64url')}.${Buffer.from(b).toString('base64url')}.c2ln`,
        ),
      fc.record({ aud: fc.anything(), exp: fc.anything(), user_id: fc.anything() }).map((claims) => {
        try {
          return token(claims)
        } catch {
          return ''
        }
      }),
    )
    fc.assert(
      fc.property(anything, fc.option(fc.double(), { nil: undefined }), (value, now) => {
        const { fault } = checkToken(value, { now })
        if (fault && typeof value === 'string' && value.length > 30)
          expect(JSON.stringify(fault)).not.toContain(value)
      }),
    )
  })
})

describe('the detail of a bad token', () => {
  const now = ARTICLE.iat
  const detail = (bad: unknown, expected = { eventId: 'event-abc-123', now }) =>
    checkToken(bad, expected).fault!.detail
  it('contains the found and the expected value', () => {
    expect(detail(token({ aud: 'Chat' }))).toBe('aud is "Chat", must be "chat"')
    expect(detail(token({ aud: ['a', 'b'] }))).toContain('["a","b"]')
    expect(detail(token({}, { alg: 'HS256' }))).toContain('"HS256"')
    const other = detail(token({ event_id: 'other' }))
    expect(other).toContain('"other"')
    expect(other).toContain('"event-abc-123"')
    expect(detail(token({}), { eventId: 'event-abc-123', now: ARTICLE.exp + 720 })).toContain('12 minutes')
    expect(detail(token({ exp: '1703504400' }))).toContain('"1703504400"')
    expect(detail(token({ nbf: now + 7200 }))).toContain('2 hours')
  })

  it('names the wrong member', () => {
    for (const [bad, claim] of [
      [token({ aud: 'x' }), 'aud'],
      [token({}, { kid: 7 }), 'kid'],
      [token({}, { alg: 'none' }), 'alg'],
      [token({ username: undefined }), 'username'],
      [token({ exp: 1e13 }), 'exp'],
    ])
      expect(checkToken(bad, { now }).fault!.claim).toBe(claim)
  })

  it('is cut, escapes invisible characters, and contains no personal data', () => {
    const hostile = detail(token({ aud: `\u202e\u0000\u200b${'x'.repeat(1000)}` }))
    expect(hostile).toContain('\\u{202e}\\u{0}\\u{200b}')
    expect(hostile.length).toBeLessThan(150)
    expect(detail(token({ username: ['Ivan'] }))).not.toContain('Ivan')
    expect(detail(token({ user_id: { id: 'secret' } }))).not.toContain('secret')
    expect(detail('sk-a-secret-of-another-kind')).not.toContain('secret-of')
  })

  it('accepts a megabyte of anything', () => {
    const size = 1_000_000
    for (const bad of [
      '.'.repeat(size),
      'a'.repeat(size),
      `${'a.'.repeat(size / 2)}`,
      `${'a'.repeat(size / 2)}.${'a'.repeat(size / 2)}`,
      `${encode({ alg: 'RS256', kid: 'k' })}.${Buffer.from('['.repeat(size)).toString('base64url')}.c2ln`,
      token({ aud: Array.from({ length: size / 10 }, () => 'chat ') }),
      token({ event_id: 'x'.repeat(size) }),
    ])
      expect(detail(bad).length).toBeLessThan(300)
  })
})

describe('a token’s life', () => {
  const claims = { ...ARTICLE }
  it('is expires_in first, then exp - iat minus its age, then exp - Date', () => {
    expect(lifeOf({ expires_in: 100 }, claims, 0)).toBe(100_000)
    expect(lifeOf({}, claims)).toBe(3_600_000)
    expect(lifeOf({}, claims, claims.iat + 1800)).toBe(1_800_000)
    expect(lifeOf({}, claims, claims.iat - 9999)).toBe(3_600_000)
    const { iat: _, ...without } = claims
    expect(lifeOf({}, without, claims.exp - 60)).toBe(60_000)
    expect(lifeOf({}, without)).toBeGreaterThan(0)
  })

  it('is no longer than the token, whatever expires_in says', () => {
    for (const expires_in of [3_600_000, 86_400, 31_000_000]) {
      expect(lifeOf({ expires_in }, claims)).toBe(3_600_000)
      expect(lifeOf({ expires_in }, claims, claims.iat + 60)).toBe(3_600_000)
    }
  })

  it('has its refresh never before the floor, and never past the margin where the life allows', () => {
    const life = fc.double({ min: 0, max: 1e13, noNaN: true })
    fc.assert(
      fc.property(
        life,
        fc.option(fc.double(), { nil: undefined }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (ms, refreshIn, random) => {
          const delay = refreshDelay(ms, refreshIn, random)
          expect(delay).toBeGreaterThanOrEqual(REFRESH_FLOOR_MS)
          expect(delay).toBeLessThanOrEqual(Math.max(REFRESH_FLOOR_MS, ms - REFRESH_MARGIN_MS))
        },
      ),
    )
  })

  it('has its refresh between 60 and 90 % of an ordinary life', () => {
    expect(refreshDelay(3_600_000, undefined, 0)).toBe(2_160_000)
    expect(refreshDelay(3_600_000, undefined, 1)).toBeCloseTo(3_240_000)
    expect(refreshDelay(60_000, undefined, 0)).toBe(36_000)
  })
})

describe('retrying', () => {
  it('waits longer after each attempt, up to a cap, and at least a second', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (tryOrUndefined, random) => {
          const delay = backOff(tryOrUndefined, random)
          expect(delay).toBeGreaterThanOrEqual(1_000)
          expect(delay).toBeLessThanOrEqual(90_000)
        },
      ),
    )
    for (let attempt = 1; attempt < 6; attempt++)
      expect(backOff(attempt + 1, 0)).toBeGreaterThan(backOff(attempt, 0))
  })

  it('follows Retry-After in both forms, and ignores invalid values', () => {
    expect(backOff(9, 0, 7_000)).toBe(7_000)
    expect(backOff(1, 0.999, 7_000)).toBeLessThan(9_000)
    expect(readRetryAfter('7', 0)).toBe(7_000)
    expect(readRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 3_000)).toBe(7_000)
    expect(readRetryAfter('Thu, 01 Jan 1970 00:00:01 GMT', 3_000)).toBe(0)
    for (const nonsense of [null, '', 'soon', '-1e']) expect(readRetryAfter(nonsense, 0)).toBeUndefined()
  })

  it('causes no loop with a Retry-After of a second or less', () => {
    for (const wait of [0, 1, 1_000]) {
      expect(backOff(1, 0, wait)).toBeGreaterThanOrEqual(1_500)
      expect(backOff(5, 0, wait)).toBeGreaterThan(backOff(4, 0.999, wait))
    }
  })

  it('happens three times after an intermediary’s response, with growing delays, or until the token expires', () => {
    const foreign = { code: 'endpoint-bad-reply' } as const
    const ask = (failures: number, live: boolean, random: number) =>
      retryIn(foreign, failures, live ? 600_000 : 0, random)
    expect([1, 2, 3, 4].map((failures) => ask(failures, false, 0.5) < Infinity)).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(ask(2, false, 0)).toBeGreaterThan(ask(1, false, 0.999))
    expect(ask(3, false, 0)).toBeGreaterThan(ask(2, false, 0.999))
    expect(ask(500, true, 0.999)).toBeLessThan(Infinity)
    const left = (leftMs: number) => retryIn(foreign, 9, leftMs, 0.5)
    expect([left(600_000), left(300_000), left(60_000), left(11_000), left(6_000)]).toEqual([
      100_000,
      72_000,
      55_000,
      6_000,
      Infinity,
    ])
  })

  it('waits longer after the first failures while the token is valid for long', () => {
    const ask = (leftMs: number, retryAfterMs?: number) =>
      [1, 2, 3, 9].map((failures) =>
        retryIn({ code: 'endpoint-unreachable', retryAfterMs }, failures, leftMs, 0.5),
      )
    expect(ask(1_200_000)).toEqual([2_000, 100_000, 100_000, 100_000])
    expect(ask(590_000)).toEqual([2_000, 4_000, 100_000, 100_000])
    expect(ask(300_000)).toEqual([2_000, 4_000, 8_000, 72_000])
    expect(ask(0)).toEqual([2_000, 4_000, 8_000, 72_000])
    // the server's `Retry-After` takes precedence over our own delays
    expect(ask(1_200_000, 30_000)).toEqual([31_000, 31_000, 31_000, 31_000])
  })

  it('is left to the visitor after the endpoint’s own rejection, and to the network’s return while offline', () => {
    for (const code of [
      'access-denied',
      'sign-in-required',
      'identity-expired',
      'bad-audience',
      'offline',
    ] as const)
      expect(retryIn({ code }, 1, 600_000, 0)).toBe(Infinity)
    const unlisted = { code: 'origin-not-allowed', retryPolicy: 'retry-while-valid' } as const
    expect(retryIn(unlisted, 1, 600_000, 0)).toBeLessThan(Infinity)
    expect(retryIn(unlisted, 1, 0, 0)).toBe(Infinity)
  })
})

describe('the next state', () => {
  const problem = {
    code: 'offline',
    message: '',
    remediation: '',
    help: null,
    status: null,
    retryInMs: null,
    requestId: null,
  } as const
  const trouble = { problem, category: 'offline' } as const
  const happening = fc.constantFrom<SessionEvent[]>(
    ...(['stopped', 'previewed', 'requested', 'shown'] as const),
    ...(['retrying', 'failed', 'revoked', 'replaced'] as const),
  )

  it('is ready only with a frame and without a problem, and never idle with either', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
        let state: ChatState = IDLE
        for (const each of happenings) {
          state = nextState(state, each, trouble)
          if (state.status === 'ready') expect(state).toMatchObject({ framed: true, problem: null })
          if (state.status === 'idle') expect(state).toEqual(IDLE)
          if (state.status === 'error') expect(state.problem).not.toBeNull()
          if (state.status === 'refreshing') expect(state.framed).toBe(true)
          if (each === 'revoked') expect(state.framed).toBe(false)
        }
      }),
    )
  })

  it('keeps the chat through a temporary failure', () => {
    const ready = nextState(IDLE, 'shown')
    expect(nextState(ready, 'retrying', trouble)).toEqual({
      ...trouble,
      status: 'refreshing',
      framed: true,
      busy: false,
    })
    expect(nextState(ready, 'failed', trouble)).toEqual({
      ...trouble,
      status: 'error',
      framed: true,
      busy: false,
    })
    expect(nextState(ready, 'revoked', trouble)).toEqual({
      ...trouble,
      status: 'error',
      framed: false,
      busy: false,
    })
  })
})
