import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import jsonwebtoken from 'jsonwebtoken'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ringDirectory, ringEntry, writeRing, type RingEntry } from '../ring-directory.js'
import { EVENT, SITE_ORIGIN } from '../running-server.js'
import { secret, secretsIn } from '../secrets.js'
import { freePort, hasProgram, run, runRedis, runServe, untilListening, type Spawned } from './spawned.js'

const SITE_SECRET = secret('the-secret-of-the-site-and-of-the-two-replicas')
const LOAD = 12
const available = ['nginx', 'redis-server'].every((program) =>
  hasProgram(program, 'two replicas behind a proxy'),
)

const scratch = mkdtempSync(join(tmpdir(), 'chat-replicas-'))
const ring = ringDirectory()
const agent = new Agent({ keepAlive: true, maxSockets: LOAD })
const started: Spawned[] = []
let proxyPort = 0
let replicas: { process: Spawned; port: number }[] = []
let current: RingEntry

beforeAll(async () => {
  if (!available) return
  current = ringEntry()
  writeRing(ring.dir, 1, [current])
  const redisPort = await freePort()
  started.push(await runRedis(redisPort, scratch))
  replicas = await Promise.all(
    [1, 2].map(async () => {
      const port = await freePort()
      const process = await runServe({
        PORT: String(port),
        CHAT_BASE_PATH: '/chat',
        CHAT_EVENTS: EVENT,
        CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
        CHAT_IDENTITY: 'jwt',
        CHAT_IDENTITY_SECRET: SITE_SECRET,
        CHAT_KEY_DIR: ring.dir,
        CHAT_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
        CHAT_RATE_LIMIT: '20,1000000',
        CHAT_TRUSTED_PROXIES: '127.0.0.1',
        CHAT_LOG_LEVEL: 'debug',
      })
      started.push(process)
      await untilListening(process, port)
      return { process, port }
    }),
  )
  proxyPort = await freePort()
  writeFileSync(
    join(scratch, 'nginx.conf'),
    nginxConfig(
      proxyPort,
      replicas.map(({ port }) => port),
    ),
  )
  const nginx = run('nginx', ['-p', scratch, '-e', 'stderr', '-c', join(scratch, 'nginx.conf')])
  started.push(nginx)
  await untilListening(nginx, proxyPort)
}, 60_000)

afterAll(async () => {
  agent.destroy()
  for (const { child } of started.toReversed()) child.kill()
  await Promise.all(started.map(({ ended }) => ended))
  rmSync(scratch, { recursive: true })
  ring.remove()
})

/** The file in docs/growing.md, without TLS and with this test's ports, plus the settings to run nginx without root. */
function nginxConfig(port: number, upstreams: number[]): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${scratch}/${name};`,
  )
  let site = readFileSync(new URL('../../deploy/nginx/chat.conf', import.meta.url), 'utf8')
  const changes: [RegExp, string][] = [
    [/listen 443 ssl;/, `listen 127.0.0.1:${port};`],
    [/ssl_certificate \S+;/, ''],
    [/ssl_certificate_key \S+;/, ''],
    [/127\.0\.0\.1:8080/, `127.0.0.1:${upstreams[0]}`],
    [/127\.0\.0\.1:8081/, `127.0.0.1:${upstreams[1]}`],
    [/proxy_pass http:\/\/chat;/, '$&\n    add_header X-Replica $upstream_addr always;'],
  ]
  for (const [there, instead] of changes) {
    expect(site).toMatch(there)
    site = site.replace(there, instead)
  }
  return `daemon off; master_process off; pid ${scratch}/nginx.pid; error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off; ${paths.join(' ')}
  ${site}
}`
}

interface Answer {
  status: number
  replica: string
  /** Milliseconds on the test's clock. */
  sentAt: number
  doneAt: number
  token: string | null
}

function ask(visitor: string): Promise<Answer> {
  const identityToken = jsonwebtoken.sign({ sub: visitor, name: visitor }, SITE_SECRET, {
    audience: 'kinescope-chat',
    expiresIn: 300,
  })
  const sentAt = performance.now()
  return new Promise((resolve) => {
    const call = request(`http://127.0.0.1:${proxyPort}/chat/token`, {
      agent,
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Origin: SITE_ORIGIN,
        Authorization: `Bearer ${identityToken}`,
      },
    })
    const done = (status: number, replica: string, body: string) => {
      const token = status === 200 ? (JSON.parse(body) as { token: string }).token : null
      resolve({ status, replica, sentAt, doneAt: performance.now(), token })
    }
    call.on('error', () => done(0, '', ''))
    call.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => (body += part))
      response.on('end', () => done(response.statusCode ?? 0, String(response.headers['x-replica']), body))
      response.on('error', () => done(0, '', ''))
    })
    call.end(JSON.stringify({ event_id: EVENT }))
  })
}

