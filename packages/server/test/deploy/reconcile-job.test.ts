import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../../../demo/emulator/emulator.js'
import { RING_FILE } from '../../src/keys/key-ring.js'
import type { KeyRing } from '../../src/keys/key-state.js'
import { listen } from '../running-server.js'
import { secret, secretsIn } from '../secrets.js'
import { run } from '../serve/spawned.js'

const manifest = readFileSync(new URL('../../deploy/kubernetes/reconcile.yaml', import.meta.url), 'utf8')
const script = /reconcile\.mjs: \|\n([\s\S]*?)\n---/.exec(manifest)![1]!.replaceAll(/^ {4}/gm, '')
const scratch = mkdtempSync(join(tmpdir(), 'chat-job-'))

/** The one Secret of a cluster, with the compare-and-swap that Kubernetes promises. */
class ClusterSecret {
  data: Record<string, string> | undefined
  version = 1
  writes = 0
  /** Called before a write is judged: somebody else may be quicker. */
  beforeWrite = () => undefined as void

  async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.headers.authorization !== `Bearer ${ACCOUNT_TOKEN}`) return { status: 403, body: {} }
    if (request.url !== '/api/v1/namespaces/chat/secrets/chat-keys') return { status: 404, body: {} }
    if (request.method === 'PUT') {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      const written = JSON.parse(text) as {
        metadata: { resourceVersion: string }
        data: Record<string, string>
      }
      this.beforeWrite()
      if (written.metadata.resourceVersion !== String(this.version)) return { status: 409, body: {} }
      this.data = written.data
      this.version++
      this.writes++
    }
    const metadata = { name: 'chat-keys', resourceVersion: String(this.version) }
    return { status: 200, body: { kind: 'Secret', metadata, data: this.data } }
  }

  ring(): KeyRing {
    return JSON.parse(Buffer.from(this.data![RING_FILE]!, 'base64').toString()) as KeyRing
  }
}

const ACCOUNT_TOKEN = secret('the-token-of-the-service-account')
let emulator: Emulator
let emulatorUrl: string
let cluster: Awaited<ReturnType<typeof listen>>
const stored = new ClusterSecret()

beforeAll(async () => {
  emulator = buildEmulator()
  emulatorUrl = await emulator.listen()
  cluster = await listen((request, response) => {
    void stored
      .answer(request)
      .then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)))
  })
  mkdirSync(join(scratch, 'account'))
  writeFileSync(join(scratch, 'account/token'), ACCOUNT_TOKEN)
  writeFileSync(join(scratch, 'account/namespace'), 'chat')
  writeFileSync(join(scratch, 'reconcile.mjs'), script)
})
afterAll(async () => {
  await cluster.close()
  await emulator.close()
  rmSync(scratch, { recursive: true })
})

let runs = 0
async function runJob() {
  const job = run(process.execPath, [join(scratch, 'reconcile.mjs')], {
    CHAT_KEY_DIR: join(scratch, `pod-${++runs}`),
    CHAT_TOKEN_TTL: '3600',
    KINESCOPE_API_TOKEN: secret(emulator.apiToken),
    KINESCOPE_API_URL: emulatorUrl,
    SERVICE_ACCOUNT: join(scratch, 'account'),
    CLUSTER: cluster.url,
    CLI: fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
    NODE_OPTIONS: `--import ${import.meta.resolve('tsx')}`,
  })
  return { exit: await job.ended, output: job.output() }
}

describe('the daily job of the keys in a cluster', () => {
  const outputs: string[] = []
  const job = async () => {
    const { exit, output } = await runJob()
    outputs.push(output)
    return exit
  }

  it('fills an empty Secret, and keeps the private key of every key that Kinescope knows', async () => {
    await job()
    await job()
    const { keys } = stored.ring()
    expect(keys.length).toBeGreaterThan(0)
    for (const { file } of keys)
      expect(Buffer.from(stored.data![file]!, 'base64').toString()).toContain('PRIVATE KEY')
    const known = new Set(keys.map(({ kid }) => kid))
    expect(emulator.state.keys.every(({ kid }) => known.has(kid))).toBe(true)
  })

  it('writes nothing when there is nothing to do', async () => {
    await job()
    const { writes, data } = stored
    expect(await job()).toBe(0)
    expect([stored.writes, stored.data]).toEqual([writes, data])
  })

  it('leaves the Secret alone and fails where somebody else has written meanwhile', async () => {
    // as if nothing had been made yet, so that there is something to write
    stored.data = undefined
    stored.beforeWrite = () => void stored.version++
    expect(await job()).not.toBe(0)
    expect(stored.data).toBeUndefined()
  })

  it('prints no secret', () => {
    expect(outputs.join('')).not.toBe('')
    expect(secretsIn(outputs.join('\n'))).toEqual([])
  })
})
