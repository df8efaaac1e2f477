import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KinescopeApi, pathSegment } from '../../src/kinescope/api-client.js'
import { readRetryAfter } from '../../src/kinescope/api-client.js'
import { JwkApi } from '../../src/kinescope/jwk-api.js'
import { KinescopeError } from '../../src/kinescope/kinescope-error.js'
import { API_TOKEN, workbench, type Workbench } from '../cli/workbench.js'
import type { Fault } from '../../../../demo/emulator/faults.js'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
  await bench.kc('keys', 'generate')
})
afterEach(() => bench.close())

const remoteKids = () => bench.emulator.state.keys.map(({ kid }) => kid)
const posts = () => bench.emulator.count('POST', '/v1/jwk')
const lastRequestId = () => bench.emulator.state.requests.at(-1)!.requestId

/** Runs the command. A failure must be one line with its code on standard error, and one line with the remedy. */
const register = async () => {
  const { exit, stdout, stderr } = await bench.kc('keys', 'register')
  return { exit, stdout, lines: stderr.split('\n').filter(Boolean) }
}

describe('registering, if the response to POST /v1/jwk', () => {
  it.each<[string, Fault]>([
    ['gets lost after the work was done', { kind: 'commit-then-drop', method: 'POST', times: 1 }],
    ['breaks off in the middle', { kind: 'truncate', method: 'POST', times: 1 }],
    ['never comes, since a reused socket was closed', { kind: 'drop', method: 'POST', times: 1 }],
    [
      'is 429 with Retry-After in seconds',
      { kind: 'status', status: 429, retryAfter: '2', method: 'POST', times: 1 },
    ],
    ['is 429 without Retry-After', { kind: 'status', status: 429, method: 'POST', times: 2 }],
  ])('%s: one key, exit 0', async (_what, fault) => {
    bench.emulator.state.variants.duplicateKid = 'creates-duplicate'
    bench.emulator.faults.add(fault)
    expect((await register()).exit).toBe(0)
    expect(remoteKids()).toHaveLength(1)
  })

  it.each(['409', '400201'] as const)(
    'is %s, since the list lags behind: no second key, exit 0',
    async (duplicateKid) => {
      bench.emulator.state.variants.duplicateKid = duplicateKid
      await register()
      bench.emulator.faults.add({
        kind: 'status',
        status: 200,
        body: { data: [] },
        method: 'GET',
        path: '/v1/jwk',
        times: 1,
      })
      expect((await register()).exit).toBe(0)
      expect(posts()).toBe(2)
      expect(remoteKids()).toHaveLength(1)
    },
  )

  it('is 409 for a key that is never listed: no change, exit 1', async () => {
    bench.emulator.faults.add({ kind: 'status', status: 409, method: 'POST' })
    const { exit, lines } = await register()
    expect(exit).toBe(1)
    expect(lines[0]).toContain('(kid-taken)')
  })

  it.each<[string, Fault, string]>([
    ['is 500 for good', { kind: 'status', status: 500, method: 'POST' }, 'api-unavailable'],
    ['is an HTML page', { kind: 'html', status: 502, method: 'POST' }, 'api-unavailable'],
    ['is an HTML page with 200', { kind: 'html', status: 200, method: 'POST' }, 'api-bad-answer'],
    [
      'is 429 for ten minutes',
      { kind: 'status', status: 429, retryAfter: '600', method: 'POST' },
      'api-rate-limited',
    ],
    ['is 401', { kind: 'status', status: 401, method: 'POST' }, 'api-token-refused'],
    ['is 403', { kind: 'status', status: 403, method: 'POST' }, 'api-forbidden'],
    [
      'is 402',
      {
        kind: 'status',
        status: 402,
        method: 'POST',
        body: { error: { code: 100106, message: 'limit reached' } },
      },
      'key-limit-reached',
    ],
  ])('%s: no key, one line with the request id, exit 1', async (_what, fault, code) => {
    bench.emulator.faults.add(fault)
    const { exit, stdout, lines } = await register()
    expect(exit).toBe(1)
    expect(stdout).toBe('')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain(`(${code})`)
    const failed = bench.emulator.state.requests
      .filter(({ method }) => method === 'POST')
      .map(({ requestId }) => requestId)
    expect(failed).toHaveLength(1) // no second attempt, since the result of the first one is unknown
    expect(lines[0]).toContain(failed[0])
    expect(remoteKids()).toEqual([])
    // the next run continues
    bench.emulator.faults.clear()
    expect((await register()).exit).toBe(0)
    expect(remoteKids()).toHaveLength(1)
  })

  it('never comes: no second POST, exit 1 after the timeout', async () => {
    bench.emulator.faults.add({ kind: 'hang', method: 'POST' })
    const api = new KinescopeApi({ url: bench.emulator.url, token: API_TOKEN, timeoutMs: 200 })
    const body = {
      kty: 'RSA',
      e: 'AQAB',
      use: 'sig',
      kid: 'k',
      alg: 'RS256',
      n: 'n',
      expires_at: 'x',
    } as const
    await expect(new JwkApi(api).create(body)).rejects.toMatchObject({ code: 'api-timeout' })
    expect(posts()).toBe(0)
    expect(remoteKids()).toEqual([])
  })

  it('has Retry-After: the command waits exactly that long', async () => {
    bench.emulator.faults.add({ kind: 'status', status: 429, retryAfter: '7', method: 'POST', times: 1 })
    await register()
    expect(bench.waited).toEqual([7000])
  })
})

