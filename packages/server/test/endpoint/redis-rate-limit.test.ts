import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RateLimiter } from '../../src/endpoint/rate-limit.js'
import { createRedisLimiter } from '../../src/endpoint/redis-rate-limit.js'
import { freePort, hasProgram, runRedis, type Spawned } from '../serve/spawned.js'

const open: RateLimiter[] = []
afterEach(() => {
  for (const limiter of open.splice(0)) limiter.close()
})
type Options = Parameters<typeof createRedisLimiter>[0]
function limiter(options: Pick<Options, 'redisUrl'> & Partial<Options>): RateLimiter {
  const created = createRedisLimiter({ visitor: 3, address: 100, ...options })
  open.push(created)
  return created
}
const spend = async (limit: RateLimiter['visitor'], times: number, key = 'u-1') => {
  const waits: number[] = []
  for (let i = 0; i < times; i++) waits.push(await limit.spend(key))
  return waits
}

const available = hasProgram('redis-server', 'a shared rate limit')

describe.skipIf(!available)('limits counted in Redis', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'chat-redis-'))
  let redis: Spawned
  let redisUrl: string
  beforeAll(async () => {
    const port = await freePort()
    redisUrl = `redis://127.0.0.1:${port}`
    redis = await runRedis(port, scratch)
  })
  afterAll(async () => {
    redis.child.kill('SIGKILL')
    await redis.ended
    rmSync(scratch, { recursive: true })
  })

  it('are shared, are counted locally while Redis hangs, and are shared again afterwards', async () => {
    let now = 0
    const fallbacks = vi.fn()
    const returns = vi.fn()
    const one = limiter({ redisUrl, clock: () => now, onFallback: fallbacks, onReturn: returns })
    const two = limiter({ redisUrl, clock: () => now })
    // until both connections are open, each process counts locally
    await vi.waitFor(async () => {
      const key = `probe-${Math.random()}`
      await spend(one.visitor, 3, key)
      expect((await spend(two.visitor, 1, key))[0]).toBeGreaterThan(0)
    }, 10_000)

    redis.child.kill('SIGSTOP')
    const started = performance.now()
    const waits = await spend(one.visitor, 4, 'while it hangs')
    expect(performance.now() - started).toBeLessThan(2000)
    expect(waits.map((wait) => wait > 0)).toEqual([false, false, false, true])
    expect(fallbacks).toHaveBeenCalledTimes(1)

    redis.child.kill('SIGCONT')
    now += 60_000
    await vi.waitFor(async () => {
      const key = `probe-${Math.random()}`
      await spend(one.visitor, 3, key)
      expect((await spend(two.visitor, 1, key))[0]).toBeGreaterThan(0)
    }, 10_000)
    expect([fallbacks.mock.calls.length, returns.mock.calls.length]).toEqual([1, 1])

    // a second fallback is reported too
    redis.child.kill('SIGSTOP')
    await spend(one.visitor, 1, 'hangs again')
    expect(fallbacks).toHaveBeenCalledTimes(2)
    redis.child.kill('SIGCONT')
    now += 60_000
    await vi.waitFor(async () => {
      await spend(one.visitor, 1, 'is back again')
      expect(returns).toHaveBeenCalledTimes(2)
    }, 10_000)
  })

  it('are counted locally at once if Redis never responds or is unreachable', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const hole = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`
    for (const url of [hole, `redis://127.0.0.1:${await freePort()}`]) {
      const started = performance.now()
      const waits = await spend(limiter({ redisUrl: url, onFallback: () => undefined }).visitor, 4)
      expect(waits.map((wait) => wait > 0)).toEqual([false, false, false, true])
      expect(performance.now() - started).toBeLessThan(600)
    }
    for (const limiter of open.splice(0)) limiter.close()
    silent.close()
  })
})

describe('a Redis that sends unrequested data', () => {
  it.each([
    ['a null of RESP2', '$-1\r\n'],
    ['a null of RESP3', '_\r\n'],
    ['a push of a null', '>1\r\n_\r\n'],
    ['a number', ':1\r\n'],
    ['an error', '-ERR no such\r\n'],
    ['no RESP at all', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])(
    '%s: the process keeps running, counts limits locally and reports the problem',
    async (_name, unrequested) => {
      let sent = 0
      const sockets = new Set<Socket>()
      const fake = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined))
        socket.on('data', (data) => {
          // one reply to each command of the handshake, then one more
          const commands = data.toString().match(/^\*\d+\r$/gm)?.length ?? 0
          const isReadyCheck = /\r\ninfo\r\n/i.test(data.toString())
          socket.write('+OK\r\n'.repeat(isReadyCheck ? commands - 1 : commands))
          if (!isReadyCheck) return
          socket.write(`$9\r\nloading:0\r\n${unrequested}`)
          sent++
        })
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => fake.once('listening', resolve))
      const onFallback = vi.fn()
      const { port } = fake.address() as AddressInfo
      const { visitor } = limiter({ redisUrl: `redis://127.0.0.1:${port}`, onFallback })
      try {
        await vi.waitFor(() => expect(sent).toBeGreaterThan(0), 5000)
        await vi.waitFor(() => expect(onFallback).toHaveBeenCalled(), 5000)
        const waits = await spend(visitor, 4, 'a visitor')
        expect(waits.map((wait) => wait > 0)).toEqual([false, false, false, true])
      } finally {
        for (const opened of open.splice(0)) opened.close()
        for (const socket of sockets) socket.destroy()
        fake.close()
      }
    },
  )
})

describe('a Redis that quotes the password', () => {
  it.each(['s3cr%25t-of-redis', 'plain-of-redis'])(
    '%s: its error is reported without it',
    async (written) => {
      const password = decodeURIComponent(written)
      const sockets = new Set<Socket>()
      const fake = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined))
        socket.on('data', () =>
          socket.write(`-WRONGPASS ${password} or "${password.toUpperCase()}" is wrong\r\n`),
        )
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => fake.once('listening', resolve))
      const onFallback = vi.fn<(error: unknown) => void>()
      limiter({
        redisUrl: `redis://u:${written}@127.0.0.1:${(fake.address() as AddressInfo).port}`,
        onFallback,
      })
      try {
        await vi.waitFor(() => expect(onFallback).toHaveBeenCalled(), 5000)
        const { message } = onFallback.mock.calls[0]![0] as Error
        expect(message).toBe('WRONGPASS [hidden] or "[hidden]" is wrong')
      } finally {
        for (const opened of open.splice(0)) opened.close()
        for (const socket of sockets) socket.destroy()
        fake.close()
      }
    },
  )
})

it('a host whose name is the password stays in the error', async () => {
  const onFallback = vi.fn<(error: unknown) => void>()
  limiter({ redisUrl: `redis://u:127.0.0.1@127.0.0.1:${await freePort()}`, onFallback })
  await vi.waitFor(() => expect(onFallback).toHaveBeenCalled(), 5000)
  expect(String(onFallback.mock.calls[0]![0])).toContain('ECONNREFUSED 127.0.0.1')
})
