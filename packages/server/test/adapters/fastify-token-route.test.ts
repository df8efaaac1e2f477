import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkToken } from 'kinescope-chat/check-token'
import type { TokenReply } from 'kinescope-chat/contract'
import {
  askToken,
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'

const key = makeKey()
let site: Awaited<ReturnType<typeof startSite>>
let server: TestServer
let cookie: string

beforeAll(async () => {
  site = await startSite()
  server = await startTestServer(forwardEnv(site.url, key))
  cookie = site.signIn('u-1', 'Ann')
})
afterAll(async () => {
  await server.close()
  await site.close()
})

const ALWAYS = { 'cache-control': 'no-store', vary: 'Origin', 'x-content-type-options': 'nosniff' }

const BODY = JSON.stringify({ event_id: EVENT })

/** Sends bytes unchanged: `fetch` corrects malformed requests. */
async function raw(text: string, { keepOpen = false } = {}): Promise<string> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part))
  socket.write(text)
  if (!keepOpen) socket.end()
  await once(socket, 'close')
  return answer
}

describe('the token route over HTTP', () => {
  it('returns a token for the signed-in visitor', async () => {
    const response = await askToken(server.url, { Cookie: cookie })
    expect(response.status).toBe(200)
    const reply = (await response.json()) as TokenReply
    expect(checkToken(reply.token, { eventId: EVENT }).claims).toMatchObject({
      user_id: 'u-1',
      username: 'Ann',
    })
  })

  it('sets its headers on every response, also on preflights and malformed requests', async () => {
    const answers = [
      await askToken(server.url, { Cookie: cookie }),
      await askToken(server.url),
      await askToken(server.url, { Origin: 'https://evil.test' }),
      await askToken(server.url, {}, 'not json'),
      await askToken(server.url, { 'Content-Type': 'nonsense' }),
      await askToken(server.url, { 'Content-Encoding': 'gzip' }),
      await fetch(`${server.url}/token`),
      await fetch(`${server.url}/token`, { method: 'HEAD' }),
      await fetch(`${server.url}/token`, { method: 'PROPFIND' }),
      await fetch(`${server.url}/token`, { method: 'OPTIONS', headers: { Origin: SITE_ORIGIN } }),
      await fetch(`${server.url}/token`, { method: 'OPTIONS', headers: { Origin: 'https://evil.test' } }),
      await fetch(`${server.url}/token`, { method: 'OPTIONS' }),
      await fetch(`${server.url}/token/`, { method: 'POST' }),
      await fetch(`${server.url}/token/deep/er`),
      await fetch(`${server.url}/token%E0%A4%A`),
      await fetch(`${server.url}/nothing`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([
      200, 401, 403, 400, 415, 415, 405, 405, 405, 204, 403, 204, 404, 404, 404, 404,
    ])
    for (const { headers, url, status } of answers) {
      const all = Object.fromEntries(headers)
      expect(all, `${status} ${url}`).toMatchObject(ALWAYS)
      expect(all['x-request-id'], `${status} ${url}`).toMatch(/^[\w-]{8,}$/)
      expect(all, `${status} ${url}`).not.toHaveProperty('etag')
      expect(all, `${status} ${url}`).not.toHaveProperty('last-modified')
    }
  })

  it('names a malformed Content-Type, and judges the method before it', async () => {
    for (const type of ['nonsense', 'json', 'application/json, text/plain']) {
      const response = await askToken(server.url, { Cookie: cookie, 'Content-Type': type })
      expect(await response.json(), type).toMatchObject({
        status: 415,
        detail: 'Content-Type must be application/json, or text/plain in UTF-8.',
      })
      const put = await fetch(`${server.url}/token`, { method: 'PUT', headers: { 'Content-Type': type } })
      expect([put.status, put.headers.get('allow')], type).toEqual([405, 'POST, OPTIONS'])
    }
    const query = await raw('QUERY /token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    expect(query).toMatch(/^HTTP\/1\.1 (405 |400 Bad Request[^]*Malformed HTTP request)/)
  })

  it('never responds with 304', async () => {
    const response = await askToken(server.url, { Cookie: cookie, 'If-None-Match': '*' })
    expect(response.status).toBe(200)
  })

  it('coerces no value and ignores no unknown member', async () => {
    const bodies = [
      { event_id: [EVENT] },
      { event_id: 123 },
      { event_id: EVENT, user_id: 'admin' },
      { event_id: EVENT, username: 'Admin' },
    ]
    const answers = await Promise.all(bodies.map((body) => askToken(server.url, { Cookie: cookie }, body)))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400])
  })

  it('accepts a byte order mark, and takes the last of two equal members, as JSON.parse does', async () => {
    const twice = await askToken(server.url, { Cookie: cookie }, `{"event_id":"other","event_id":"${EVENT}"}`)
    const marked = await askToken(server.url, { Cookie: cookie }, `\ufeff{"event_id":"${EVENT}"}`)
    expect([twice.status, marked.status]).toEqual([200, 200])
  })

  it('rejects a body over the limit before it has read it, with and without Content-Length', async () => {
    const long = 'x'.repeat(5000)
    const withLength = await askToken(server.url, { Cookie: cookie }, long)
    expect([withLength.status, ((await withLength.json()) as { code: string }).code]).toEqual([
      413,
      'bad-request',
    ])
    const head = `POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${SITE_ORIGIN}\r\nContent-Type: application/json\r\n`
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n1388\r\n${long}\r\n0\r\n\r\n`
    expect(await raw(chunked)).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('rejects a second body smuggled with a wrong length', async () => {
    const head = `POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${SITE_ORIGIN}\r\nContent-Type: application/json\r\n`
    const both = `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
    expect(await raw(both)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('accepts a page of the server itself without a list entry, by Sec-Fetch-Site or by Origin', async () => {
    const byOrigin = await askToken(server.url, { Cookie: cookie, Origin: server.url })
    const bySite = await askToken(server.url, {
      Cookie: cookie,
      Origin: 'https://proxied.test',
      'Sec-Fetch-Site': 'same-origin',
    })
    expect([byOrigin.status, bySite.status]).toEqual([200, 200])
    expect(byOrigin.headers.has('access-control-allow-origin')).toBe(false)
  })

  it('takes its own origin from the absolute form instead of Host', async () => {
    const call = (host: string, origin: string) =>
      raw(
        `POST http://chat.test/token HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nCookie: ${cookie}\r\n` +
          `Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
        { keepOpen: true },
      )
    expect(await call('other.test', 'http://chat.test')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await call('evil.test', 'http://evil.test')).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('ignores X-Forwarded-Host and -Proto from a peer that is not a trusted proxy', async () => {
    const forged = {
      'X-Forwarded-Host': 'evil.test',
      'X-Forwarded-Proto': 'https',
      Origin: 'https://evil.test',
    }
    expect((await askToken(server.url, { Cookie: cookie, ...forged })).status).toBe(403)
  })

  it('ends a request that arrives too slowly, in about five seconds', async () => {
    const started = performance.now()
    const answer = await raw(`POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${SITE_ORIGIN}\r\n`, {
      keepOpen: true,
    })
    const seconds = (performance.now() - started) / 1000
    expect(seconds).toBeGreaterThan(4)
    expect(seconds).toBeLessThan(9)
    expect(answer).not.toContain('200 OK')
  })
})
