import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { lockRing } from '../../src/keys/store/ring-lock.js'
import { builtCli, type BuiltCli } from '../cli/built-cli.js'
import { workbench } from '../cli/workbench.js'
import { watchSteps } from './crash-points.mjs'

const DEAD_PID = 2 ** 22 + 7
const now = () => Date.parse('2026-11-25T12:00:00Z')

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kinescope-chat-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const leave = (holder: object) => writeFileSync(join(dir, '.lock'), JSON.stringify({ nonce: 'x', ...holder }))

describe('lockRing', () => {
  it('admits one holder, rejects the other, and leaves no file', async () => {
    const lock = await lockRing(dir, now)
    await expect(lockRing(dir, now)).rejects.toMatchObject({ code: 'keys-busy' })
    await lock.release()
    const again = await lockRing(dir, now)
    await again.release()
    expect(readdirSync(dir)).toEqual([])
  })

  it('admits exactly one of twenty concurrent holders, with or without a dead lock', async () => {
    for (const dead of [false, true]) {
      if (dead) leave({ pid: DEAD_PID, host: hostname(), started: now() })
      const tried = await Promise.allSettled(Array.from({ length: 20 }, () => lockRing(dir, now)))
      const got = tried.filter((result) => result.status === 'fulfilled')
      expect(got).toHaveLength(1)
      await got[0]!.value.release()
    }
    expect(readdirSync(dir)).toEqual([])
  })

  it.each([
    ['a dead process of this machine', { pid: DEAD_PID, host: hostname(), started: now() - 1 }],
    [
      'this pid before a restart of the container',
      { pid: process.pid, host: hostname(), started: now() - 1 },
    ],
    ['another machine, eleven minutes ago', { pid: 1, host: 'elsewhere', started: now() - 11 * 60_000 }],
  ])('takes over the lock of %s', async (_whose, holder) => {
    leave(holder)
    const lock = await lockRing(dir, now)
    await lock.release()
    expect(readdirSync(dir)).toEqual([])
  })

  it('leaves no file where the disk is full', async () => {
    const onStep = (step: string) => {
      if (step.startsWith('write')) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    }
    const unwatch = watchSteps({ dir, onStep })
    await expect(lockRing(dir, now)).rejects.toMatchObject({ code: 'ENOSPC' })
    unwatch()
    expect(readdirSync(dir)).toEqual([])
  })

  it('takes over a lock that can’t be read', async () => {
    writeFileSync(join(dir, '.lock'), '')
    await (await lockRing(dir, now)).release()
  })

  it.each([
    ['a living process of this machine', { pid: process.ppid, host: hostname(), started: now() - 1 }],
    ['another machine, nine minutes ago', { pid: 1, host: 'elsewhere', started: now() - 9 * 60_000 }],
  ])('respects the lock of %s', async (_whose, holder) => {
    leave(holder)
    await expect(lockRing(dir, now)).rejects.toMatchObject({ code: 'keys-busy' })
    expect(readFileSync(join(dir, '.lock'), 'utf8')).toContain(holder.host)
  })

  it('detects a takeover, and then neither writes nor releases the other’s lock', async () => {
    const lock = await lockRing(dir, now)
    leave({ pid: 1, host: 'elsewhere', started: now() })
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'keys-busy' })
    await lock.release()
    expect(readdirSync(dir)).toEqual(['.lock'])
  })
})

describe('two processes at once', () => {
  let cli: BuiltCli
  beforeAll(async () => {
    cli = await builtCli()
  })

  it('one rotates, the other names the first and exits with 1', async () => {
    const bench = await workbench()
    try {
      const kinescope = new URL(bench.env['KINESCOPE_API_URL']!)
      let isOpen = Promise.resolve()
      const gate = createServer((socket) => {
        void isOpen.then(() => {
          pipeline(socket, connect(Number(kinescope.port), kinescope.hostname), socket, () => undefined)
        })
      }).listen(0, '127.0.0.1')
      await once(gate, 'listening')
      bench.env['KINESCOPE_API_URL'] = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`
      await bench.kc('keys', 'generate')
      await bench.kc('keys', 'register')
      // Kinescope answers the first process after the second has found the lock
      let answerFirst = () => {}
      isOpen = new Promise((resolve) => (answerFirst = resolve))
      const first = cli.start(['keys', 'rotate'], bench.env)
      while (!readdirSync(bench.keyDir).includes('.lock')) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      const second = await cli.start(['keys', 'rotate', '--json'], bench.env)
      answerFirst()
      expect(second.exit).toBe(1)
      expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'keys-busy' } })
      expect((await first).exit).toBe(0)
      gate.close()
      expect(bench.emulator.state.keys).toHaveLength(2)
    } finally {
      await bench.close()
    }
  })
})
