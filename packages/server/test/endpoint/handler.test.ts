import { webcrypto } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkToken } from 'kinescope-chat/check-token'
import { WIRE_CODES, type ProblemReply, type TokenReply } from 'kinescope-chat/contract'
import { PROBLEMS } from '../../src/endpoint/refusal.js'
import { SigningQueue } from '../../src/endpoint/admission.js'
import type { IssuedToken, TokenCall, TokenOutcome } from '../../src/endpoint/request.js'
import { refreshIn } from '../../src/endpoint/issue-token.js'
import { createTokenEndpoint, type TokenEndpointOptions } from '../../src/endpoint/handler.js'
import type { RequestBody } from '../../src/endpoint/request.js'
import { pseudonymWith } from '../../src/identity/identity.js'
import { fixedKeySource, type SigningKey } from '../../src/token/signing-key.js'

const LISTED = 'https://www.example.com'
const OWN = 'https://chat.example.com'
const SECRET = 'a secret for pseudonyms: 32 bytes or more'
const NOW = Date.UTC(2026, 10, 25, 12, 0, 0, 250)

let key: SigningKey
beforeAll(async () => {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  key = { kid: 'key-1', privateKey, expiresAt: null }
})

function setUp(options: Partial<TokenEndpointOptions<null>> = {}) {
  const outcomes: TokenOutcome[] = []
  const endpoint = createTokenEndpoint<null>({
    identify: () => Promise.resolve({ user: { id: 'u-1', name: 'Жанна 😀' } }),
    events: ['stream'],
    allowedOrigins: [LISTED],
    keys: fixedKeySource(key),
    tokenTtl: 3600,
    limits: null,
    now: () => NOW,
    random: () => 0.5,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  })
  return { endpoint, outcomes }
}

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: RequestBody
  address?: string | null
}

function call({ method = 'POST', headers = {}, body, address = '192.0.2.1' }: Asked = {}): TokenCall<null> & {
  bodyRead: () => boolean
} {
  const all: Record<string, string> = { 'content-type': 'application/json', origin: LISTED, ...headers }
  let read = false
  return {
    method,
    header: (name) => all[name] || null,
    address,
    ownOrigin: OWN,
    requestId: 'request-1',
    readBody: () => {
      read = true
      return Promise.resolve(body ?? { text: '{"event_id":"stream"}' })
    },
    request: null,
    bodyRead: () => read,
  }
}

const problemOf = (body: string) => JSON.parse(body) as ProblemReply

