import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { ProblemReply } from 'kinescope-chat/contract'
import {
  askToken,
  forwardEnv,
  listen,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'
import { secret } from '../secrets.js'

const key = makeKey()
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** A site that counts concurrent requests, and responds only when the test allows it. */
async function slowSite() {
  let under = 0
  let most = 0
  const waiting: (() => void)[] = []
  const site = await listen((request, response) => {
    most = Math.max(most, ++under)
    request.once('close', () => under--)
    waiting.push(() =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":"u","name":"U"}'),
    )
  })
  open.push(site)
  return { ...site, most: () => most, answer: () => waiting.splice(0).forEach((let_) => let_()) }
}

async function serverAt(siteUrl: string, env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer({ ...forwardEnv(siteUrl, key), CHAT_RATE_LIMIT: 'off', ...env })
  open.push(server)
  return server
}

describe('a slow site', () => {
  it('gets 64 concurrent requests for 400 visitors, and each visitor gets a Retry-After', async () => {
    const site = await slowSite()
    const server = await serverAt(site.url)
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, index) => askToken(server.url, { Cookie: `sid=${index}` })),
    )
    // requests without enough remaining time are never sent, so a hanging site gets no second burst
    expect(site.most()).toBeGreaterThanOrEqual(64)
    // on a busy machine, some requests arrive while the site still counts aborted ones
    expect(site.most()).toBeLessThan(2 * 64)
    const codes = new Map<string, number>()
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      const { code } = (await answer.json()) as ProblemReply
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    // on a busy machine, some requests arrive after the first 64 have timed out
    expect([...codes.keys()].sort()).toEqual(['identity-unavailable', 'overloaded'])
    expect(codes.get('identity-unavailable')).toBeGreaterThanOrEqual(64)
    expect(codes.get('overloaded')).toBeGreaterThan(0)
    // the first rejection is logged with its origin and remedy; equal ones are counted until the minute ends
    const lines = server.log.filter((line) => line.includes('identity-unavailable'))
    expect(lines.length).toBe(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({
      origin: SITE_ORIGIN,
      address: '127.0.0.1',
      todo: expect.stringContaining('CHAT_IDENTITY_URL') as string,
    })
  })

  it('does not prevent the server from stopping', async () => {
    const site = await slowSite()
    const server = await serverAt(site.url)
    const asked = askToken(server.url, { Cookie: 'sid=1' })
    await expect.poll(site.most).toBe(1)
    const started = performance.now()
    const [answer] = await Promise.all([asked, server.close()])
    expect(answer.status).toBe(503)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('a slow API of Kinescope', () => {
  it('gets few connections under any load, and no visitor waits for it', async () => {
    const api = await slowSite()
    const site = await startSite()
    open.push(site)
    const cookie = site.signIn('u-1', 'Ann')
    const server = await serverAt(site.url, {
      KINESCOPE_API_URL: api.url,
      KINESCOPE_API_TOKEN: secret('3f0b2c1e-0000-4000-8000-00000000abcd'),
    })
    await expect.poll(api.most).toBeGreaterThan(0)
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => askToken(server.url, { Cookie: cookie })),
    )
    // the API has not responded yet: an unknown state rejects no visitor
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(api.most()).toBeLessThanOrEqual(4)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    api.answer()
  })
})

describe('headers that are too large', () => {
  it('get our own error code', async () => {
    const site = await slowSite()
    const server = await serverAt(site.url)
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket
      .setEncoding('latin1')
      .on('data', (part: string) => (answer += part))
      .on('error', () => undefined)
    socket.write(
      `POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${SITE_ORIGIN}\r\nCookie: ${'c=1; '.repeat(6000)}\r\n\r\n`,
    )
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer).toContain('"bad-request"')
    expect(answer).toContain(`Access-Control-Allow-Origin: ${SITE_ORIGIN}`)
  })
})

describe('a request that Node rejects or accepts by default', () => {
  const say = async (server: TestServer, text: string) => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname).setEncoding('latin1')
    let answer = ''
    socket.on('data', (part: string) => (answer += part)).on('error', () => undefined)
    socket.write(text)
    await once(socket, 'close')
    return answer
  }

  it('gets our own error for an unknown expectation, and for an empty origin without a host', async () => {
    const site = await startSite()
    open.push(site)
    const server = await serverAt(site.url)
    const rest = 'Content-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}'
    const listed = `POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${SITE_ORIGIN}\r\nExpect: the-best\r\n${rest}`
    const nothing = `POST /token HTTP/1.0\r\nOrigin: http://\r\n${rest}`
    for (const [text, status] of [
      [listed, 400],
      [nothing, 403],
    ] as const) {
      const answer = await say(server, text)
      expect(answer).toContain(`HTTP/1.1 ${status} `)
      expect(answer).toMatch(/^x-request-id: /im)
      expect(answer).toMatch(/^cache-control: no-store/im)
    }
  })
})
