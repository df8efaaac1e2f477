import { request } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT, forwardEnv, makeKey, startTestServer, type TestServer } from '../running-server.js'

const env = forwardEnv('http://127.0.0.1:1', makeKey())

/** A request with exactly these headers; `fetch` would keep some to itself. */
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

describe('without an admin port', () => {
  let server: TestServer
  beforeAll(async () => void (server = await startTestServer(env)))
  afterAll(() => server.close())

  it('/metrics answers whoever speaks to the server from this machine', async () => {
    const { status, body } = await get(`${server.url}/metrics`)
    expect(status).toBe(200)
    expect(body).toContain('kinescope_chat_')
  })

  it.each([
    ['X-Forwarded-For', '203.0.113.1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'localhost'],
    ['Forwarded', 'for=203.0.113.1'],
    ['X-Real-IP', '203.0.113.1'],
    ['Via', '1.1 proxy'],
    ['CF-Connecting-IP', '203.0.113.1'],
    ['CF-Ray', '1'],
    ['True-Client-IP', '203.0.113.1'],
    ['X-Client-IP', '203.0.113.1'],
    ['Fastly-Client-IP', '203.0.113.1'],
    ['X-Amzn-Trace-Id', 'Root=1'],
    ['X-Envoy-External-Address', '203.0.113.1'],
    ['X-Azure-ClientIP', '203.0.113.1'],
    ['Host', 'www.example.com'],
    ['Host', '127.0.0.1.example.com'],
    ['Origin', 'https://www.example.com'],
    ['Sec-Fetch-Site', 'none'],
  ])('/metrics is not there for what somebody passed on: %s: %s', async (name, value) => {
    const [metrics, nothing] = await Promise.all([
      get(`${server.url}/metrics`, { [name]: value }),
      get(`${server.url}/nothing`, { [name]: value }),
    ])
    expect(metrics.status).toBe(404)
    const bare = (body: string) => ({ ...(JSON.parse(body) as object), request_id: '' })
    expect(bare(metrics.body)).toEqual(bare(nothing.body))
  })

  it('/metrics is not there for a proxy that adds nothing but speaks as nginx does by default', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.end(`GET /metrics HTTP/1.0\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`)
    let text = ''
    socket.on('data', (part) => (text += String(part)))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 404/)
  })

  it('/readyz has a status and codes, whoever asks', async () => {
    expect(JSON.parse((await get(`${server.url}/readyz`)).body)).toEqual({ status: 'ready', notes: [] })
  })
})

describe('with an admin port', () => {
  it('/metrics and the whole /readyz live there alone', async () => {
    const server = await startTestServer({ ...env, CHAT_ADMIN_PORT: '0', CHAT_BASE_PATH: '/chat' })
    expect((await get(`${server.url}/metrics`)).status).toBe(404)
    expect((await get(`${server.adminUrl}/metrics`)).body).toContain('kinescope_chat_')
    expect(JSON.parse((await get(`${server.adminUrl}/readyz`)).body)).toMatchObject({
      status: 'ready',
      key: { kid: env['CHAT_KEY_ID'] },
    })
    expect((await get(`${server.url}/readyz`)).body).not.toContain(env['CHAT_KEY_ID'])
    // and nothing else does
    for (const path of ['/token', '/kinescope-chat.js', `/embed/${EVENT}`])
      expect((await get(server.adminUrl + path)).status, path).toBe(404)
    await server.close()
    await expect(get(`${server.adminUrl}/healthz`)).rejects.toThrow()
  })

  it('that is taken is an error with its code, and nothing is left running', async () => {
    const first = await startTestServer({ ...env, CHAT_ADMIN_PORT: '0' })
    const { port } = new URL(first.adminUrl!)
    await expect(startTestServer({ ...env, CHAT_ADMIN_PORT: port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await first.close()
  })
})

describe('a request that Node itself refuses', () => {
  it('is told why in our words, where the headers are too large', async () => {
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
    await server.close()
  })
})
