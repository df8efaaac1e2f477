import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readServeConfig, startServer } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, it } from 'vitest'
import {
  freePort,
  hasProgram,
  run,
  untilListening,
  type Spawned,
} from '../../../packages/server/test/serve/spawned.js'
import { SEED } from '../../emulator/seed-events.js'
import { makeKey } from '../../site/craft-token.js'
import { REDIS } from './cells.js'
import { startTcpProxy, TCP_FAULTS } from './fault-proxy.js'

const EVENT = SEED.live.publicId
/** Tokens a minute for one visitor. */
const LIMIT = 4
/** Redis is waited for half a second, twice; the rest is for a machine that is busy. */
const BOUND_MS = 5000
const available = hasProgram('redis-server', 'the faults between the token endpoint and Redis')

describe.skipIf(!available)('faults between the token endpoint and Redis', () => {
  const { kid, privateKey } = makeKey('redis-faults')
  let scratch: string
  let redis: Spawned
  let redisPort: number
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'chat-redis-faults-'))
    redisPort = await freePort()
    const args = ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', scratch]
    redis = run('redis-server', args)
    await untilListening(redis, redisPort)
  })
  afterAll(async () => {
    redis.child.kill()
    await redis.ended
    await rm(scratch, { recursive: true })
  })

  const serve = (port: number) =>
    startServer(
      readServeConfig({
        PORT: '0',
        CHAT_EVENTS: EVENT,
        CHAT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        CHAT_KEY_ID: kid,
        CHAT_IDENTITY: 'header',
        CHAT_IDENTITY_ID_HEADER: 'x-visitor',
        CHAT_IDENTITY_NAME_HEADER: 'x-visitor',
        CHAT_TRUSTED_PROXIES: '127.0.0.1',
        CHAT_REDIS_URL: `redis://127.0.0.1:${port}`,
        CHAT_RATE_LIMIT: `${LIMIT},100000`,
        CHAT_LOG_LEVEL: 'silent',
      }),
    )

  it.concurrent.for(TCP_FAULTS.map((fault) => [fault, REDIS[fault]] as const))(
    '%s → %s in time, and counted together again once it is over',
    async ([fault, code], { expect }) => {
      const proxy = await startTcpProxy(redisPort)
      const servers = await Promise.all([serve(proxy.port), serve(proxy.port)])
      let visitors = 0
      /** How many tokens a fresh visitor gets of both servers together before both refuse. */
      const budget = async () => {
        const visitor = `${fault}-${visitors++}`
        const answers = []
        for (let i = 0; i < 2 * LIMIT + 2; i++) answers.push(await ask(servers[i % 2]!.url, visitor))
        return answers.filter(({ status }) => status === 200).length
      }
      try {
        await expect.poll(budget, { timeout: 15_000, interval: 250 }).toBe(LIMIT)
        proxy.fault = fault
        for (let i = 0; i < 2 * LIMIT; i++) {
          const answer = await ask(servers[i % 2]!.url, `${fault}-during-${i}`)
          expect(answer.code).toBe(code)
          expect(answer.tookMs).toBeLessThan(BOUND_MS)
        }
        proxy.fault = null
        await expect.poll(budget, { timeout: 30_000, interval: 500 }).toBe(LIMIT)
      } finally {
        await Promise.all(servers.map((server) => server.close()))
        await proxy.close()
      }
    },
  )
})

async function ask(url: string, visitor: string) {
  const began = performance.now()
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, 'x-visitor': visitor },
    body: JSON.stringify({ event_id: EVENT }),
  })
  const { code = null } = (await response.json()) as { code?: string }
  return { status: response.status, code, tookMs: performance.now() - began }
}
