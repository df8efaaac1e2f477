import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { run } from '../../src/cli/run.js'
import { REHEARSAL_EVENT, RehearsalSecret } from '../../src/endpoint/rehearsal.js'
import { rehearse as simulate } from '../../src/rehearse/rehearse.js'
import type { Verdict } from '../../src/rehearse/verdict.js'
import { HOUR_MS, ringDirectory, ringEntry, writeRing } from '../ring-directory.js'
import { askToken, forwardEnv, makeKey, SITE_ORIGIN, startSite, startTestServer } from '../running-server.js'
import { builtCli } from '../cli/built-cli.js'
import { secret as kept } from '../secrets.js'
import { freePort, hasProgram, runRedis } from '../serve/spawned.js'

const SECRET = kept(randomBytes(32).toString('base64'))

const hasRedis = hasProgram('redis-server', 'a rehearsal with Redis')

/** A TCP proxy before another server. It delays the server's responses by `delayMs`. */
async function startProxy(port: number, { maxConnections }: { maxConnections?: number } = {}) {
  const sockets = new Set<Socket>()
  const proxy = { delayMs: 0, port: 0, refused: 0, close: () => undefined as void }
  const server: Server = createTcpServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => (sockets.delete(socket), other.destroy()))
    }
    client.pipe(upstream)
    upstream.on('data', (data) => void setTimeout(() => client.write(data), proxy.delayMs))
  })
  if (maxConnections !== undefined) server.maxConnections = maxConnections
  server.on('drop', () => proxy.refused++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.port = (server.address() as AddressInfo).port
  proxy.close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return proxy
}

