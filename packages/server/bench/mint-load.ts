/**
 * How the server behaves when everybody comes at once: 200 connections ask for tokens for ten seconds, while /healthz
 * and a sample of tokens are watched from outside. Prints tokens a second against `openssl speed rsa2048` of the same
 * minute and machine: only the ratio means anything elsewhere. Ends with 1 where /healthz is slow or an answer is wrong.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jwtVerify } from 'jose'

const CONNECTIONS = 200
const SECONDS = 10
const HEALTH_P99_MS = 100
const EVENT = 'bench'
const SECRET = 'the-secret-of-the-site-for-the-benchmark'
const ORIGIN = 'https://www.example.com'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const statement = signed({ sub: 'visitor', name: 'Visitor', exp: Math.floor(Date.now() / 1000) + 600 })
const headers = { 'Content-Type': 'application/json', Origin: ORIGIN, Authorization: `Bearer ${statement}` }
const body = JSON.stringify({ event_id: EVENT })

const limit = opensslSignsPerSecond()
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const server = spawn(
  process.execPath,
  [fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), 'serve'],
  {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())),
      PORT: String(port),
      CHAT_EVENTS: EVENT,
      CHAT_ALLOWED_ORIGINS: ORIGIN,
      CHAT_IDENTITY: 'jwt',
      CHAT_IDENTITY_SECRET: SECRET,
      CHAT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      CHAT_KEY_ID: 'bench',
      CHAT_RATE_LIMIT: 'off',
    },
  },
)
try {
  await untilHealthy()
  const load = spawnSync('wrk', ['-v']).error ? loadFromNode() : loadFromWrk()
  const watched = await watch(load)
  const { tokens, wrong } = await load
  report(tokens / SECONDS, wrong + watched.wrong, watched.health, watched.samples)
} finally {
  server.kill()
}

interface Load {
  tokens: number
  wrong: number
}

function loadFromWrk(): Promise<Load> {
  const scratch = mkdtempSync(join(tmpdir(), 'chat-bench-'))
  const script = join(scratch, 'mint.lua')
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`)
  writeFileSync(script, `wrk.method = "POST"\nwrk.body = '${body}'\n${lines.join('\n')}\n`, { mode: 0o600 })
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--timeout', '5s', '-s', script, `${url}/token`]
  const wrk = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  wrk.stdout.on('data', (part) => (output += String(part)))
  return new Promise((resolve) =>
    wrk.once('exit', () => {
      rmSync(scratch, { recursive: true })
      const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0)
      const errors =
        /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? []
      const wrong = errors.reduce(
        (sum, number) => sum + Number(number),
        count(/Non-2xx or 3xx responses: (\d+)/),
      )
      resolve({ tokens: count(/(\d+) requests in/) - count(/Non-2xx or 3xx responses: (\d+)/), wrong })
    }),
  )
}

/** Without wrk: slower, since the client itself takes a good part of the machine. */
async function loadFromNode(): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const end = performance.now() + SECONDS * 1000
  const load = { tokens: 0, wrong: 0 }
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < end) {
        const { status } = await call('POST', '/token', agent)
        if (status === 200) load.tokens++
        else load.wrong++
      }
    }),
  )
  agent.destroy()
  return load
}

/** Asks for /healthz on a connection of its own, and for a token now and then that is checked to the last claim. */
async function watch(load: Promise<unknown>) {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  const health: number[] = []
  let loading = true
  let samples = 0
  let wrong = 0
  void load.then(() => (loading = false))
  while (loading) {
    const started = performance.now()
    const { status } = await call('GET', '/healthz', agent)
    health.push(performance.now() - started)
    if (status !== 200) wrong++
    if (health.length % 10 === 0) {
      samples++
      const { text } = await call('POST', '/token', agent)
      const good = await jwtVerify((JSON.parse(text) as { token: string }).token, publicKey, {
        audience: 'chat',
      })
        .then(({ payload }) => payload['user_id'] === 'visitor' && payload['event_id'] === EVENT)
        .catch(() => false)
      if (!good) wrong++
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  agent.destroy()
  return { health: health.sort((a, b) => a - b), samples, wrong }
}

function report(perSecond: number, wrong: number, health: number[], samples: number): void {
  const at = (share: number) =>
    health[Math.min(health.length - 1, Math.floor(health.length * share))] ?? Infinity
  const cores = availableParallelism()
  console.log(`openssl speed rsa2048        ${limit.toFixed(0)} signatures/s on one of ${cores} cores`)
  console.log(`tokens over HTTP             ${perSecond.toFixed(0)} /s with ${CONNECTIONS} connections`)
  console.log(
    `ratio                        ${(perSecond / limit).toFixed(2)} of one core's openssl, ${(perSecond / limit / cores).toFixed(2)} of all`,
  )
  console.log(
    `/healthz meanwhile           p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms (${health.length} requests)`,
  )
  console.log(`wrong answers                ${wrong} (${samples} tokens verified)`)
  if (wrong > 0 || at(0.99) >= HEALTH_P99_MS) process.exitCode = 1
}

function call(method: string, path: string, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const message = request(
      url + path,
      { method, agent, headers: method === 'POST' ? headers : {} },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    message.on('error', () => resolve({ status: 0, text: '' }))
    message.end(method === 'POST' ? body : undefined)
  })
}

async function untilHealthy(): Promise<void> {
  const agent = new Agent()
  for (let attempt = 0; attempt < 400; attempt++) {
    if (server.exitCode !== null) throw new Error('the server did not start')
    if ((await call('GET', '/readyz', agent)).status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the server did not become ready')
}

function opensslSignsPerSecond(): number {
  const output = execFileSync('openssl', ['speed', '-seconds', '3', 'rsa2048'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return Number(/rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)/.exec(output)?.[1])
}

function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