describe('the matrix of Origin, Sec-Fetch-Site, method, content type and body', () => {
  const origins = { listed: LISTED, own: OWN, foreign: 'https://evil-example.com', null: 'null', none: '' }
  const sites = ['same-origin', 'same-site', 'cross-site', 'none', 'something-new', '']
  const methods = ['POST', 'OPTIONS', 'GET', 'HEAD', 'PUT', 'DELETE', 'PROPFIND']
  const types = {
    'application/json': true,
    'Application/JSON; charset=utf-8': true,
    'text/plain': true,
    'text/plain;charset=UTF-8': true,
    'Text/Plain; charset="utf-8"': true,
    'text/plain; charset=iso-8859-1': false,
    'text/plain; charset=utf-16': false,
    'text/html': false,
    'text/plainer': false,
    'application/x-www-form-urlencoded': false,
    'multipart/form-data; boundary=x': false,
    'application/jsonp': false,
    '': false,
  }
  const bodies: [RequestBody, number][] = [
    [{ text: '{"event_id":"stream"}' }, 200],
    [{ text: '' }, 400],
    [{ text: '{"event_id":"stream"' }, 400],
    [{ text: '["stream"]' }, 400],
    [{ text: 'null' }, 400],
    [{ text: '"stream"' }, 400],
    [{ text: '{}' }, 400],
    [{ text: '{"event_id":123}' }, 400],
    [{ text: '{"event_id":["stream"]}' }, 400],
    [{ text: '{"event_id":""}' }, 400],
    [{ text: `{"event_id":"${'x'.repeat(129)}"}` }, 400],
    [{ text: '{"event_id":"stream","user_id":"admin"}' }, 400],
    [{ text: '{"event_id":"stream","__proto__":{"a":1}}' }, 400],
    [{ problem: 'too-large' }, 413],
    [{ problem: 'not-utf-8' }, 400],
    [{ problem: 'broken-off' }, 400],
  ]

  /** The rule in other words. The table below is compared with it. */
  function mayAsk(origin: string, site: string): boolean {
    if (origin === 'null' || site === 'none') return false
    if (site === 'same-origin') return true
    if (site === '') return origin === LISTED || origin === OWN
    return origin === LISTED
  }

  function expected(
    origin: string,
    site: string,
    method: string,
    typeIsJson: boolean,
    bodyStatus: number,
  ): number {
    const allowed = mayAsk(origin, site)
    if (method === 'GET' || method === 'HEAD') return origin === '' || allowed ? 405 : 403
    if (method === 'OPTIONS') return origin === '' || allowed ? 204 : 403
    if (method !== 'POST') return 405
    if (!allowed) return 403
    return typeIsJson ? bodyStatus : 415
  }

  const table = Object.entries(origins).flatMap(([name, origin]) =>
    sites.flatMap((site) => methods.map((method) => ({ name, origin, site, method }))),
  )

  it.each(table)(
    '$method from the $name origin with Sec-Fetch-Site "$site"',
    async ({ origin, site, method }) => {
      for (const [type, typeIsJson] of Object.entries(types)) {
        for (const [body, bodyStatus] of bodies) {
          const { endpoint, outcomes } = setUp()
          const asked = call({
            method,
            headers: { origin, 'sec-fetch-site': site, 'content-type': type },
            body,
          })
          const { status, headers, body: answer } = await endpoint.answer(asked)
          const where = `${type} ${JSON.stringify(body)}`

          expect(status, where).toBe(expected(origin, site, method, typeIsJson, bodyStatus))
          expect(outcomes.filter(({ kind }) => kind === 'minted').length, where).toBe(status === 200 ? 1 : 0)
          expect(answer.includes('eyJ'), where).toBe(status === 200)
          expect(headers, where).toMatchObject({
            'Cache-Control': 'no-store',
            Vary: 'Origin',
            'X-Content-Type-Options': 'nosniff',
            'X-Request-ID': 'request-1',
          })
          const asksWhy = method === 'GET' || method === 'HEAD'
          const readable = asksWhy ? '*' : origin === LISTED ? LISTED : undefined
          expect(headers['Access-Control-Allow-Origin'], where).toBe(readable)
          expect(headers['Access-Control-Allow-Credentials'], where).toBe(
            readable === LISTED ? 'true' : undefined,
          )
          if (status === 403 || status === 405 || status === 415) expect(asked.bodyRead(), where).toBe(false)
          if (status === 405) expect(headers['Allow'], where).toBe('POST, OPTIONS')
          if (status >= 400) {
            expect(headers['Content-Type'], where).toBe('application/problem+json')
            const problem = problemOf(answer)
            expect(WIRE_CODES, where).toContain(problem.code)
            expect(problem, where).toMatchObject({ status, request_id: 'request-1' })
          }
          if (bodyStatus !== 200 && status !== bodyStatus) break // the other bodies give the same
        }
      }
    },
  )

  it('never takes a suffix, a prefix, another port or another scheme for a listed origin', async () => {
    const near = [
      'https://www.example.com.evil.test',
      'https://evil-www.example.com',
      'https://www.example.com:8443',
      'http://www.example.com',
      'https://WWW.example.com',
      'https://www.example.com/',
      `${LISTED}, ${LISTED}`,
    ]
    for (const origin of near) {
      const { endpoint } = setUp()
      const { status, headers, body } = await endpoint.answer(
        call({ headers: { origin, 'sec-fetch-site': 'cross-site' } }),
      )
      expect([status, problemOf(body).code, headers['Access-Control-Allow-Origin']], origin).toEqual([
        403,
        'origin-not-allowed',
        undefined,
      ])
    }
  })

  it('answers a preflight with the headers that the element needs, and gives other sites none', async () => {
    const { endpoint } = setUp()
    const ours = await endpoint.answer(call({ method: 'OPTIONS' }))
    expect(ours).toMatchObject({
      status: 204,
      body: '',
      headers: {
        'Access-Control-Allow-Origin': LISTED,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Max-Age': '600',
      },
    })
    expect(ours.headers['Access-Control-Allow-Headers']?.split(', ')).toEqual([
      'authorization',
      'content-type',
    ])
    const theirs = await endpoint.answer(
      call({ method: 'OPTIONS', headers: { origin: 'https://evil.test' } }),
    )
    expect(Object.keys(theirs.headers).filter((name) => name.startsWith('Access-Control'))).toEqual([])
  })
})

