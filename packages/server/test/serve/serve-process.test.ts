import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT, listen, makeKey, SITE_ORIGIN } from '../running-server.js'
import { secret, secretsIn } from '../secrets.js'
import { freePort, runServe, untilListening, type Spawned } from './spawned.js'

const { kid, pem } = makeKey()
const COOKIE = `sid=${secret('the-cookie-of-a-visitor')}`

describe('kinescope-chat serve as a process', () => {
  let site: Awaited<ReturnType<typeof listen>>
  let release: () => void
  let asked: Promise<void>
  let server: Spawned
  let port: number

  beforeAll(async () => {
    const released = new Promise<void>((resolve) => (release = resolve))
    let arrived: () => void
    asked = new Promise<void>((resolve) => (arrived = resolve))
    site = await listen((_request, response) => {
      arrived()
      void released.then(() => response.end(JSON.stringify({ id: 'u-1', name: 'Ann' })))
    })
    port = await freePort()
    server = await runServe({
      PORT: String(port),
      CHAT_EVENTS: EVENT,
      CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `${site.url}/me`,
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
      CHAT_LOG_LEVEL: 'debug',
    })
    await untilListening(server, port)
  })
  afterAll(async () => {
    server.child.kill('SIGKILL')
    await site.close()
  })

  it('responds to pending requests at SIGTERM and ends in under five seconds', async () => {
    const agent = new Agent({ keepAlive: true })
    const idle = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect(port, '127.0.0.1')
        socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        await once(socket, 'data')
        return socket
      }),
    )
    const answer = new Promise<{ status: number; connection: string | undefined; body: string }>(
      (resolve, reject) => {
        const call = request(`http://127.0.0.1:${port}/token`, {
          agent,
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Origin: SITE_ORIGIN, Cookie: COOKIE },
        })
        call.on('error', reject).on('response', (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (part: string) => (body += part))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, body }),
          )
        })
        call.end(JSON.stringify({ event_id: EVENT }))
      },
    )
    await asked
    const signalledAt = performance.now()
    server.child.kill('SIGTERM')
    // the site responds only after the server has received the signal
    await Promise.all(idle.map((socket) => once(socket, 'close')))
    release()
    expect(await answer).toMatchObject({
      status: 200,
      connection: 'close',
      body: expect.stringContaining('"token"') as string,
    })
    expect(await server.ended).toBe(0)
    expect(performance.now() - signalledAt).toBeLessThan(5000)
    agent.destroy()
  })

  it('has written no secret, even at the most verbose level', () => {
    expect(server.output()).toContain('token made')
    expect(secretsIn(server.output())).toEqual([])
  })
})

describe('a wrong setting', () => {
  it('ends the start with exit code 2, and the output names all wrong settings', async () => {
    const right = {
      CHAT_EVENTS: EVENT,
      CHAT_IDENTITY: 'guest',
      CHAT_IDENTITY_SECRET: '0123456789abcdef'.repeat(2),
      PORT: '0',
    }
    const one = await runServe({ ...right, CHAT_TOKEN_TTL: '1h' })
    const several = await runServe({ CHAT_TOKEN_TTL: '1h', CHAT_EVENT: EVENT })
    const key = await runServe({ ...right, CHAT_PRIVATE_KEY: secret(makeKey(1024).pem), CHAT_KEY_ID: 'kid' })
    expect([await one.ended, await several.ended, await key.ended]).toEqual([2, 2, 2])
    expect(one.output()).toContain('CHAT_TOKEN_TTL')
    for (const name of ['CHAT_TOKEN_TTL', 'CHAT_EVENTS', 'CHAT_EVENT', 'CHAT_IDENTITY'])
      expect(several.output()).toContain(name)
    expect(key.output()).toContain('CHAT_PRIVATE_KEY')
    expect(secretsIn(key.output().replaceAll('CHAT_PRIVATE_KEY', ''))).toEqual([])
  })
})
