import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { RefusedOutcome } from '../../src/endpoint/request.js'
import { AdmissionQueue } from '../../src/endpoint/admission.js'
import { buildApp, limitStarts, loadOf, type AppOptions } from '../../src/serve/app.js'

const LISTED = 'https://www.example.com'
const open: { app: FastifyInstance; sockets: Socket[] }[] = []
afterEach(async () => {
  for (const { app, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy()
    app.server.closeAllConnections()
    await app.close()
  }
})

async function serve(options: Partial<AppOptions> = {}) {
  const app = buildApp({
    isTrusted: () => false,
    logger: pino({ enabled: false }),
    allowedOrigins: [LISTED],
    probes: ['/healthz'],
    ...options,
  })
  let handled = 0
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/page', () => ({ handled: ++handled }))
  // larger than the system's buffers
  app.get('/large', () => Buffer.alloc(64 << 20))
  app.get('/slow', () => new Promise(() => undefined))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const sockets: Socket[] = []
  open.push({ app, sockets })

  async function socket(): Promise<Socket> {
    const one = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(one)
    await once(one, 'connect')
    return one
  }
  /** Sends a text. Resolves with the received text once it contains `until` or the connection ends. */
  async function talk(one: Socket, text: string, until = '\r\n\r\n'): Promise<string> {
    let answer = ''
    return new Promise((resolve) => {
      const onData = (part: Buffer) => {
        answer += part.toString('latin1')
        if (answer.includes(until)) finish()
      }
      const finish = () => {
        one.off('data', onData).off('close', finish)
        resolve(answer)
      }
      one.on('data', onData).on('close', finish)
      one.write(text)
    })
  }
  const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`
  return { app, port, socket, talk, get, handled: () => handled }
}

/** As a trusted proxy sends it (W3C Trace Context). */
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('a server whose connections are all in use', () => {
  it('closes idle connections, so that new visitors and health probes can connect', async () => {
    const { socket, talk, get } = await serve({ maxConnections: 20 })
    for (let index = 0; index < 20; index++) await talk(await socket(), get('/page'))
    // the first connection beyond the limit replaces the idle ones
    await socket()
    await vi.waitFor(async () => {
      expect(await talk(await socket(), get('/page'))).toMatch(/^HTTP\/1\.1 200 /)
    })
    expect(await talk(await socket(), get('/healthz'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('accepts health probes over the limit, and rejects others with a 503 that pages can read', async () => {
    const { socket, talk, get } = await serve({ maxConnections: 5 })
    const busy = await Promise.all(Array.from({ length: 5 }, socket))
    for (const one of busy) one.write(get('/slow'))
    expect(await talk(await socket(), get('/healthz'))).toMatch(/^HTTP\/1\.1 200 /)
    const refused = await talk(await socket(), get('/page', `Origin: ${LISTED}\r\n`), '}')
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*Retry-After: \d+\r\n.*"code":"overloaded"/s)
    expect(refused).toContain(`Access-Control-Allow-Origin: ${LISTED}`)
    const foreign = await talk(await socket(), get('/page', 'Origin: https://evil.test\r\n'), '}')
    expect(foreign).not.toContain('Access-Control')
  })

  it('closes the oldest ones that send nothing, so that a health probe gets in, and never one with a request', async () => {
    const { app, socket, talk, get } = await serve({ maxConnections: 10 })
    const busy = await Promise.all(Array.from({ length: 10 }, socket))
    for (const one of busy) one.write(get('/slow'))
    await vi.waitFor(() => expect(loadOf(app).inFlight).toBe(10))
    const silent: Socket[] = []
    for (let index = 0; index < 505; index++) silent.push(await socket())
    for (let index = 0; index < 20; index++)
      expect(await talk(await socket(), get('/healthz'))).toMatch(/^HTTP\/1\.1 200 /)
    await vi.waitFor(() => {
      const closed = silent.map(({ destroyed }) => destroyed)
      expect(closed[0]).toBe(true)
      expect(closed.lastIndexOf(true)).toBeLessThan(closed.indexOf(false))
    })
    expect(loadOf(app).inFlight).toBe(10)
  })

  it('keeps connections for a shorter time while more than half are in use', async () => {
    const { app, socket } = await serve({ maxConnections: 10 })
    const before = app.server.keepAliveTimeout
    const sockets = await Promise.all(Array.from({ length: 6 }, socket))
    await vi.waitFor(() => expect(app.server.keepAliveTimeout).toBeLessThanOrEqual(before / 10))
    for (const one of sockets) one.destroy()
    await vi.waitFor(async () => {
      ;(await socket()).destroy()
      expect(app.server.keepAliveTimeout).toBe(before)
    })
  })
})

describe('a client that reads no response', () => {
  afterEach(() => void vi.useRealTimers())

  it('is disconnected after a minute, and others are not', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const { app, socket, talk, get } = await serve()
    const stuck = await socket()
    stuck.pause().write(get('/large'))
    const idle = await socket()
    await talk(idle, get('/page'), '}')
    const connections = () =>
      new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)))
    await vi.waitFor(() => expect(loadOf(app).inFlight).toBe(1))
    vi.advanceTimersByTime(60_000)
    const late = await socket()
    late.write(get('/slow'))
    await vi.waitFor(() => expect(loadOf(app).inFlight).toBe(2))
    vi.advanceTimersByTime(15_000)
    await vi.waitFor(async () => expect(await connections()).toBe(2))
    await vi.waitFor(() => expect(loadOf(app).inFlight).toBe(1))
    expect(await talk(idle, get('/page'), '}')).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('pipelined requests', () => {
  it('beyond the limit end the connection, and the rest is never handled', async () => {
    const { socket, talk, get, handled } = await serve()
    const crowd = await Promise.all(Array.from({ length: 4 }, socket))
    await Promise.all(crowd.map((one) => talk(one, get('/page').repeat(20_000), 'never')))
    expect(handled()).toBeLessThanOrEqual(4 * 32)
    // other connections still work
    expect(await talk(await socket(), get('/healthz'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each([2, 10, 32])('get %d responses in order', async (count) => {
    const { socket, talk, get } = await serve()
    const answer = await talk(await socket(), get('/page').repeat(count), `"handled":${count}}`)
    expect([...answer.matchAll(/"handled":(\d+)/g)].map(([, at]) => Number(at))).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    )
  })

  it('count as ended if their connection closes before their responses', async () => {
    const { app, socket, get } = await serve()
    const one = await socket()
    one.write(get('/slow').repeat(10))
    await vi.waitFor(() => expect(loadOf(app).inFlight).toBe(10))
    one.destroy()
    await vi.waitFor(() => expect(loadOf(app)).toEqual({ connections: 0, inFlight: 0 }))
  })

  it('are not limited if they come one after the other', async () => {
    const { socket, talk, get } = await serve()
    const one = await socket()
    for (let index = 1; index <= 100; index++)
      expect(await talk(one, get('/page'), '}')).toContain(`"handled":${index}}`)
  })
})

describe('the host of a request (RFC 9112, section 3.2)', () => {
  it.each<[string, string, number]>([
    ['two fields', 'GET /page HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['two equal fields', 'GET /page HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n', 400],
    ['a list', 'GET /page HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],
    ['a path', 'GET /page HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['user information', 'GET /page HTTP/1.1\r\nHost: a@b\r\n\r\n', 400],
    ['a port of letters', 'GET /page HTTP/1.1\r\nHost: a.example:http\r\n\r\n', 400],
    ['two ports', 'GET /page HTTP/1.1\r\nHost: a.example:80:80\r\n\r\n', 400],
    ['characters that no host has', 'GET /page HTTP/1.1\r\nHost: a<b>.example\r\n\r\n', 400],
    ['an open bracket', 'GET /page HTTP/1.1\r\nHost: [::1\r\n\r\n', 400],
    ['none', 'GET /page HTTP/1.1\r\n\r\n', 400],
    ['none, in the absolute form', 'GET http://a.example/page HTTP/1.1\r\n\r\n', 400],
    ['none in HTTP/1.0', 'GET /page HTTP/1.0\r\n\r\n', 200],
    ['one with a port', 'GET /page HTTP/1.1\r\nHost: a.example:8080\r\n\r\n', 200],
    ['an IPv6 address', 'GET /page HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n', 200],
    ['the absolute form', 'GET http://a.example/page HTTP/1.1\r\nHost: a.example\r\n\r\n', 200],
    ['the absolute form without a path', 'GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n', 404],
  ])('%s', async (_what, text, status) => {
    const { socket, talk } = await serve()
    expect(await talk(await socket(), text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })
})

describe('a request that no route sees', () => {
  it.each<[string, string, Partial<RefusedOutcome>, string | null]>([
    [
      'two hosts',
      `POST /token HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: ${LISTED}\r\n\r\n`,
      { reason: 'host', status: 400, origin: LISTED },
      '/token',
    ],
    [
      'no host',
      `POST /token HTTP/1.1\r\nOrigin: ${LISTED}\r\n\r\n`,
      { reason: 'host', status: 400, origin: LISTED },
      '/token',
    ],
    [
      'headers that are too large',
      `POST /token HTTP/1.1\r\nHost: a\r\nOrigin: ${LISTED}\r\nCookie: ${'c'.repeat(20_000)}\r\n\r\n`,
      { reason: 'headers-too-large', status: 431, origin: LISTED },
      '/token',
    ],
    ['no HTTP', 'nonsense\r\n\r\n', { reason: 'not-http', status: 400, origin: null }, null],
  ])('is reported: %s', async (_what, text, outcome, target) => {
    const onRefused = vi.fn()
    const { socket, talk } = await serve({ onRefused })
    const answer = await talk(await socket(), text, '}')
    const facts = { kind: 'refused', code: 'bad-request', address: '127.0.0.1', ...outcome }
    expect(onRefused.mock.calls).toMatchObject([[facts, target]])
    const [[{ requestId }]] = onRefused.mock.calls as [[RefusedOutcome]]
    expect(answer).toContain(requestId)
  })

  it('is reported with the visitor whom a trusted proxy names, and with the proxy’s ids', async () => {
    const onRefused = vi.fn()
    const { socket, talk, get } = await serve({ onRefused, maxConnections: 1, isTrusted: () => true })
    const [busy, more] = [await socket(), await socket()]
    busy.write(get('/slow'))
    const headers = 'X-Forwarded-For: 203.0.113.9\r\nX-Request-ID: of-the-proxy\r\n'
    expect(await talk(more, get('/page', headers))).toMatch(/^HTTP\/1\.1 503 /)
    const facts = { reason: 'connections', status: 503, requestId: 'of-the-proxy', address: '203.0.113.9' }
    expect(onRefused.mock.calls).toMatchObject([[facts, '/page']])
  })
})

describe('a request that fits no route', () => {
  const post = (path: string, type: string, body: string, length = body.length) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\n${type && `Content-Type: ${type}\r\n`}Content-Length: ${length}\r\n\r\n${body}`

  it.each([
    ['malformed JSON', 'application/json', '{'],
    ['no JSON', 'application/json', ''],
    ['a forbidden key', 'application/json', '{"__proto__":1}'],
    ['XML', 'text/xml', '<a/>'],
    ['a malformed type', 'nonsense', 'a'],
    ['no type', '', 'a'],
  ])('is a 404 without an error: %s', async (_what, type, body) => {
    const lines: string[] = []
    const logger = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
    const { socket, talk } = await serve({ logger })
    const start = lines.length
    expect(await talk(await socket(), post('/wp-json/x', type, body))).toMatch(/^HTTP\/1\.1 404 /)
    expect(lines.slice(start)).toEqual([])
  })

  it('has its response before its body', async () => {
    const { socket, talk } = await serve()
    const text = post('/wp-json/x', 'application/json', '{', 900_000)
    expect(await talk(await socket(), text)).toMatch(/^HTTP\/1\.1 404 /)
  })

  it('keeps the status of what the client did, and is reported; an error of ours is a 500', async () => {
    const onRefused = vi.fn()
    const log: string[] = []
    const app = buildApp({
      isTrusted: () => true,
      logger: pino({ level: 'error' }, { write: (line) => void log.push(line) }),
      allowedOrigins: [],
      onRefused,
    })
    app.options('/page', () => 'page')
    app.get('/fails', () => Promise.reject(Object.assign(new Error('inside'), { statusCode: 302 })))
    const malformed = await app.inject({
      method: 'OPTIONS',
      url: '/page',
      headers: { 'content-type': 'nonsense', traceparent },
      payload: 'a',
    })
    expect([malformed.statusCode, malformed.json<{ code: string }>().code]).toEqual([415, 'bad-request'])
    expect(onRefused.mock.calls).toMatchObject([[{ reason: 'framework', status: 415, traceparent }]])
    const failed = await app.inject({ url: '/fails', headers: { traceparent } })
    expect(log.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: 'route failed', traceparent },
    ])
    expect([failed.statusCode, failed.body.includes('inside')]).toEqual([500, false])
    await app.close()
  })
})

describe('a crowd at the start of a stream', () => {
  it('is a 503 with Retry-After beyond the queue, for every route, and reported', async () => {
    const app = buildApp({ isTrusted: () => false, logger: pino({ enabled: false }), allowedOrigins: [] })
    const onRefused = vi.fn()
    limitStarts(app, '/token', undefined, { isTrusted: () => true, onRefused })
    app.get('/page', () => 'page')
    await app.ready()
    const full = vi.spyOn(AdmissionQueue.prototype, 'admit').mockReturnValueOnce(false)
    const response = await app.inject({ url: '/page', headers: { traceparent } })
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([503, 'overloaded'])
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    const refused = { code: 'overloaded', reason: 'queue', status: 503, traceparent }
    expect(onRefused.mock.calls).toMatchObject([[refused]])
    full.mockRestore()
    await app.close()
  })
})