describe('a token', () => {
  it('contains the documented claims, and passes the checks of the element', async () => {
    const { endpoint } = setUp()
    const { status, body, headers } = await endpoint.answer(call())
    const reply = JSON.parse(body) as TokenReply
    expect(status).toBe(200)
    expect(headers['Content-Type']).toBe('application/json')
    expect(reply).toMatchObject({ expires_in: 3600, refresh_in: 2700 })
    expect(Object.keys(reply).sort()).toEqual(['expires_in', 'refresh_in', 'token'])
    const nowS = Math.floor(NOW / 1000)
    const { fault, header, claims } = checkToken(reply.token, { eventId: 'stream', now: nowS })
    expect(fault).toBeNull()
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
    expect(claims).toEqual({
      aud: 'chat',
      user_id: 'u-1',
      username: 'Жанна 😀',
      event_id: 'stream',
      iat: nowS - 30,
      exp: nowS + 3600,
    })
  })

  it('contains nbf only if it is configured', async () => {
    const { endpoint } = setUp({ notBefore: true })
    const { body } = await endpoint.answer(call())
    const { claims } = checkToken((JSON.parse(body) as TokenReply).token)
    expect(claims?.nbf).toBe(Math.floor(NOW / 1000) - 30)
  })

  it('never outlives its key', async () => {
    const expiresAt = NOW + 120_900
    const { endpoint } = setUp({ keys: fixedKeySource({ ...key, expiresAt }) })
    const reply = JSON.parse((await endpoint.answer(call())).body) as TokenReply
    expect(reply.expires_in).toBeLessThanOrEqual(121)
    expect((checkToken(reply.token).claims as { exp: number }).exp * 1000).toBeLessThanOrEqual(expiresAt)
  })

  it('never outlives the end of its key at Kinescope', async () => {
    const registration = { keyProblem: () => null, eventState: () => null, keyExpiresAt: () => NOW + 90_000 }
    const { endpoint } = setUp({ registration })
    const reply = JSON.parse((await endpoint.answer(call())).body) as TokenReply
    expect(reply.expires_in).toBe(90)
  })

  it('has the ids of the list, and the response names them', async () => {
    const { endpoint } = setUp({ events: [{ id: 'stream', claimId: 'uuid-of-it', chatId: 'public-id' }] })
    const reply = JSON.parse((await endpoint.answer(call())).body) as TokenReply
    expect(reply).toMatchObject({ chat_id: 'public-id', event_id: 'uuid-of-it' })
    expect(checkToken(reply.token, { eventId: 'uuid-of-it' }).fault).toBeNull()
  })

  it('is renewed after 60 to 90 % of its life, also if its life is a minute', () => {
    for (const life of [60, 900, 3600, 86_400]) {
      expect(refreshIn(life, 0)).toBe(life * 0.6)
      expect(refreshIn(life, 0.999_999)).toBeLessThan(life * 0.9)
      expect(refreshIn(life, 0.999_999)).toBeGreaterThan(life * 0.9 - 1.1)
    }
    expect(refreshIn(1, 0)).toBe(1)
  })

  it('is renewed at a random time: of 10,000 viewers, at most 30 in the same second', () => {
    let seed = 1
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const perSecond = new Map<number, number>()
    for (let viewer = 0; viewer < 10_000; viewer++) {
      const second = refreshIn(3600, random())
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
    }
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(30)
  })
})

