import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WIRE_CODES } from 'kinescope-chat/contract'
import { Metrics, REFUSAL_REASONS } from '../../src/serve/metrics.js'
import type { KeySource } from '../../src/token/signing-key.js'
import { secret } from '../secrets.js'
import { EVENT, forwardEnv, makeKey, startTestServer, type TestServer } from '../running-server.js'

const env = forwardEnv('http://127.0.0.1:1', makeKey())

/** A request with exactly these headers, since `fetch` drops some. */
function get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { headers, agent: false })
    call.on('error', reject).on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    call.end()
  })
}

describe('the public port', () => {
  let server: TestServer
  beforeAll(async () => void (server = await startTestServer({ ...env, CHAT_ADMIN_PORT: '' })))
  afterAll(() => server.close())

  it.each<[string, Record<string, string>]>([
    ['a direct caller', {}],
    ['a caller that names this machine', { Host: 'localhost' }],
    ['nginx 1.29.7 and later at its defaults', { Connection: 'keep-alive', Host: '127.0.0.1' }],
    ['a scraper', { Accept: 'application/openmetrics-text; version=1.0.0' }],
  ])('never has /metrics: %s', async (_who, headers) => {
    for (const path of ['/metrics', '/metrics/', '/%6detrics', '/metrics?x', '//metrics'])
      expect((await get(server.url + path, headers)).status, path).toBe(404)
    expect(server.adminUrl).toBeNull()
  })

  it('/readyz has only a status and codes', async () => {
    expect(JSON.parse((await get(`${server.url}/readyz`)).body)).toEqual({ status: 'ready', notes: [] })
  })
})