describe('reading', () => {
  const list = () =>
    new JwkApi(
      new KinescopeApi({
        url: bench.emulator.url,
        token: API_TOKEN,
        timeoutMs: 300,
        wait: () => Promise.resolve(),
      }),
    ).list()

  it.each<[string, Fault]>([
    ['a dropped connection', { kind: 'drop', path: '/v1/jwk', times: 2 }],
    ['500', { kind: 'status', status: 500, path: '/v1/jwk', times: 2 }],
    ['429', { kind: 'status', status: 429, path: '/v1/jwk', times: 2 }],
    ['a hang', { kind: 'hang', path: '/v1/jwk', times: 1 }],
    ['an answer that breaks off', { kind: 'truncate', path: '/v1/jwk', times: 1 }],
    ['sockets that are closed once they are reused', { kind: 'close-reused', path: '/v1/jwk', times: 2 }],
  ])('retries after %s', async (_what, fault) => {
    await list()
    bench.emulator.faults.add(fault)
    expect(await list()).toEqual([])
  })

  it.each<[string, unknown]>([
    ['an object without a list', {}],
    ['data that is no list', { data: {} }],
    ['a list under an unknown name', { items: [] }],
    ['null', null],
    ['text', 'ok'],
    ['a list of other things', { data: ['key'] }],
    ['keys without an id', { data: [{ kid: 'k' }] }],
    ['keys without a kid', { data: [{ id: '1' }] }],
    [
      'fewer entries than there are said to be',
      { data: [], meta: { pagination: { page: 1, per_page: 10, total: 3 } } },
    ],
  ])('rejects %s, and never takes it for "no keys"', async (_what, body) => {
    bench.emulator.faults.add({ kind: 'status', status: 200, body, path: '/v1/jwk' })
    await expect(list()).rejects.toMatchObject({ code: 'api-bad-answer' })
    const { exit } = await register()
    expect(exit).toBe(1)
    expect(posts()).toBe(0)
  })

  it('follows no redirect, which would send the token to another address', async () => {
    bench.emulator.faults.add({ kind: 'status', status: 302, path: '/v1/jwk' })
    await expect(list()).rejects.toMatchObject({ code: 'api-bad-answer' })
  })

  it('reads a list that is paged by offset', async () => {
    const pages = [
      { data: [{ id: '1', kid: 'a' }], meta: { offset: 0, limit: 1, total: 2 } },
      { data: [{ id: '2', kid: 'b' }], meta: { offset: 1, limit: 1, total: 2 } },
    ]
    const asked: string[] = []
    const fake: typeof fetch = (address) => {
      asked.push(address as string)
      return Promise.resolve(Response.json(pages[asked.length - 1]))
    }
    const keys = await new JwkApi(
      new KinescopeApi({ url: 'http://x.test', token: API_TOKEN, fetch: fake }),
    ).list()
    expect(keys.map(({ kid }) => kid)).toEqual(['a', 'b'])
    expect(new URL(asked[1]!).searchParams.get('offset')).toBe('1')
  })
})

describe('an unreachable API', () => {
  it('is reported in one line with its address', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    server.close()
    bench.env['KINESCOPE_API_URL'] = `http://127.0.0.1:${port}`
    const { exit, stderr } = await bench.kc('events', 'list')
    expect(exit).toBe(1)
    expect(stderr).toContain(`127.0.0.1:${port}`)
    expect(stderr).toContain('api-unreachable')
  })

  it('is named as a port that fetch blocks, here and by the doctor', async () => {
    const url = 'http://127.0.0.1:6000'
    bench.env['KINESCOPE_API_URL'] = url
    for (const command of [
      ['events', 'list'],
      ['doctor', '--url', url],
    ]) {
      const { stdout, stderr } = await bench.kc(...command)
      expect((stdout + stderr).replace(/\s+/g, ' ')).toContain('fetch blocks this port')
    }
  })
})

describe('ids in paths', () => {
  const remove = (id: string) =>
    new JwkApi(new KinescopeApi({ url: bench.emulator.url, token: API_TOKEN })).remove(id)

  it.each(['', ' ', '.', '..', '%2e%2e', '%2E', '%2e.'])('reject %j before any request', async (id) => {
    await expect(remove(id)).rejects.toMatchObject({ code: 'api-id-malformed' })
    expect(bench.emulator.state.requests).toEqual([])
  })

  it('have no path, query or fragment: these characters are encoded', () => {
    expect(['a/b', 'a?x', 'a#b', 'a%2Fb'].map(pathSegment)).toEqual(['a%2Fb', 'a%3Fx', 'a%23b', 'a%252Fb'])
  })

  it('accept a missing key as deleted', async () => {
    await remove('jwk_gone')
    expect(lastRequestId()).not.toBe('')
  })
})

it('no error contains the API token', async () => {
  const echo: typeof fetch = () =>
    Promise.resolve(
      Response.json({ error: { code: 1, message: `bad token Bearer ${API_TOKEN}` } }, { status: 400 }),
    )
  const real = globalThis.fetch
  globalThis.fetch = echo
  const { stderr, exit } = await bench.kc('keys', 'register').finally(() => (globalThis.fetch = real))
  expect(exit).toBe(1)
  expect(stderr).not.toContain(API_TOKEN)
})

it('reads Retry-After as seconds and as a date', () => {
  const now = Date.parse('2026-11-25T12:00:00Z')
  expect(readRetryAfter('120', now)).toBe(120_000)
  expect(readRetryAfter('Wed, 25 Nov 2026 12:00:30 GMT', now)).toBe(30_000)
  expect(readRetryAfter('Wed, 25 Nov 2026 11:00:00 GMT', now)).toBe(0)
  expect(readRetryAfter('soon', now)).toBeNull()
  expect(readRetryAfter(null, now)).toBeNull()
  expect(new KinescopeError('api-refused', 'm', 'r').status).toBeNull()
})