describe('the order of checks', () => {
  const limit = (trace: string[], name: string, retryAfter = 0) => ({
    spend: (id: string) => {
      trace.push(`${name}:${id}`)
      return Promise.resolve(retryAfter)
    },
  })

  it('is address limit, body, stream list, identity, visitor limit, authorize, signing', async () => {
    const trace: string[] = []
    const { endpoint } = setUp({
      limits: { address: limit(trace, 'address'), visitor: limit(trace, 'visitor') },
      identify: (_call, eventId) => {
        trace.push(`identify:${eventId}`)
        return Promise.resolve({ user: { id: 'u-1', name: 'A' } })
      },
      authorize: ({ user, eventId }) => {
        trace.push(`authorize:${user.id}:${eventId}`)
        return true
      },
      registration: {
        keyProblem: () => null,
        keyExpiresAt: () => null,
        eventState: (id) => {
          trace.push(`stream:${id}`)
          return null
        },
      },
      keys: {
        current: () => {
          trace.push('key')
          return { key }
        },
      },
    })
    const asked = call()
    const { readBody } = asked
    const { status } = await endpoint.answer({
      ...asked,
      readBody: (until) => {
        trace.push('body')
        return readBody(until)
      },
    })
    expect(status).toBe(200)
    expect(trace).toEqual([
      'address:192.0.2.1',
      'body',
      'stream:stream',
      'identify:stream',
      'visitor:u-1',
      'authorize:u-1:stream',
      'key',
    ])
  })

  it('ends at an exceeded address limit, before the identity source is called', async () => {
    const trace: string[] = []
    const { endpoint } = setUp({
      limits: { address: limit(trace, 'address', 17) },
      identify: () => Promise.reject(new Error('must not be asked')),
    })
    const asked = call()
    const { status, headers, body } = await endpoint.answer(asked)
    expect([status, headers['Retry-After'], problemOf(body).code, asked.bodyRead()]).toEqual([
      429,
      '17',
      'rate-limited',
      false,
    ])
  })

  it('limits a visitor, not their address, after sign-in', async () => {
    const { endpoint } = setUp({ limits: { visitor: limit([], 'visitor', 3) } })
    const { status, headers } = await endpoint.answer(call({ address: null }))
    expect([status, headers['Retry-After']]).toEqual([429, '3'])
  })
})

describe('each rejection', () => {
  type Case = [string, Partial<TokenEndpointOptions<null>>, number]
  const refused = (code: 'sign-in-required' | 'access-denied' | 'identity-unavailable') => ({
    identify: () => Promise.resolve({ refused: code, reason: 'test' } as const),
  })
  const full = new SigningQueue(() => 0)
  Object.defineProperty(full, 'hasRoom', { value: () => false })
  const cases: Case[] = [
    ['sign-in-required', refused('sign-in-required'), 401],
    ['access-denied', refused('access-denied'), 403],
    ['access-denied', { authorize: () => false }, 403],
    ['identity-unavailable', refused('identity-unavailable'), 503],
    ['event-not-allowed', { events: ['another'] }, 403],
    ['event-not-allowed', { events: [] }, 403],
    ['rate-limited', { limits: { visitor: { spend: () => Promise.resolve(1) } } }, 429],
    ['overloaded', { queue: full }, 503],
    ['key-unavailable', { keys: { current: () => ({ problem: 'key-unavailable' }) } }, 503],
    ['key-not-registered', { keys: { current: () => ({ problem: 'key-not-registered' }) } }, 503],
    [
      'key-not-registered',
      {
        registration: {
          keyExpiresAt: () => null,
          keyProblem: () => 'key-not-registered',
          eventState: () => null,
        },
      },
      503,
    ],
    [
      'key-expired',
      { registration: { keyExpiresAt: () => null, keyProblem: () => 'key-expired', eventState: () => null } },
      503,
    ],
    [
      'event-not-found',
      { registration: { keyExpiresAt: () => null, keyProblem: () => null, eventState: () => 'missing' } },
      404,
    ],
    ['server-error', { identify: () => Promise.reject(new Error('a secret inside')) }, 500],
    ['server-error', { authorize: () => Promise.reject(new Error('a secret inside')) }, 500],
    [
      'server-error',
      {
        keys: {
          current: () => {
            throw new Error('a secret inside')
          },
        },
      },
      500,
    ],
  ]

  it.each(cases)('%s', async (code, options, status) => {
    const { endpoint, outcomes } = setUp(options)
    const answer = await endpoint.answer(call())
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'Cache-Control': 'no-store',
      Vary: 'Origin',
      'Access-Control-Allow-Origin': LISTED,
    })
    expect(problemOf(answer.body)).toMatchObject({ code, status, request_id: 'request-1' })
    expect(answer.body).not.toContain('a secret inside')
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'refused', code, status })])
  })

  it('has a status and a text for every wire code', () => {
    expect(Object.keys(PROBLEMS).sort()).toEqual([...WIRE_CODES].sort())
  })

  it('of a crowd has a Retry-After at which there is capacity', async () => {
    const queue = new SigningQueue(() => 0, 1)
    Object.defineProperty(queue, 'hasRoom', { value: () => false })
    const { endpoint } = setUp({ queue })
    const wait = async () => Number((await endpoint.answer(call())).headers['Retry-After'])
    expect(await wait()).toBe(2)
    for (let refused = 0; refused < 5000; refused++) queue.retryAfter()
    expect(await wait()).toBe(7)
  })

  it('includes a key that expired a moment ago', async () => {
    const { endpoint } = setUp({ keys: { current: () => ({ key: { ...key, expiresAt: NOW + 200 } }) } })
    expect(problemOf((await endpoint.answer(call())).body).code).toBe('key-expired')
  })
})

