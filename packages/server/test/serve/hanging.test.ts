import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseAuditLine } from '../../src/audit/audit-line.js'
import { builtCli } from '../cli/built-cli.js'
import { askToken, EVENT, makeKey, SITE_ORIGIN, startSite } from '../running-server.js'
import { secret } from '../secrets.js'
import { freePort, runServe, untilListening, type Spawned } from './spawned.js'

const { kid, pem } = makeKey()
const scratch = mkdtempSync(join(tmpdir(), 'chat-hanging-'))
const started: Spawned[] = []
let site: Awaited<ReturnType<typeof startSite>>
/** Accepts every connection and never responds, as a hanging site, API or Redis. */
const silent = createServer((socket) => void socket.on('error', () => undefined).resume())
let silentPort: number

beforeAll(async () => {
  site = await startSite()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  silentPort = (silent.address() as { port: number }).port
})
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  silent.close()
  await site.close()
  rmSync(scratch, { recursive: true })
})

async function start(more: Record<string, string> = {}) {
  const [port, adminPort] = [await freePort(), await freePort()]
  const server = await runServe({
    PORT: String(port),
    CHAT_ADMIN_PORT: String(adminPort),
    CHAT_EVENTS: EVENT,
    CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
    CHAT_IDENTITY: 'forward',
    CHAT_IDENTITY_URL: `${site.url}/me`,
    CHAT_PRIVATE_KEY: pem,
    CHAT_KEY_ID: kid,
    ...more,
  })
  started.push(server)
  await untilListening(server, port)
  /** The current value of a gauge. */
  const gauge = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
    return Number(new RegExp(`^kinescope_chat_${name} (\\d+)`, 'm').exec(text)?.[1])
  }
  return { server, port, gauge, url: `http://127.0.0.1:${port}` }
}

const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 10 })

/** Milliseconds from the signal to the exit, and the exit code. */
async function endOf({ child, ended }: Spawned, signal: NodeJS.Signals = 'SIGTERM') {
  const signalledAt = performance.now()
  child.kill(signal)
  const code = await ended
  return { code, ms: performance.now() - signalledAt }
}

const open = async (port: number, text: string) => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

