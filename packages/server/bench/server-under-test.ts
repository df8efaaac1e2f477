import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const EVENT = 'bench'
const SECRET = 'the-secret-of-the-site-for-the-benchmark'
const ORIGIN = 'https://www.example.com'
/** Unit of processor time on Linux (`getconf CLK_TCK`). */
const TICK_MS = 10

export { EVENT, ORIGIN }

const now = Math.floor(Date.now() / 1000)
export const identityToken = signed({
  aud: 'kinescope-chat',
  sub: 'visitor',
  name: 'Visitor',
  exp: now + 3600,
})
/** The request that the load repeats. */
export const asked = {
  headers: { 'Content-Type': 'application/json', Origin: ORIGIN, Authorization: `Bearer ${identityToken}` },
  body: JSON.stringify({ event_id: EVENT }),
}

export type Contender = 'serve' | 'fastify-jose' | 'express-jsonwebtoken'

/** A server in its own process. */
export interface ServerUnderTest {
  url: string
  port: number
  /** The public half of the signing key. */
  publicKey: KeyObject
  /** Processor time of its main thread in milliseconds; null if the system doesn't report it. */
  mainThreadMs(): number | null
  /** Current and peak memory in MiB. */
  memory(): { rss: number; peak: number } | null
  /** 99th percentile of the event loop's delay in milliseconds, since the last call. */
  loopDelayP99(): Promise<number>
  stop(): Promise<void>
}

export interface ContenderOptions {
  /** Size of the RSA key. */
  keyBits?: number
  /** The only core that the server may use. */
  core?: number
  /** More settings. */
  env?: Readonly<Record<string, string>>
}

export async function startContender(
  name: Contender,
  { keyBits = 2048, core, env = {} }: ContenderOptions = {},
): Promise<ServerUnderTest> {
  const port = await freePort()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: keyBits })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const script = name === 'serve' ? ['../dist/cli/main.js', 'serve'] : [`./rivals/${name}.mjs`]
  const [file = '', ...args] = script
  const watcher = new URL('./loop-delay.mjs', import.meta.url).href
  const path = fileURLToPath(new URL(file, import.meta.url))
  const command = [process.execPath, '--import', watcher, path, ...args]
  const [program, ...rest] = core === undefined ? command : ['taskset', '-c', String(core), ...command]
  const child = spawn(program!, rest, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      PATH: process.env['PATH'],
      UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())),
      PORT: String(port),
      ...(name === 'serve' ? serveEnv(pem) : { PRIVATE_KEY: pem, SECRET, NODE_ENV: 'production' }),
      ...env,
    },
  })
  const url = `http://127.0.0.1:${port}`
  await untilHealthy(url, () => child.exitCode === null)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    url,
    port,
    publicKey,
    mainThreadMs: () => {
      const fields = procFile(child, `task/${child.pid}/stat`)?.split(') ').at(-1)?.split(' ')
      return fields ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : null
    },
    memory: () => {
      const status = procFile(child, 'status')
      const mebibytes = (name: string) =>
        Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status ?? '')?.[1]) / 1024
      return status === null ? null : { rss: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
    },
    async loopDelayP99() {
      child.send('loop delay')
      const [milliseconds] = (await once(child, 'message')) as [number]
      return milliseconds
    },
    stop() {
      child.kill()
      return ended
    },
  }
}

function serveEnv(pem: string): Record<string, string> {
  return {
    CHAT_EVENTS: EVENT,
    CHAT_ALLOWED_ORIGINS: ORIGIN,
    CHAT_IDENTITY: 'jwt',
    CHAT_IDENTITY_SECRET: SECRET,
    CHAT_PRIVATE_KEY: pem,
    CHAT_KEY_ID: 'bench',
    CHAT_RATE_LIMIT: 'off',
    CHAT_LOG_LEVEL: 'warn',
  }
}

/** Sends one request. The status is 0 if there was no response. */
export function call(
  url: string,
  method: 'GET' | 'POST',
  path: string,
  agent: Agent,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const headers = method === 'POST' ? asked.headers : {}
    const message = request(url + path, { method, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    message.on('error', () => resolve({ status: 0, text: '' }))
    message.end(method === 'POST' ? asked.body : undefined)
  })
}

function procFile({ pid }: ChildProcess, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return null
  }
}

/** Waits for a response within 50 ms: the server is up and idle. */
export async function untilHealthy(url: string, alive: () => boolean = () => true): Promise<void> {
  const agent = new Agent()
  for (let attempt = 0; attempt < 800; attempt++) {
    if (!alive()) throw new Error('the server did not start')
    const started = performance.now()
    const { status } = await call(url, 'GET', '/healthz', agent)
    if (status === 200 && performance.now() - started < 50) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the server did not become ready')
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