describe('onToken', () => {
  it('is called once for each token, with its claims, and never for a rejection', async () => {
    const issued: IssuedToken[] = []
    const onToken = (one: IssuedToken) => issued.push(one)
    const { endpoint } = setUp({
      onToken,
      userIdSecret: SECRET,
      events: [{ id: 'stream', claimId: 'uuid-of-it' }],
    })
    const { claims } = checkToken(
      (JSON.parse((await endpoint.answer(call())).body) as TokenReply).token,
    ) as unknown as { claims: { exp: number } }
    await endpoint.answer(call({ body: { text: '{}' } }))
    expect(issued).toEqual([
      {
        time: NOW,
        requestId: 'request-1',
        kid: 'key-1',
        eventId: 'uuid-of-it',
        userId: await pseudonymWith(SECRET)('u-1'),
        exp: claims.exp,
        address: '192.0.2.1',
      },
    ])
  })

  it('never costs a visitor the token, however the callback fails', async () => {
    const failures: (() => unknown)[] = [
      () => {
        throw new Error('disk full')
      },
      () => Promise.reject(new Error('disk full')),
      () => new Promise<never>(() => undefined),
    ]
    for (const failure of failures) {
      const fails = failure
      const { endpoint } = setUp({ onToken: fails, onOutcome: fails })
      expect((await endpoint.answer(call())).status).toBe(200)
      expect((await endpoint.answer(call({ headers: { origin: 'https://evil.test' } }))).status).toBe(403)
    }
  })
})

describe('the registration at Kinescope', () => {
  it('adds a warning to the response if JWT is not enabled, and the token is still issued', async () => {
    const { endpoint } = setUp({
      registration: { keyExpiresAt: () => null, keyProblem: () => null, eventState: () => 'jwt-not-enabled' },
    })
    const { status, body } = await endpoint.answer(call())
    expect([status, (JSON.parse(body) as TokenReply).warning]).toEqual([200, 'jwt-not-enabled'])
  })
})

describe('the visitor', () => {
  it('has a pseudonym in the token if one is configured', async () => {
    const { endpoint } = setUp({ userIdSecret: SECRET })
    const { token } = JSON.parse((await endpoint.answer(call())).body) as TokenReply
    expect((checkToken(token).claims as { user_id: string }).user_id).toBe(await pseudonymWith(SECRET)('u-1'))
  })

  it('gets the cookie that identifies a returning guest', async () => {
    const { endpoint } = setUp({
      identify: () => Promise.resolve({ user: { id: 'g', name: 'G' }, setCookie: 'a=b' }),
    })
    expect((await endpoint.answer(call())).headers['Set-Cookie']).toBe('a=b')
  })

  it('can request any stream only if the list is a star, and only with a valid id', async () => {
    const { endpoint } = setUp({ events: '*' })
    const ask = async (id: string) =>
      (await endpoint.answer(call({ body: { text: JSON.stringify({ event_id: id }) } }))).status
    expect(
      await Promise.all(
        ['0csUJYzAHfe3PcyMEVScmQ', '202589431', 'event-abc-123', '../x', 'a b', 'a/b'].map(ask),
      ),
    ).toEqual([200, 200, 200, 403, 403, 403])
    for (const placeholder of ['undefined', 'null', 'NaN', 'nil', 'None', '$id', '@id'])
      expect(await ask(placeholder), placeholder).toBe(400)
  })
})
