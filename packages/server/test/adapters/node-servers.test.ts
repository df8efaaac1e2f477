import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNodeHandler, fixedKeySource, importSigningKey } from '../../src/index.js'
import { sessionUser } from '../examples/session.js'
import { expressExample } from '../examples/express.js'
import { honoExample } from '../examples/hono.js'
import { nodeHttpExample } from '../examples/node-http.js'
import { askToken, makeKey } from '../running-server.js'
import { chatThat } from '../endpoint/chat-that-verifies.js'

const key = makeKey()
let chat: Awaited<ReturnType<typeof chatThat>>
beforeAll(async () => {
  chat = await chatThat(key)
})
afterAll(() => chat.close())

async function serve(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Puts Hono, which uses Request and Response, behind a Node server. */
async function honoServer() {
  const app = await honoExample(key.kid, key.pem, chat.eventId)
  return createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const answer = await app.request(`http://${request.headers.host}${request.url}`, {
        method: request.method!,
        headers: request.headers as Record<string, string>,
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      })
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    })()
  })
}

describe.each([
  ['node:http', () => nodeHttpExample(key.kid, key.pem, chat.eventId)],
  ['Express', async () => createServer(await expressExample(key.kid, key.pem, chat.eventId))],
  ['Hono', honoServer],
] as const)('the example for %s', (_name, open) => {
  let server: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    server = await serve(await open())
  })
  afterAll(() => server.close())
  const own = { 'Sec-Fetch-Site': 'same-origin' }

  it('signs the visitor in to the chat under their own id', async () => {
    const response = await askToken(server.url, { ...own, Cookie: 'sid=ann' }, { event_id: chat.eventId })
    expect(response.status).toBe(200)
    const { token } = (await response.json()) as { token: string }
    expect(await chat.enter(token)).toEqual({ userId: 'ann', username: 'Name of ann' })
  })

  it('rejects with the documented status and code', async () => {
    const answers = await Promise.all([
      askToken(server.url, own, { event_id: chat.eventId }),
      askToken(server.url, { ...own, Cookie: 'sid=ann' }, { event_id: 'another' }),
      askToken(server.url, { Origin: 'https://evil.test', Cookie: 'sid=ann' }, { event_id: chat.eventId }),
      askToken(server.url, { ...own, Cookie: 'sid=ann' }, { event_id: chat.eventId, user_id: 'victim' }),
      askToken(server.url, { ...own, Cookie: 'sid=ann' }, { event_id: 'x'.repeat(5000) }),
      askToken(server.url, { ...own, 'Content-Type': 'text/html' }, 'x'),
      fetch(`${server.url}/token`),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 403, 400, 413, 415, 405])
    for (const { headers } of answers) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('vary')).toContain('Origin')
      expect(headers.get('x-request-id')).toBeTruthy()
    }
  })
})

describe('HTTP/2', () => {
  /** One POST by HTTP/2. The host is in `:authority`. */
  async function post(port: number, headers: Record<string, string>): Promise<number> {
    const session = connect(`http://127.0.0.1:${port}`)
    try {
      return await new Promise<number>((resolve, reject) => {
        session.on('error', reject)
        const stream = session.request({
          ':method': 'POST',
          ':path': '/token',
          'content-type': 'application/json',
          cookie: 'sid=ann',
          ...headers,
        })
        stream.on('response', (reply) => resolve(Number(reply[':status']))).on('error', reject)
        stream.resume().end(JSON.stringify({ event_id: chat.eventId }))
      })
    } finally {
      session.close()
    }
  }

  it('accepts its own pages by :authority, and rejects a different Host', async () => {
    const token = createNodeHandler({
      keys: fixedKeySource(await importSigningKey({ kid: key.kid, privateKey: key.pem })),
      events: [chat.eventId],
      authenticate: (request) => sessionUser(request.headers.cookie),
    })
    const server = createHttp2Server(
      (request, response) =>
        void token(request as unknown as IncomingMessage, response as unknown as ServerResponse),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      expect(await post(port, { origin: `http://127.0.0.1:${port}` })).toBe(200)
      expect(await post(port, { ':authority': 'chat.test', origin: 'http://chat.test' })).toBe(200)
      expect(await post(port, { origin: 'https://other.test' })).toBe(403)
      const oneHost = { ':authority': 'Chat.test:80', host: 'chat.test', origin: 'http://chat.test' }
      expect(await post(port, oneHost)).toBe(200)
      expect(await post(port, { ...oneHost, host: 'chat.test:8080' })).toBe(400)
      const twoHosts = { ':authority': 'chat.test', host: 'other.test', origin: 'http://other.test' }
      expect(await post(port, twoHosts)).toBe(400)
    } finally {
      server.close()
    }
  })
})