describe('SIGTERM', () => {
  it.each<[string, () => Record<string, string>]>([
    ['the site', () => ({ CHAT_IDENTITY_URL: `http://127.0.0.1:${silentPort}/me` })],
    [
      'Kinescope’s API',
      () => ({
        KINESCOPE_API_URL: `http://127.0.0.1:${silentPort}`,
        KINESCOPE_API_TOKEN: secret('3f0b2c1e-0000-4000-8000-000000000001'),
      }),
    ],
    ['Redis', () => ({ CHAT_REDIS_URL: `redis://127.0.0.1:${silentPort}` })],
  ])('ends the process in under five seconds while %s hangs', async (_who, env) => {
    const { server, url, gauge } = await start(env())
    let isAnswered = false
    const asked = askToken(url, { Cookie: site.signIn('u-1', 'Ann') })
      .catch(() => null)
      .finally(() => (isAnswered = true))
    await soon(async () => expect(isAnswered || (await gauge('requests_in_flight')) > 0).toBe(true))
    const { code, ms } = await endOf(server)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(5000)
    // the pending visitor got a response: an error or a token
    expect([200, 503]).toContain((await asked)?.status)
  })

  it('ends the process in under five seconds with clients that are slow, silent or don’t read', async () => {
    const { server, port, gauge } = await start()
    const sockets = await Promise.all([
      open(
        port,
        `POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${SITE_ORIGIN}\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{`,
      ),
      open(port, 'GET /healthz HTTP/1.1\r\nHost'),
      open(port, ''),
      open(port, 'GET /kinescope-chat.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(30)),
    ])
    sockets[3].pause()
    await soon(async () => {
      expect(await gauge('connections')).toBe(sockets.length)
      expect(await gauge('requests_in_flight')).toBeGreaterThan(0)
    })
    const { code, ms } = await endOf(server)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(5000)
    for (const socket of sockets) socket.destroy()
  })

  it('ends the process at once if it comes a second time', async () => {
    const { server, url, gauge } = await start({ CHAT_IDENTITY_URL: `http://127.0.0.1:${silentPort}/me` })
    const asked = askToken(url, { Cookie: 'sid=1' }).catch(() => null)
    await soon(async () => expect(await gauge('requests_in_flight')).toBe(1))
    server.child.kill('SIGTERM')
    await soon(() => expect(server.output()).toContain('"signal":"SIGTERM"'))
    const { code, ms } = await endOf(server)
    expect(code).toBe(143)
    expect(ms).toBeLessThan(1000)
    await asked
  })
})

describe('SIGHUP, SIGUSR1 and SIGUSR2', () => {
  it('are harmless from the start on, while the modules are still loading', async () => {
    const port = await freePort()
    const server = await runServe({
      PORT: String(port),
      CHAT_EVENTS: EVENT,
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `${site.url}/me`,
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
    })
    started.push(server)
    // Linux lists the signals that a process catches: the first bit is SIGHUP
    const catches = () =>
      /SigCgt:\s*[\da-f]*[13579bdf]$/m.test(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))
    await vi.waitFor(() => expect(catches()).toBe(true), { timeout: 20_000, interval: 1 })
    let listening = false
    const ready = untilListening(server, port).then(() => (listening = true))
    let hungUp = 0
    while (!listening && server.child.exitCode === null) {
      server.child.kill('SIGHUP')
      server.child.kill('SIGUSR1')
      server.child.kill('SIGUSR2')
      hungUp++
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await ready
    expect(hungUp).toBeGreaterThan(1)
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    expect((await endOf(server)).code).toBe(0)
    expect(server.output()).not.toContain('Debugger')
  })

  it.each([
    ['serve', 2, '1 1 1'],
    ['--json serve', 2, '1 1 1'],
    ['token inspect serve', 1, '0 0 0'],
  ])('are caught before the modules load, by a server alone: %s', async (line, code, caught) => {
    // without settings, `serve` ends before the server takes the signals over
    const atExit =
      'process.on("exit", () => console.error(...["SIGHUP", "SIGUSR1", "SIGUSR2"].map((name) => process.listenerCount(name))))'
    const flags = ['--import', `data:text/javascript,${encodeURIComponent(atExit)}`]
    const { exit, stderr } = await (await builtCli()).start(line.split(' '), {}, flags)
    expect([exit, stderr.trim().split('\n').at(-1)]).toEqual([code, caught])
  })

  it.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    '(%s) reopen the audit log without losing a line',
    async (signal) => {
      const path = join(scratch, `audit-${signal}.jsonl`)
      const { server, url } = await start({ CHAT_AUDIT: path })
      const cookie = site.signIn('u-1', secret('Ann-whose-name-is-nobodys-business'))
      expect((await askToken(url, { Cookie: cookie })).status).toBe(200)
      renameSync(path, `${path}.1`)
      server.child.kill(signal)
      for (let i = 0; i < 5; i++) expect((await askToken(url, { Cookie: cookie })).status).toBe(200)
      expect((await endOf(server)).code).toBe(0)
      const text = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
      const entries = text.trim().split('\n').map(parseAuditLine)
      expect(entries).toHaveLength(6)
      expect(entries[5]).toMatchObject({ kid, event_id: EVENT, user_id: 'u-1', network: '127.0.0.0/24' })
      expect(text).not.toMatch(/Ann|eyJ|sid=/)
      expect(readFileSync(path, 'utf8')).not.toBe('')
      expect(server.output()).not.toContain('Debugger')
    },
  )
})

describe('the start', () => {
  it('reports a port problem with its cause and remedy', async () => {
    const server = await runServe({
      PORT: String(silentPort),
      CHAT_EVENTS: EVENT,
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `${site.url}/me`,
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
    })
    expect(await server.ended).toBe(1)
    expect(server.output()).toContain('port-in-use')
    expect(server.output()).toContain(String(silentPort))
  })
})
