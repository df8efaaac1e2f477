import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secretsIn } from '../secrets.js'
import { askToken, makeKey } from '../running-server.js'
import { chatThat } from './chat-that-verifies.js'

const key = makeKey()
const scratch = mkdtempSync(join(tmpdir(), 'chat-edge-'))
let chat: Awaited<ReturnType<typeof chatThat>>
let bundle: string
let child: ChildProcess | undefined
let output = ''

beforeAll(async () => {
  chat = await chatThat(key)
  bundle = await bundleForTheEdge()
})
afterAll(async () => {
  child?.kill()
  await chat.close()
  rmSync(scratch, { recursive: true })
})

async function bundleForTheEdge(): Promise<string> {
  const result = (await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { target: 'webworker', noExternal: true },
    build: {
      ssr: fileURLToPath(new URL('../examples/worker.ts', import.meta.url)),
      write: false,
      rolldownOptions: { output: { format: 'es' } },
    },
  })) as Rolldown.RolldownOutput
  expect(result.output).toHaveLength(1)
  return result.output[0].code
}

/** The runtime's program, which its npm package brings for each platform; null with a printed reason elsewhere. */
function workerd(): string | null {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string]
  const name = `@cloudflare/workerd-${platform}-${process.arch === 'x64' ? '64' : process.arch}`
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('workerd/package.json'))
    return from.resolve(`${name}/bin/workerd`)
  } catch {
    console.warn(`skipped: ${name} is not installed, so there is no edge runtime to try`)
    return null
  }
}

async function startWorker(program: string): Promise<string> {
  writeFileSync(join(scratch, 'worker.js'), bundle)
  const text = (name: string, value: string) => `(name = "${name}", text = ${JSON.stringify(value)})`
  const bindings = [
    text('KEY_ID', key.kid),
    text('PRIVATE_KEY', key.pem),
    text('EVENT_ID', chat.eventId),
  ].join(', ')
  writeFileSync(
    join(scratch, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "2026-01-01",
    bindings = [${bindings}],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`,
    { mode: 0o600 },
  )
  const started = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  child = started
  for (const stream of [started.stdout, started.stderr] as Readable[])
    stream.on('data', (part) => (output += String(part)))
  return new Promise((resolve, reject) => {
    started.once('exit', () => reject(new Error(`workerd ended: ${output}`)))
    ;(started.stdio[3] as Readable).on('data', (part) => {
      const port = /"port":(\d+)/.exec(String(part))?.[1]
      if (port) resolve(`http://127.0.0.1:${port}`)
    })
  })
}

describe('the Web-standard path', () => {
  it('imports nothing of Node and nothing of the server’s packages', () => {
    expect(bundle).not.toMatch(/\bfrom\s*["'](node:)?(fs|http|crypto|buffer|process|stream|util|net)["']/)
    expect(bundle).not.toMatch(/["']node:|\brequire\(|\bprocess\.|\bBuffer\./)
    expect(bundle).not.toMatch(/fastify|ioredis|pino|prom-client|rate-limiter/i)
    expect(bundle).not.toMatch(/^import\b/m)
  })

  it('makes tokens in a real edge runtime that the chat accepts', async ({ skip }) => {
    const program = workerd()
    if (!program) return skip()
    const url = await startWorker(program)
    const own = { Origin: url, 'Sec-Fetch-Site': 'same-origin' }
    const response = await askToken(url, { ...own, Cookie: 'sid=ann' }, { event_id: chat.eventId })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { token } = (await response.json()) as { token: string }
    expect(await chat.enter(token)).toEqual({ userId: 'ann', username: 'Name of ann' })

    const refusals = await Promise.all([
      askToken(url, own, { event_id: chat.eventId }),
      askToken(url, { ...own, Cookie: 'sid=ann' }, { event_id: 'another' }),
      askToken(url, { Origin: 'https://evil.test', Cookie: 'sid=ann' }, { event_id: chat.eventId }),
      askToken(url, { ...own, Cookie: 'sid=ann' }, 'x'.repeat(5000)),
      fetch(`${url}/token`),
    ])
    expect(refusals.map(({ status }) => status)).toEqual([401, 403, 403, 413, 405])
    expect(secretsIn(output)).toEqual([])
  })
})