describe('metrics', () => {
  let server: TestServer
  let text: (accept?: string) => Promise<string>
  beforeAll(async () => {
    server = await startTestServer({ ...env, CHAT_BASE_PATH: '/chat' })
    text = async (accept) => (await get(`${server.adminUrl}/metrics`, accept ? { Accept: accept } : {})).body
  })
  afterAll(() => server.close())

  it('begin at 0, so that the first event counts', async () => {
    const metrics = await text()
    const zero = [
      'kinescope_chat_key_ring_reloads_total{result="failed"} 0',
      'kinescope_chat_key_ring_reloads_total{result="ok"} 0',
      'kinescope_chat_upstream_checks_total{result="failed"} 0',
      'kinescope_chat_identity_key_fetches_total{result="failed"} 0',
      'kinescope_chat_identity_key_fetches_total{result="ok"} 0',
      'kinescope_chat_refusals_total{code="sign-in-required",reason="no-credentials"} 0',
      'kinescope_chat_refusals_total{code="bad-request",reason="headers-too-large"} 0',
      'kinescope_chat_http_request_duration_seconds_count{route="other",code="408"} 0',
      'kinescope_chat_rate_limit_fallbacks_total 0',
      'kinescope_chat_audit_lost_total 0',
      'kinescope_chat_log_lost_total 0',
      `kinescope_chat_tokens_total{event="${EVENT}",kid="${env['CHAT_KEY_ID']}"} 0`,
      'kinescope_chat_http_request_duration_seconds_count{route="/token",code="503"} 0',
      'kinescope_chat_identity_duration_seconds_count 0',
      'kinescope_chat_redis_duration_seconds_count 0',
    ]
    for (const line of zero) expect(metrics).toContain(`${line}\n`)
    for (const code of WIRE_CODES)
      expect(metrics).toMatch(
        new RegExp(`^kinescope_chat_refusals_total{code="${code}",reason=".+"} 0$`, 'm'),
      )
    expect(metrics).not.toContain('reason=""')
  })

  it('have each reason of the sources from the start', () => {
    const folder = fileURLToPath(new URL('../../src', import.meta.url))
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /^(adapters|endpoint|identity|serve)\/.*\.ts$/.test(name),
    )
    const call = String.raw`(?:refuse|rejected|unavailable|badRequest|KeySetUnavailable)\(\s*|reason: (?:[\w.]+ \? )?`
    const literal = new RegExp(`(?:${call})'([a-z][\\w-]*)'(?: : '([a-z][\\w-]*)')?`, 'g')
    const used = files.flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(literal)].flatMap(([, ...reasons]) =>
        reasons.filter((reason) => reason !== undefined),
      ),
    )
    expect(new Set(used).size).toBeGreaterThan(70)
    const known = Object.values(REFUSAL_REASONS).flatMap((reasons) => reasons.split(/\s+/))
    expect(used.filter((reason) => !known.includes(reason))).toEqual([])
  })

  it('count a status of the site that no list has, and a rehearsal, in series that begin at 0', async () => {
    const rehearsed = await startTestServer({
      ...env,
      CHAT_REHEARSAL: secret('a-rehearsal-of-thirty-two-bytes+'),
    })
    const { body } = await get(`${rehearsed.adminUrl}/metrics`)
    expect(body).toContain(`kinescope_chat_tokens_total{event="*",kid="${env['CHAT_KEY_ID']}"} 0\n`)
    await rehearsed.close()
    const metrics = new Metrics()
    const series = 'kinescope_chat_refusals_total{code="identity-unavailable",reason="other"}'
    expect(await metrics.registry.metrics()).toContain(`${series} 0\n`)
    const facts = { requestId: 'r', todo: null, origin: null, address: null }
    for (const reason of ['site-says-418', 'site-says-522'])
      metrics.outcome({ kind: 'refused', code: 'identity-unavailable', status: 503, reason, ...facts })
    const after = await metrics.registry.metrics()
    expect(after).toContain(`${series} 2\n`)
    expect(after).not.toMatch(/site-says-(418|522)/)
  })

  it('have the key of a rotation before it signs', async () => {
    const metrics = new Metrics()
    const key = (kid: string) => ({ key: { kid } }) as ReturnType<KeySource['current']>
    const zero = () => 0
    metrics.observe({
      version: '1',
      keys: { current: (time) => key(time < 600_000 ? 'old' : 'new') },
      stale: () => false,
      pending: zero,
      queued: zero,
      connections: zero,
      inFlight: zero,
      logLost: zero,
      eventIds: [EVENT],
      now: () => 1000,
    })
    const { text } = await metrics.scrape()
    for (const kid of ['old', 'new'])
      expect(text).toContain(`kinescope_chat_tokens_total{event="${EVENT}",kid="${kid}"} 0\n`)
    expect(text).toContain('kinescope_chat_signing_key_usable{kid="old"} 1\n')
    expect(text).not.toContain('usable{kid="new"}')
  })

  it('describe the server and its state', async () => {
    const metrics = await text()
    expect(metrics).toMatch(/^kinescope_chat_build_info\{version="\d+\.\d+\.\d+",node="v\d+[^"]*"\} 1$/m)
    expect(metrics).toMatch(/^kinescope_chat_connections \d+$/m)
    expect(metrics).toMatch(/^kinescope_chat_requests_in_flight \d+$/m)
    expect(metrics).toMatch(/^kinescope_chat_requests_queued 0$/m)
    expect(metrics).toMatch(/^kinescope_chat_key_ring_last_reload_success_timestamp_seconds 1\d{9}(\.\d+)?$/m)
  })

  it('count requests by route and code, for any address', async () => {
    for (const path of ['/healthz', '/nothing', '/embed/made-up-by-a-visitor', '/kinescope-chat.js'])
      await get(server.url + path)
    await get(`${server.url}/token`)
    await vi.waitFor(async () => {
      const metrics = await text()
      const counts = [
        ...metrics.matchAll(
          /_http_request_duration_seconds_count\{route="([^"]+)",code="(\d+)"\} ([1-9]\d*)/g,
        ),
      ]
      const routes = counts.map(([, route, code]) => `${route} ${code}`)
      expect(routes.sort()).toEqual([
        '/embed/:eventId 404',
        '/healthz 200',
        '/kinescope-chat.js 200',
        '/token 405',
        'other 404',
      ])
      expect(metrics).not.toContain('made-up')
    })
  })

  it('use OpenMetrics if the scraper accepts it, also in concurrent scrapes', async () => {
    const [plain, open] = await Promise.all([
      text(),
      text('application/openmetrics-text;version=1.0.0,text/plain;q=0.5'),
    ])
    expect(open.endsWith('# EOF\n')).toBe(true)
    expect(open).toContain('# TYPE kinescope_chat_refusals counter')
    expect(plain).not.toContain('# EOF')
    expect(plain).toContain('# TYPE kinescope_chat_refusals_total counter')
  })
})

describe('a shutdown with a delay', () => {
  it('fails /readyz on both ports and keeps responding until its end', async () => {
    const server = await startTestServer({ ...env, CHAT_SHUTDOWN_DELAY: '1' })
    const closing = server.close()
    for (const url of [server.url, server.adminUrl!]) {
      const { status, body } = await get(`${url}/readyz`)
      expect([status, (JSON.parse(body) as { status: string }).status]).toEqual([503, 'draining'])
      expect((await get(`${url}/healthz`)).status).toBe(200)
    }
    expect((await get(`${server.url}/token`)).status).toBe(405)
    await closing
    await expect(get(`${server.url}/healthz`)).rejects.toThrow()
  })
})

