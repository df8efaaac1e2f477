import { beforeAll, describe, expect, it } from 'vitest'
import type { ProblemReply } from 'kinescope-chat/contract'
import type { IdentityCall } from '../../src/identity/identity.js'
import type { TokenHandlerOptions } from '../../src/endpoint/handler.js'
import { bodyReadAlready } from '../../src/endpoint/request.js'
import { createTokenHandler } from '../../src/adapters/fetch.js'
import { fixedKeySource, type SigningKey } from '../../src/token/signing-key.js'
import { endpointWith, LISTED, makeSigningKey, tokenCall } from './callee.js'

let key: SigningKey
beforeAll(async () => {
  key = await makeSigningKey()
})

const TEXT = 'text/plain;charset=UTF-8'
const IDENTITY = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJl'

/** The status, the code, and the `Authorization` that the identity source received. */
async function ask(headers: Record<string, string>, body: unknown) {
  let seen: string | null = 'not asked'
  const { endpoint } = endpointWith(key, {
    identify: (call: IdentityCall<null>) => {
      seen = call.header('authorization')
      return Promise.resolve({ user: { id: 'u-1', name: 'Ann' } })
    },
  })
  const readBody = () => Promise.resolve(bodyReadAlready(body))
  const answer = await endpoint.answer(tokenCall(headers, { readBody }))
  const { code = null, detail = '' } = JSON.parse(answer.body) as Partial<ProblemReply>
  return { status: answer.status, code, detail, seen, origin: answer.headers['Access-Control-Allow-Origin'] }
}

describe('a simple request (Fetch standard), which needs no preflight', () => {
  it.each([
    TEXT,
    'text/plain',
    'TEXT/PLAIN ; CHARSET="utf-8"',
    'text/plain; charset=utf8',
    'application/json',
  ])('can contain the identity token in its body: %s', async (type) => {
    const body = JSON.stringify({ event_id: 'stream', identity: IDENTITY })
    const { status, seen, origin } = await ask({ 'content-type': type }, body)
    expect([status, seen, origin]).toEqual([200, `Bearer ${IDENTITY}`, LISTED])
  })

  it.each([
    'text/plain; charset=windows-1251',
    'text/plain; charset=utf-16',
    'text/plain; charset=',
    'text/css',
    '',
  ])('is rejected with another content type: %s', async (type) => {
    const { status, seen } = await ask({ 'content-type': type }, '{"event_id":"stream"}')
    expect([status, seen]).toEqual([415, 'not asked'])
  })

  it('is rejected before the token is issued if no header names the page', async () => {
    const { status, code, detail, seen } = await ask(
      { 'content-type': TEXT, origin: '' },
      '{"event_id":"stream"}',
    )
    expect([status, code, seen]).toEqual([403, 'origin-not-allowed', 'not asked'])
    expect(detail).toContain('neither Origin nor Sec-Fetch-Site')
  })

  it.each([
    [{ origin: 'https://evil.test' }, undefined],
    [{ origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }, undefined],
    [{ origin: 'null', 'sec-fetch-site': 'cross-site' }, 'opaque origin'],
    [{ origin: '', 'sec-fetch-site': 'cross-site' }, 'must pass Origin on'],
    [{ origin: '', 'sec-fetch-site': 'none' }, 'navigation'],
  ])('is rejected from a page that is not listed: %j', async (headers, text) => {
    const { status, seen, detail } = await ask({ 'content-type': TEXT, ...headers }, '{"event_id":"stream"}')
    expect([status, seen]).toEqual([403, 'not asked'])
    expect(detail).toContain(text ?? 'CHAT_ALLOWED_ORIGINS')
  })

  it.each<[string, unknown]>([
    ['a text', JSON.stringify({ event_id: 'stream', identity: IDENTITY })],
    ['an object', { event_id: 'stream', identity: IDENTITY }],
    ['a Buffer', Buffer.from(JSON.stringify({ event_id: 'stream', identity: IDENTITY }))],
    [
      'an ArrayBuffer',
      new TextEncoder().encode(JSON.stringify({ event_id: 'stream', identity: IDENTITY })).buffer,
    ],
  ])('can be parsed by a framework: %s', async (_what, body) => {
    const { status, seen } = await ask({ 'content-type': TEXT }, body)
    expect([status, seen]).toEqual([200, `Bearer ${IDENTITY}`])
  })
})

describe('the identity token in the body', () => {
  it.each<[string, object]>([
    ['beside Authorization', { identity: IDENTITY }],
    ['beside an empty Authorization', { identity: IDENTITY }],
  ])('is rejected %s', async (what, more) => {
    const authorization = what.includes('empty') ? ' ' : `Bearer ${IDENTITY}`
    const { status, code, seen } = await ask({ authorization }, { event_id: 'stream', ...more })
    expect([status, code, seen]).toEqual([400, 'bad-request', 'not asked'])
  })

  it.each([null, '', 7, {}, [IDENTITY], 'two words', 'a\r\nb', 'жанна', ' '])(
    'is rejected as %j',
    async (identity) => {
      const { status, code, seen } = await ask({}, { event_id: 'stream', identity })
      expect([status, code, seen]).toEqual([400, 'bad-request', 'not asked'])
    },
  )

  it('is the only accepted member for an identity', async () => {
    for (const name of ['user_id', 'username', 'sub', 'token', 'authorization'])
      expect((await ask({}, { event_id: 'stream', identity: IDENTITY, [name]: 'x' })).status).toBe(400)
  })

  it('doesn’t change other headers, and adds none if it is missing', async () => {
    expect((await ask({}, { event_id: 'stream' })).seen).toBeNull()
    expect((await ask({ authorization: 'Bearer of-the-header' }, { event_id: 'stream' })).seen).toBe(
      'Bearer of-the-header',
    )
  })

  it('is passed to `authenticate` of a host, from body and header alike', async () => {
    const seen: (string | null)[] = []
    const options: TokenHandlerOptions<Request> = {
      keys: fixedKeySource(key),
      events: ['stream'],
      allowedOrigins: [LISTED],
      authenticate: (_request, { identity }) => {
        seen.push(identity)
        return { id: 'u-1', name: 'Ann' }
      },
    }
    const handler = createTokenHandler(options)
    const post = (headers: Record<string, string>, body: object) =>
      handler(
        new Request('https://chat.example/token', {
          method: 'POST',
          headers: { Origin: LISTED, 'Content-Type': TEXT, ...headers },
          body: JSON.stringify(body),
        }),
      )
    const statuses = [
      await post({}, { event_id: 'stream', identity: IDENTITY }),
      await post({ Authorization: `Bearer ${IDENTITY}` }, { event_id: 'stream' }),
      await post({}, { event_id: 'stream' }),
      await post({ Authorization: 'Basic dTpw' }, { event_id: 'stream' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 200, 200])
    expect(seen).toEqual([IDENTITY, IDENTITY, null, null])
  })
})

describe('visitors without a valid address', () => {
  it('share one limit', async () => {
    const keys: string[] = []
    const spend = (name: string) => {
      keys.push(name)
      return Promise.resolve(keys.length > 3 ? 7 : 0)
    }
    const { endpoint } = endpointWith(key, { limits: { address: { spend }, visitor: null } })
    const statuses: number[] = []
    for (const address of ['unknown', '', '_hidden', 'x'.repeat(200)])
      statuses.push((await endpoint.answer(tokenCall({}, { address }))).status)
    expect(new Set(keys)).toEqual(new Set(['unknown']))
    expect(statuses).toEqual([200, 200, 200, 429])
  })
})