describe('rehearse', () => {
  let site: Awaited<ReturnType<typeof startSite>>
  let folder = ''
  let cookies = ''
  /** Response time of the site's identity endpoint, in milliseconds. */
  let identityMs = 0
  let slowSite: { url: string; close: () => void }

  beforeAll(async () => {
    site = await startSite()
    folder = await mkdtemp(join(tmpdir(), 'rehearse-'))
    cookies = join(folder, 'cookies.txt')
    const lines = Array.from({ length: 50 }, (_, index) => site.signIn(`v${index}`, `Viewer ${index}`))
    await writeFile(cookies, lines.join('\n'))
    const server = createServer((request, response) => {
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ id: request.headers.cookie, name: 'Viewer' }))
      }, identityMs)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    slowSite = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => (server.closeAllConnections(), void server.close()),
    }
  })
  afterAll(async () => {
    await site.close()
    slowSite.close()
    await rm(folder, { recursive: true })
  })

  async function rehearse(url: string, ...flags: string[]) {
    let out = ''
    let err = ''
    const exit = await run(
      [
        'rehearse',
        '--json',
        '--url',
        url,
        ...(flags.includes('--viewers') ? [] : ['--viewers', '60']),
        // a reload comes up to 15 s later
        ...(flags.includes('--reloads') ? [] : ['--reloads', '0']),
        '--within',
        '1s',
        '--cookies',
        cookies,
        ...flags,
      ],
      {
        env: { CHAT_REHEARSAL: SECRET },
        stdout: { write: (text: string) => (out += text) },
        stderr: { write: (text: string) => (err += text) },
      },
    )
    return {
      exit,
      verdict: (out.trim() ? JSON.parse(out) : {}) as Verdict & { error?: { code: string } },
      text: out + err,
    }
  }
  const start = (change: Record<string, string> = {}, identityUrl = site.url) =>
    startTestServer({
      ...forwardEnv(identityUrl, makeKey()),
      CHAT_REHEARSAL: SECRET,
      CHAT_PUBLIC_URL: 'http://127.0.0.1',
      ...change,
    })

  it('shows what it has measured when Ctrl-C ends it, and doesn’t say that the server holds', async () => {
    let asked = () => undefined as void
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    let count = 0
    const identity = createServer((_request, response) => {
      if (++count === 20) asked()
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":"u-1","name":"Anna"}')
    }).listen(0, '127.0.0.1')
    await once(identity, 'listening')
    const identityUrl = `http://127.0.0.1:${(identity.address() as AddressInfo).port}`
    const server = await start({ CHAT_RATE_LIMIT: 'off' }, identityUrl)
    const { file } = await builtCli()
    const argv = ['--json', '--url', server.url, '--origin', SITE_ORIGIN, '--viewers', '9999']
    const env = { CHAT_REHEARSAL: SECRET }
    const child = spawn(process.execPath, [file, 'rehearse', ...argv, '--cookies', cookies], { env })
    onTestFinished(() => void child.kill('SIGKILL'))
    let out = ''
    child.stdout.on('data', (chunk) => (out += String(chunk)))
    await isAsked
    child.kill('SIGINT')
    await once(child, 'close')
    await server.close()
    identity.close()
    expect(child).toMatchObject({ signalCode: null, exitCode: 1 })
    expect(JSON.parse(out)).toMatchObject({ viewers: 9999, complete: false, holds: false })
  })

  it('passes a good server, and measures its steps', async () => {
    const server = await start()
    const { exit, verdict } = await rehearse(server.url, '--viewers', '20', '--origin', SITE_ORIGIN)
    await server.close()
    expect(verdict).toMatchObject({ holds: true, bottleneck: null })
    expect(verdict.outcomes).toEqual({ ok: verdict.requests })
    expect(verdict.succeeded).toBeGreaterThanOrEqual(20)
    expect(verdict.steps['identity']).toBeGreaterThan(0)
    expect(exit).toBe(0)
  })

  it('passes a good server with guests too', async () => {
    const { kid, pem } = makeKey()
    const server = await startTestServer({
      CHAT_IDENTITY: 'guest',
      CHAT_IDENTITY_SECRET: kept(randomBytes(32).toString('base64')),
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
      CHAT_REHEARSAL: SECRET,
    })
    let out = ''
    const output = { write: (text: string) => (out += text) }
    const exit = await run(
      [
        'rehearse',
        '--url',
        server.url,
        '--viewers',
        '20',
        '--within',
        '1s',
        '--origin',
        SITE_ORIGIN,
        '--reloads',
        '0',
      ],
      { env: { CHAT_REHEARSAL: SECRET }, stdout: output, stderr: output },
    )
    await server.close()
    expect(out).toContain('Holds: 20 viewers within 1 s.')
    expect(exit).toBe(0)
  })

  it('reports a rate limit that is too low', async () => {
    const server = await start({ CHAT_RATE_LIMIT: '1,3000' })
    // more viewers than cookies: ten visitors come twice
    const { exit, verdict } = await rehearse(server.url, '--origin', SITE_ORIGIN)
    await server.close()
    expect(verdict.bottleneck).toMatchObject({ id: 'rate-limit' })
    expect(verdict.bottleneck!.remediation).toContain('Each line of --cookies or --identities is one visitor')
    expect(exit).toBe(1)
  })

  it('reports a slow identity endpoint', async () => {
    identityMs = 1_300
    const server = await start({ CHAT_RATE_LIMIT: 'off' }, slowSite.url)
    const { verdict } = await rehearse(server.url, '--origin', SITE_ORIGIN)
    await server.close()
    identityMs = 0
    expect(verdict.bottleneck).toMatchObject({ id: 'identity' })
  })

  it('reports a key that expires during the stream', async () => {
    const { dir, remove } = ringDirectory()
    const expiresAt = new Date(Date.now() + HOUR_MS / 2).toISOString()
    writeRing(dir, 1, [ringEntry({ expiresAt })])
    const { CHAT_IDENTITY = '', CHAT_IDENTITY_URL = '' } = forwardEnv(site.url, makeKey())
    const server = await startTestServer({
      CHAT_IDENTITY,
      CHAT_IDENTITY_URL,
      CHAT_KEY_DIR: dir,
      CHAT_REHEARSAL: SECRET,
    })
    const { exit, verdict } = await rehearse(server.url, '--viewers', '20', '--origin', SITE_ORIGIN)
    await server.close()
    remove()
    expect(verdict.bottleneck).toMatchObject({ id: 'keys', share: 1 })
    expect(exit).toBe(1)
  })

  it.skipIf(!hasRedis)('reports a slow Redis', async () => {
    const port = await freePort()
    const redis = await runRedis(port, folder)
    onTestFinished(async () => {
      redis.child.kill('SIGKILL')
      await redis.ended
    })
    const proxy = await startProxy(port)
    const server = await start({ CHAT_REDIS_URL: `redis://127.0.0.1:${proxy.port}` })
    const cookie = site.signIn('first', 'First')
    await vi.waitFor(
      async () => {
        await askToken(server.url, { cookie })
        const metrics = await (await fetch(`${server.adminUrl}/metrics`)).text()
        expect(metrics).toMatch(/^kinescope_chat_redis_duration_seconds_count [1-9]/m)
      },
      { timeout: 10_000 },
    )
    proxy.delayMs = 300
    const { verdict } = await rehearse(server.url, '--viewers', '20', '--origin', SITE_ORIGIN)
    await server.close()
    proxy.close()
    expect(verdict.bottleneck).toMatchObject({ id: 'redis' })
  })

  it('reports a machine that signs too slowly', async () => {
    const server = await start({ CHAT_RATE_LIMIT: 'off' })
    // one core with twenty signatures a second; the rehearsal's own proofs are HMAC and stay fast
    const { subtle } = crypto
    const sign = subtle.sign.bind(subtle)
    let core = Promise.resolve()
    const slow = vi.spyOn(subtle, 'sign').mockImplementation((algorithm, key, data) => {
      if (key.type !== 'private') return sign(algorithm, key, data)
      core = core.then(() => new Promise((resolve) => setTimeout(resolve, 50)))
      return core.then(() => sign(algorithm, key, data))
    })
    const { exit, verdict } = await rehearse(server.url, '--origin', SITE_ORIGIN)
    slow.mockRestore()
    await server.close()
    expect(verdict.bottleneck).toMatchObject({ id: 'cpu' })
    expect(exit).toBe(1)
  })

  it('reports a proxy that rejects connections', async () => {
    identityMs = 300
    const server = await start({ CHAT_RATE_LIMIT: 'off' }, slowSite.url)
    const proxy = await startProxy(Number(new URL(server.url).port), { maxConnections: 3 })
    const { verdict } = await rehearse(`http://127.0.0.1:${proxy.port}`, '--origin', SITE_ORIGIN)
    proxy.close()
    await server.close()
    identityMs = 0
    expect(verdict.bottleneck).toMatchObject({ id: 'connections' })
    expect(verdict.outcomes['connection']).toBeGreaterThan(0)
    expect(proxy.refused).toBeGreaterThan(0)
  })

  it('judges the results so far if the operator ends it', async () => {
    const server = await start({ CHAT_RATE_LIMIT: 'off' })
    const secret = new RehearsalSecret(SECRET)
    const ending = new AbortController()
    const verdict = await simulate({
      audience: { viewers: 1000, withinMs: 60_000, reloads: 0, badNetworks: 0, tokenTtlMs: 3_600_000 },
      target: {
        tokenUrl: new URL(`${server.url}/token`),
        origin: SITE_ORIGIN,
        eventId: REHEARSAL_EVENT,
        proofFor: (address) => secret.headerFor(address, Date.now()),
        visitors: [{ cookie: site.signIn('1', 'One') }],
        tokenTtl: 3600,
        usesRedis: false,
      },
      signal: ending.signal,
      onProgress: ({ done }) => done >= 3 && ending.abort(),
    })
    await server.close()
    expect(verdict.succeeded).toBeGreaterThanOrEqual(3)
    expect(verdict.requests).toBeLessThan(1000)
    expect(verdict.outcomes).toEqual({ ok: verdict.requests })
  })

  it.each([
    [
      'a server without the secret',
      async () => startTestServer(forwardEnv(site.url, makeKey())),
      'not-your-server',
    ],
    [
      'a server with another secret',
      async () => start({ CHAT_REHEARSAL: randomBytes(32).toString('base64') }),
      'not-your-server',
    ],
  ])('sends no load to %s', async (_name, open, code) => {
    const server = await open()
    const { exit, text } = await rehearse(server.url)
    await server.close()
    expect(exit).toBe(1)
    expect(text).toContain(code)
    expect(server.log.join('\n')).not.toContain('/token')
  })

  it('needs the secret, and never prints it', async () => {
    let err = ''
    const output = { write: (text: string) => (err += text) }
    expect(
      await run(['rehearse', '--url', 'http://127.0.0.1:9'], { env: {}, stdout: output, stderr: output }),
    ).toBe(2)
    expect(err).toContain('CHAT_REHEARSAL')
    expect(
      await run(['rehearse', '--url', 'http://127.0.0.1:9'], {
        env: { CHAT_REHEARSAL: SECRET },
        stdout: output,
        stderr: output,
      }),
    ).toBe(1)
    expect(err).not.toContain(SECRET)
  })
})