describe('the log', () => {
  const ID = '7b1c0d5e-aaaa-4bbb-8ccc-123456789abc'
  const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const HEADERS = { 'X-Request-ID': ID, Traceparent: TRACE }
  const linesOf = (server: TestServer) =>
    server.log.map((line) => JSON.parse(line) as Record<string, unknown>)

  it('has levels as words, times as ISO 8601, and the ids of a trusted proxy', async () => {
    const server = await startTestServer({ ...env, CHAT_TRUSTED_PROXIES: '127.0.0.1', CHAT_ACCESS_LOG: 'on' })
    const call = request(`${server.url}/token?identity=secret`, {
      method: 'POST',
      headers: { ...HEADERS, Origin: 'https://evil.test', 'X-Forwarded-For': '203.0.113.9' },
      agent: false,
    }).end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.headers['x-request-id']).toBe(ID)
    await vi.waitFor(() => expect(linesOf(server).some(({ msg }) => msg === 'request')).toBe(true))
    for (const { level, time } of linesOf(server)) {
      expect(['debug', 'info', 'warn', 'error']).toContain(level)
      expect(new Date(time as string).toISOString()).toBe(time)
    }
    const facts = { requestId: ID, traceparent: TRACE }
    expect(linesOf(server)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...facts, msg: 'no token' }),
        expect.objectContaining({
          ...facts,
          msg: 'request',
          method: 'POST',
          path: '/token',
          status: 403,
          network: '203.0.113.0/24',
        }),
      ]),
    )
    await server.close()
  })

  it('of requests has the route, and never the token of an address that a click tracker encoded', async () => {
    const server = await startTestServer({ ...env, CHAT_ACCESS_LOG: 'on' })
    const token = secret('eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhY2Nlc3MifQ.c2lnbmF0dXJlLW9mLXRoZS1zaXRl')
    const rests = ['%3Fidentity%3D', '%253Fidentity%253D', '?identity=', '&identity=', ';identity=', '/']
    for (const rest of rests) await get(`${server.url}/embed/${EVENT}${rest}${token}`)
    await get(`${server.url}/embed/identity=${token}`)
    await get(`${server.url}/${token}`)
    const requests = () => linesOf(server).filter(({ msg }) => msg === 'request')
    await vi.waitFor(() => expect(requests()).toHaveLength(rests.length + 2))
    expect(requests()).toContainEqual(
      expect.objectContaining({ route: '/embed/:eventId', path: `/embed/${EVENT}`, status: 200 }),
    )
    await server.close() // searches the log
  })

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['of a client that is no trusted proxy', {}, HEADERS],
    [
      'that are malformed',
      { CHAT_TRUSTED_PROXIES: '127.0.0.1' },
      { 'X-Request-ID': 'a b"c', Traceparent: '00-x' },
    ],
    [
      'that are too long',
      { CHAT_TRUSTED_PROXIES: '127.0.0.1' },
      { 'X-Request-ID': 'x'.repeat(129), Traceparent: `${TRACE}-1` },
    ],
  ])('accepts no ids %s', async (_who, more, headers) => {
    const server = await startTestServer({ ...env, ...more })
    await get(`${server.url}/token`, { ...headers, Origin: 'https://evil.test' })
    const line = linesOf(server).find(({ msg }) => msg === 'no token')
    expect(line?.['requestId']).toMatch(/^[\da-f-]{36}$/)
    expect(line?.['requestId']).not.toBe(ID)
    expect(line).not.toHaveProperty('traceparent')
    expect(linesOf(server).some(({ msg }) => msg === 'request')).toBe(false)
    await server.close()
  })
})

describe('with an admin port', () => {
  it('only that port has /metrics and the complete /readyz', async () => {
    const server = await startTestServer({ ...env, CHAT_ADMIN_PORT: '0', CHAT_BASE_PATH: '/chat' })
    expect((await get(`${server.url}/metrics`)).status).toBe(404)
    expect((await get(`${server.adminUrl}/metrics`)).body).toContain('kinescope_chat_')
    expect(JSON.parse((await get(`${server.adminUrl}/readyz`)).body)).toMatchObject({
      status: 'ready',
      key: { kid: env['CHAT_KEY_ID'] },
    })
    expect((await get(`${server.url}/readyz`)).body).not.toContain(env['CHAT_KEY_ID'])
    // the admin port has no other route
    for (const path of ['/token', '/kinescope-chat.js', `/embed/${EVENT}`])
      expect((await get(server.adminUrl + path)).status, path).toBe(404)
    await server.close()
    await expect(get(`${server.adminUrl}/healthz`)).rejects.toThrow()
  })

  it('a port in use is an error with its code, and the server stops', async () => {
    const first = await startTestServer({ ...env, CHAT_ADMIN_PORT: '0' })
    const { port } = new URL(first.adminUrl!)
    await expect(startTestServer({ ...env, CHAT_ADMIN_PORT: port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await first.close()
  })
})

describe('a request that Node rejects', () => {
  it('gets our own error if the headers are too large', async () => {
    const server = await startTestServer(env)
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.write(`POST /token HTTP/1.1\r\nHost: x\r\nCookie: a=${'x'.repeat(20_000)}\r\n\r\n`)
    let text = ''
    socket.on('data', (part) => (text += String(part)))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 431/)
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      code: 'bad-request',
      status: 431,
    })
    // logged and counted, though no route saw it
    expect(server.log.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ reason: 'headers-too-large', address: '127.0.0.1', msg: 'no token' }),
    )
    const metrics = (await get(`${server.adminUrl}/metrics`)).body
    expect(metrics).toContain('refusals_total{code="bad-request",reason="headers-too-large"} 1\n')
    expect(metrics).toContain('duration_seconds_count{route="/token",code="431"} 1\n')
    await server.close()
  })
})
