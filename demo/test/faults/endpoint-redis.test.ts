import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workbench, type Workbench } from '../../../packages/server/test/cli/workbench.js'
import {
  freePort,
  hasProgram,
  run,
  untilListening,
  type Spawned,
} from '../../../packages/server/test/serve/spawned.js'
import { SEED } from '../../emulator/seed-events.js'
import { askToken, signedWith, type TokenAnswer } from './ask-token.js'
import { REDIS } from './cells.js'
import { startTcpProxy, TCP_FAULTS, type TcpFault, type TcpProxy } from './tcp-proxy.js'

const EVENT = SEED.live.publicId
/** Tokens a minute for one visitor. */
const LIMIT = 4
/** A server waits for Redis twice, half a second each. The rest is for a busy machine. */
const BOUND_MS = 5000
/** The time limit for a server's shutdown. */
const CLOSE_MS = 5000
const available = hasProgram('redis-server', 'the faults between the token endpoint and Redis')

interface Line {
  proxy: TcpProxy
  /** A server that ran before the fault, and one that started during the fault. */
  servers: RunningServer[]
}
type Each<T> = Record<TcpFault, T>

describe.skipIf(!available)('faults between the token endpoint and Redis', () => {
  let bench: Workbench
  let scratch: string
  let redis: Spawned
  const lines = {} as Each<Line>
  const before = {} as Each<number>
  const after = {} as Each<number>
  const closed = {} as Each<number>
  let during: Each<TokenAnswer[]>
  let rotated: Each<TokenAnswer[]>
  let last: Each<TokenAnswer[]>
  let secondKid: string
  let visitors = 0

  const each = async <T>(work: (line: Line, fault: TcpFault) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(TCP_FAULTS.map(async (fault) => [fault, await work(lines[fault], fault)] as const)),
    ) as Each<T>
  const ask = (server: RunningServer, visitor: string) =>
    askToken(server.url, EVENT, { 'x-visitor': visitor })
  /** Requests of this many new visitors at once, alternately to both servers. */
  const some = ({ servers }: Line, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => ask(servers[i % 2]!, `visitor-${visitors++}`)))
  /** How many tokens a new visitor gets from both servers together before both reject. */
  const budget = async ({ servers }: Line) => {
    const visitor = `visitor-${visitors++}`
    const answers = []
    for (let i = 0; i < 2 * LIMIT + 2; i++) answers.push(await ask(servers[i % 2]!, visitor))
    return answers.filter(({ status }) => status === 200).length
  }
  const untilTogether = async (line: Line) => {
    const end = performance.now() + 30_000
    for (;;) {
      const tokens = await budget(line)
      if (tokens === LIMIT || performance.now() > end) return tokens
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  beforeAll(async () => {
    bench = await workbench()
    await bench.kc('setup', '--event', EVENT)
    scratch = await mkdtemp(join(tmpdir(), 'chat-redis-faults-'))
    const redisPort = await freePort()
    const args = ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', scratch]
    redis = run('redis-server', args)
    await untilListening(redis, redisPort)
    for (const fault of TCP_FAULTS) {
      const proxy = await startTcpProxy(redisPort)
      lines[fault] = { proxy, servers: [await serve(bench.keyDir, proxy.port)] }
    }
    await each(async (line, fault) => {
      const two = { ...line, servers: [line.servers[0]!, line.servers[0]!] }
      before[fault] = await untilTogether(two)
      line.proxy.fault = fault
      line.servers.push(await serve(bench.keyDir, line.proxy.port))
    })
    during = await each((line) => some(line, 2 * LIMIT))
    await bench.kc('keys', 'rotate', '--propagation', '0')
    secondKid = await signedWith(bench)
    await each(({ servers }) => Promise.all(servers.map((server) => server.reload())))
    rotated = await each((line) => some(line, 2 * LIMIT))
    await each(async (line, fault) => {
      line.proxy.fault = null
      after[fault] = await untilTogether(line)
      line.proxy.fault = fault
    })
    // the servers shut down while a count is in progress
    last = await each(async (line, fault) => {
      const asked = some(line, 2)
      const began = performance.now()
      await Promise.all(line.servers.map((server) => server.close()))
      closed[fault] = performance.now() - began
      return asked
    })
  })
  afterAll(async () => {
    await each(({ proxy }) => proxy.close())
    redis.child.kill()
    await redis.ended
    await rm(scratch, { recursive: true })
    await bench.close()
  })

  describe.each(TCP_FAULTS.map((fault) => ({ fault, code: REDIS[fault] })))('$fault → $code', (cell) => {
    const { fault, code } = cell

    it('the servers respond in time, and count together again after the fault', () => {
      expect(before[fault]).toBe(LIMIT)
      for (const answer of during[fault]) {
        expect(answer.code).toBe(code)
        expect(answer.tookMs).toBeLessThan(BOUND_MS)
      }
      expect(after[fault]).toBe(LIMIT)
    })

    it('the servers sign with the new key after a rotation', () => {
      for (const answer of rotated[fault])
        expect({ code: answer.code, kid: answer.kid }).toEqual({ code, kid: secondKid })
    })

    it('the servers respond to open requests or close them, and shut down in time', () => {
      expect(closed[fault]).toBeLessThan(CLOSE_MS)
      for (const answer of last[fault]) expect([code, 'overloaded', 'closed']).toContain(answer.code)
    })
  })
})

const serve = (keyDir: string, port: number) =>
  startServer(
    readServeConfig({
      PORT: '0',
      CHAT_EVENTS: EVENT,
      CHAT_KEY_DIR: keyDir,
      CHAT_IDENTITY: 'header',
      CHAT_IDENTITY_ID_HEADER: 'x-visitor',
      CHAT_IDENTITY_NAME_HEADER: 'x-visitor',
      CHAT_TRUSTED_PROXIES: '127.0.0.1',
      CHAT_REDIS_URL: `redis://127.0.0.1:${port}`,
      CHAT_RATE_LIMIT: `${LIMIT},100000`,
      CHAT_LOG_LEVEL: 'silent',
    }),
  )
