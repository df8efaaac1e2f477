import { spawn, spawnSync } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { asked, call, EVENT, type ServerUnderTest } from './server-under-test.js'

/** The default number of connections. */
export const CONNECTIONS = 200

export interface SteadyResult {
  tokensPerSecond: number
  /** Processor time of the main thread for one token, in milliseconds. */
  mainThreadMsPerToken: number | null
  /** Milliseconds, measured by the client. */
  healthP50: number
  healthP99: number
  /** Milliseconds, measured by the server's own process. */
  loopDelayP99: number
  rss: number | null
  peak: number | null
  /** Responses without a token, and tokens that don't verify. */
  wrong: number
}

/** Without wrk, Node generates the load. */
export const hasWrk = (): boolean => !spawnSync('wrk', ['-v']).error

/**
 * Connections that send the next request after each response. Meanwhile, /healthz and a sample of tokens are checked.
 */
export async function steadyLoad(
  server: ServerUnderTest,
  seconds: number,
  connections = CONNECTIONS,
): Promise<SteadyResult> {
  await server.loopDelayP99() // discards earlier delays
  const before = server.mainThreadMs()
  const load = hasWrk()
    ? loadFromWrk(server, seconds, connections)
    : loadFromNode(server, seconds, connections)
  const watched = await watch(server, load)
  const { tokens, wrong } = await load
  const after = server.mainThreadMs()
  const memory = server.memory()
  return {
    tokensPerSecond: tokens / seconds,
    mainThreadMsPerToken: before === null || after === null ? null : (after - before) / tokens,
    healthP50: at(watched.health, 0.5),
    healthP99: at(watched.health, 0.99),
    loopDelayP99: await server.loopDelayP99(),
    rss: memory?.rss ?? null,
    peak: memory?.peak ?? null,
    wrong: wrong + watched.wrong,
  }
}

/** The value at a quantile of a sorted list. */
export function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity
}

interface Load {
  tokens: number
  wrong: number
}

function loadFromWrk({ url }: ServerUnderTest, seconds: number, connections: number): Promise<Load> {
  const scratch = mkdtempSync(join(tmpdir(), 'chat-bench-'))
  const script = join(scratch, 'mint.lua')
  const lines = Object.entries(asked.headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`)
  writeFileSync(script, `wrk.method = "POST"\nwrk.body = '${asked.body}'\n${lines.join('\n')}\n`, {
    mode: 0o600,
  })
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script, `${url}/token`]
  const wrk = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  wrk.stdout.on('data', (part) => (output += String(part)))
  return new Promise((resolve) =>
    wrk.once('exit', () => {
      rmSync(scratch, { recursive: true })
      const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0)
      const errors =
        /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? []
      const refused = count(/Non-2xx or 3xx responses: (\d+)/)
      const wrong = errors.reduce((sum, number) => sum + Number(number), refused)
      resolve({ tokens: count(/(\d+) requests in/) - refused, wrong })
    }),
  )
}

/** The load without wrk. It is lower, since the client uses a part of the processor time. */
async function loadFromNode({ url }: ServerUnderTest, seconds: number, connections: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const end = performance.now() + seconds * 1000
  const load = { tokens: 0, wrong: 0 }
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const { status } = await call(url, 'POST', '/token', agent)
        if (status === 200) load.tokens++
        else load.wrong++
      }
    }),
  )
  agent.destroy()
  return load
}

/** Requests /healthz on its own connection, and now and then a token whose claims are all checked. */
async function watch({ url, publicKey }: ServerUnderTest, load: Promise<unknown>) {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  const health: number[] = []
  let loading = true
  let wrong = 0
  void load.then(() => (loading = false))
  while (loading) {
    const started = performance.now()
    const { status } = await call(url, 'GET', '/healthz', agent)
    health.push(performance.now() - started)
    if (status !== 200) wrong++
    if (health.length % 10 === 0) {
      const { text } = await call(url, 'POST', '/token', agent)
      if (!(await isGood(text, publicKey))) wrong++
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  agent.destroy()
  return { health: health.sort((a, b) => a - b), wrong }
}

async function isGood(text: string, publicKey: KeyObject): Promise<boolean> {
  try {
    const { token } = JSON.parse(text) as { token: string }
    const { payload } = await jwtVerify(token, publicKey, { audience: 'chat' })
    return payload['user_id'] === 'visitor' && payload['event_id'] === EVENT
  } catch {
    return false
  }
}
