import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { checkToken } from 'kinescope-chat/check-token'
import { kinescopeChat, importSigningKey, fixedKeySource, type KeySource } from '../../src/index.js'
import type { KinescopeChatOptions } from '../../src/adapters/fastify.js'
import type { IssuedToken, TokenOutcome } from '../../src/endpoint/request.js'
import { EVENT, makeKey } from '../running-server.js'

declare module 'fastify' {
  interface FastifyRequest {
    member?: { id: string; name: string } | null
  }
}

const { kid, pem } = makeKey()
let keys: KeySource
let app: FastifyInstance
beforeAll(async () => {
  keys = fixedKeySource(await importSigningKey({ kid, privateKey: pem }))
})
afterEach(() => app.close())

async function host(
  options: Partial<KinescopeChatOptions> & { prefix?: string } = {},
  before?: (app: FastifyInstance) => void,
  settings: FastifyServerOptions = {},
) {
  app = Fastify(settings)
  app.decorateRequest('member', null)
  app.addHook('onRequest', (request, _reply, done) => {
    request.member = request.headers['x-test-user']
      ? { id: String(request.headers['x-test-user']), name: 'Ann' }
      : null
    done()
  })
  app.post('/echo', (request) => request.body)
  app.get('/fails', () => {
    throw Object.assign(new Error('the host’s own'), { statusCode: 418 })
  })
  before?.(app)
  await app.register(kinescopeChat, {
    keys,
    events: [EVENT],
    authenticate: (request) => request.member,
    ...options,
  })
  return app
}

const ask = (path = '/token', headers: Record<string, string> = { 'x-test-user': 'u-1' }) =>
  app.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
    payload: JSON.stringify({ event_id: EVENT }),
  })