/** Sends requests of a dozen concurrent visitors, each with a new session, until `stop` is called. */
function keepAsking() {
  const answers: Answer[] = []
  let asking = true
  let count = 0
  const workers = Array.from({ length: LOAD }, async () => {
    while (asking) answers.push(await ask(`visitor-${performance.now()}-${count++}`))
  })
  return {
    answers,
    async stop() {
      asking = false
      await Promise.all(workers)
    },
  }
}

async function until(condition: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!condition()) {
    if (performance.now() > end) throw new Error('waited in vain')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const kidOf = ({ token }: Answer) => (token === null ? null : decodeProtectedHeader(token).kid)

describe.skipIf(!available)('two replicas behind nginx, with Redis', () => {
  it('count a visitor in one budget', async () => {
    const answers: Answer[] = []
    for (let i = 0; i < 30; i++) answers.push(await ask('the-same-visitor'))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10)
    expect(new Set(answers.map(({ replica }) => replica)).size).toBe(2)
  })

  it('both change to a new key without a restart and without a failed request', async () => {
    const next = ringEntry({ signFrom: new Date().toISOString() })
    const old: RingEntry = { ...current, record: { ...current.record, signUntil: next.record.signFrom } }
    const load = keepAsking()
    await until(() => load.answers.length >= 50, 20)
    writeRing(ring.dir, 2, [old, next])
    const changed = () =>
      new Set(
        load.answers.filter((answer) => kidOf(answer) === next.record.kid).map(({ replica }) => replica),
      )
    await until(() => changed().size === 2, 20)
    const rotatedAt = performance.now()
    await until(() => load.answers.filter(({ sentAt }) => sentAt > rotatedAt).length >= 50, 20)
    await load.stop()

    expect(load.answers.filter(({ status }) => status !== 200)).toEqual([])
    const late = load.answers.filter(({ sentAt }) => sentAt > rotatedAt)
    expect(new Set(late.map(kidOf))).toEqual(new Set([next.record.kid]))
    const keys = new Map([old, next].map(({ key }) => [key.kid, key.publicKey]))
    for (const { token } of load.answers)
      await jwtVerify(token!, keys.get(decodeProtectedHeader(token!).kid!)!)
    current = next
  })

  it('lose only the requests in flight on a killed replica', async () => {
    const load = keepAsking()
    await until(() => load.answers.length >= 50, 20)
    const [victim] = replicas
    const killedAt = performance.now()
    victim!.process.child.kill('SIGKILL')
    await victim!.process.ended
    const goneAt = performance.now()
    await until(() => load.answers.filter(({ sentAt }) => sentAt > goneAt).length >= 100, 20)
    await load.stop()

    const failed = load.answers.filter(({ status }) => status !== 200)
    expect(failed.length).toBeLessThanOrEqual(LOAD)
    for (const { sentAt, doneAt, replica } of failed) {
      expect(sentAt).toBeLessThan(goneAt)
      expect(doneAt).toBeGreaterThan(killedAt)
      expect(replica).toContain(`127.0.0.1:${victim!.port}`)
    }
  })

  it('end cleanly and have written no secret', async () => {
    const [, survivor] = replicas
    survivor!.process.child.kill('SIGTERM')
    expect(await survivor!.process.ended).toBe(0)
    const logs = replicas.map(({ process }) => process.output()).join('\n')
    expect(logs).toContain('token made')
    expect(secretsIn(logs)).toEqual([])
  })
})
