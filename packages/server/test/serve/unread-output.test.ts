import { spawn, type ChildProcess } from 'node:child_process'
import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT, makeKey, SITE_ORIGIN } from '../running-server.js'
import { secret } from '../secrets.js'
import { freePort, untilListening } from './spawned.js'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const { kid, pem } = makeKey()
/**
 * About 300 bytes of log for each token: several times the capacity of the pipe (64 KiB) and of the server's buffer (1
 * MiB).
 */
const TOKENS = 6000

describe('a server whose standard output is not read', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  let child: ChildProcess
  let port: number
  let adminPort: number

  function ask(method: 'GET' | 'POST', path: string, at = port): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', Origin: SITE_ORIGIN }
      const call = request(
        { port: at, host: '127.0.0.1', agent, method, path, headers: method === 'POST' ? headers : {} },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => (text += part))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        },
      ).on('error', reject)
      call.end(method === 'POST' ? JSON.stringify({ event_id: EVENT }) : undefined)
    })
  }

  beforeAll(async () => {
    port = await freePort()
    adminPort = await freePort()
    const { PATH = '' } = process.env
    child = spawn(process.execPath, ['--import', 'tsx', CLI, 'serve'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH,
        PORT: String(port),
        CHAT_ADMIN_PORT: String(adminPort),
        CHAT_EVENTS: EVENT,
        CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
        CHAT_IDENTITY: 'guest',
        CHAT_IDENTITY_SECRET: secret('0123456789abcdef-of-a-test-server'),
        CHAT_PRIVATE_KEY: pem,
        CHAT_KEY_ID: kid,
        CHAT_RATE_LIMIT: 'off',
        CHAT_LOG_LEVEL: 'debug',
      },
    })
    // not read, so the pipe fills up
    child.stdout!.pause()
    await untilListening({ child, output: () => '', ended: Promise.resolve(null) }, port)
  })
  afterAll(() => {
    child.kill('SIGKILL')
    agent.destroy()
  })

  it('issues tokens and responds to /healthz, and reports the lost log lines in /metrics', async () => {
    let left = TOKENS
    const statuses = new Set<number>()
    const visitor = async () => {
      while (left-- > 0) statuses.add((await ask('POST', '/token')).status)
    }
    await Promise.all(Array.from({ length: 20 }, visitor))
    expect([...statuses]).toEqual([200])
    expect((await ask('GET', '/healthz')).status).toBe(200)
    const { text } = await ask('GET', '/metrics', adminPort)
    const lost = Number(/^kinescope_chat_log_lost_total (\d+)$/m.exec(text)?.[1])
    // control: the output exceeds all buffers
    expect(lost).toBeGreaterThan(0)
  })

  it('ends at SIGTERM in under five seconds', async () => {
    const signalledAt = performance.now()
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(performance.now() - signalledAt).toBeLessThan(5000)
  })
})