describe('the Fastify plugin', () => {
  it('issues tokens for the host application’s users, under the given prefix', async () => {
    await host({ prefix: '/chat' })
    const answer = await ask('/chat/token')
    expect(answer.statusCode).toBe(200)
    expect(checkToken(answer.json<{ token: string }>().token, { eventId: EVENT }).claims).toMatchObject({
      user_id: 'u-1',
    })
    expect((await ask('/token')).statusCode).toBe(404)
    expect((await app.inject('/chat/kinescope-chat.js')).statusCode).toBe(200)
    expect((await app.inject('/chat/kinescope-chat.classic.js')).headers['content-type']).toMatch(
      /^text\/javascript/,
    )
  })

  it('doesn’t change the host’s parsers, error handler and addresses', async () => {
    await host()
    const echo = await app.inject({ method: 'POST', url: '/echo', payload: { a: 1 } })
    expect(echo.json()).toEqual({ a: 1 })
    const fails = await app.inject('/fails')
    expect([fails.statusCode, fails.json<{ message: string }>().message]).toEqual([418, 'the host’s own'])
    expect((await app.inject('/nothing')).json()).toMatchObject({ error: 'Not Found' })
  })

  it('maps errors of the host’s own hooks to the wire codes', async () => {
    for (const [thrown, status, code] of [
      [401, 401, 'sign-in-required'],
      [403, 403, 'access-denied'],
      [429, 429, 'rate-limited'],
      [422, 400, 'bad-request'],
      [502, 500, 'server-error'],
      [undefined, 500, 'server-error'],
    ] as const) {
      await host({}, (host) =>
        host.addHook('preHandler', (_request, _reply, done) =>
          done(Object.assign(new Error('inside'), { statusCode: thrown })),
        ),
      )
      const answer = await ask()
      expect([answer.statusCode, answer.json<{ code: string }>().code], String(thrown)).toEqual([
        status,
        code,
      ])
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', vary: 'Origin' })
      expect(answer.body).not.toContain('inside')
      await app.close()
    }
  })

  it('responds when authenticate or authorize reject or deny', async () => {
    const outcome = async (options: Partial<KinescopeChatOptions>) => {
      await host(options)
      const answer = await ask()
      await app.close()
      return [answer.statusCode, answer.json<{ code: string }>().code]
    }
    expect(await outcome({ authenticate: () => Promise.reject(new Error('database')) })).toEqual([
      503,
      'identity-unavailable',
    ])
    expect(await outcome({ authenticate: () => null })).toEqual([401, 'sign-in-required'])
    expect(await outcome({ authorize: () => Promise.reject(new Error('database')) })).toEqual([
      500,
      'server-error',
    ])
    expect(await outcome({ authorize: ({ user }) => user.id !== 'u-1' })).toEqual([403, 'access-denied'])
  })

  it('rejects unsafe options at registration', async () => {
    for (const options of [
      { events: undefined },
      { events: EVENT },
      { keys: undefined },
      { deadlineMs: 0 },
      { deadlineMs: NaN },
      { deadlineMs: Infinity },
      { allowedOrigins: ['*'] },
      { allowedOrigins: ['https://a.test/'] },
      { allowedOrigins: ['null'] },
      { tokenTtl: 59 },
      { tokenTtl: 86_401 },
    ]) {
      const [name] = Object.keys(options)
      await expect(host(options as object), JSON.stringify(options)).rejects.toThrow(new RegExp(`^${name} `))
    }
  })

  it('lets the application close although a hook of the host hangs', async () => {
    let asked: (() => void) | undefined
    const hanging = new Promise<void>((resolve) => (asked = resolve))
    let aborted = false
    await host({
      authenticate: (_request, { signal }) => {
        signal.addEventListener('abort', () => (aborted = true))
        asked?.()
        return new Promise<never>(() => undefined)
      },
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const answer = fetch(`${url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ event_id: EVENT }),
    })
    await hanging
    const started = performance.now()
    const closed = app.close()
    const { status, headers } = await answer
    await closed
    expect([status, headers.get('retry-after'), aborted]).toEqual([503, '1', true])
    // the shutdown grace period is three seconds, the deadline of a request eight
    expect(performance.now() - started).toBeLessThan(6000)
  }, 20_000)

  it.each([false, true, '127.0.0.1'])(
    'issues tokens on a Unix socket, where a peer has no address: trustProxy %s',
    async (trustProxy) => {
      const issued: IssuedToken[] = []
      await host({ onToken: (token) => issued.push(token) }, undefined, { trustProxy })
      const socketPath = join(tmpdir(), `chat-${randomUUID()}.sock`)
      await app.listen({ path: socketPath })
      const headers = {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        'x-test-user': 'u-1',
        'x-forwarded-for': '203.0.113.9',
      }
      const call = request({ socketPath, path: '/token', method: 'POST', headers, agent: false })
      call.end(JSON.stringify({ event_id: EVENT }))
      const [answer] = (await once(call, 'response')) as [IncomingMessage]
      answer.resume()
      expect(answer.statusCode).toBe(200)
      expect(issued).toMatchObject([{ address: trustProxy === true ? '203.0.113.9' : null }])
    },
  )

  it('ends its work when the visitor leaves', async () => {
    const signals: AbortSignal[] = []
    const outcomes: TokenOutcome[] = []
    await host({
      onOutcome: (outcome) => outcomes.push(outcome),
      authenticate: (_request, { signal }) => {
        signals.push(signal)
        return new Promise<never>(() => undefined)
      },
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const call = request(`${url}/token`, { method: 'POST', headers }).on('error', () => undefined)
    call.end(JSON.stringify({ event_id: EVENT }))
    await vi.waitFor(() => expect(signals).toHaveLength(1))
    expect(signals[0]!.aborted).toBe(false)
    call.destroy()
    await vi.waitFor(() => expect(outcomes).toMatchObject([{ reason: 'visitor-left' }]))
    expect(signals[0]!.aborted).toBe(true)
  })

  it('leaves the signal of an answered request alone when its connection closes', async () => {
    let signal: AbortSignal | undefined
    await host({
      authenticate: (_request, given) => {
        signal = given.signal
        return null
      },
    })
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/token',
      headers,
      payload: { event_id: EVENT },
    })
    expect(statusCode).toBe(401)
    await new Promise(setImmediate)
    expect(signal!.aborted).toBe(false)
  })

  it.each<[string, (host: FastifyInstance) => void]>([
    [
      'a platform has read, and left the result at the request',
      (host) =>
        host.addHook('onRequest', async ({ raw }) => {
          const parts: Buffer[] = []
          for await (const part of raw) parts.push(part as Buffer)
          Object.assign(raw, { body: JSON.parse(Buffer.concat(parts).toString()) as unknown })
        }),
    ],
    [
      'a hook has replaced by a stream of text',
      (host) =>
        host.addHook('preParsing', async (_request, _reply, payload) => {
          const parts: string[] = []
          for await (const part of payload) parts.push(String(part))
          return Readable.from(parts)
        }),
    ],
    [
      'a hook has replaced by an object',
      (host) =>
        host.addHook('preValidation', (request, _reply, done) => {
          request.body = { event_id: EVENT }
          done()
        }),
    ],
  ])('takes a body that %s', async (_what, before) => {
    await host({}, before)
    expect((await ask()).statusCode).toBe(200)
  })

  it('applies the same default visitor limit as serve', async () => {
    await host()
    const statuses = await Promise.all(Array.from({ length: 21 }, async () => (await ask()).statusCode))
    expect(statuses.filter((status) => status === 429)).toHaveLength(1)
  })

  it('can be registered twice, with different streams', async () => {
    await host({ prefix: '/a' })
    await app.close()
    await host({ prefix: '/a' }, (host) => {
      host.register(kinescopeChat, {
        prefix: '/b',
        keys,
        events: ['another'],
        authenticate: (request) => request.member,
        scripts: false,
      })
    })
    expect([(await ask('/a/token')).statusCode, (await ask('/b/token')).statusCode]).toEqual([200, 403])
  })
})
