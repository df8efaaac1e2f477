// @module-tag rare
import { createPublicKey } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { workbench, type Workbench } from '../cli/workbench.js'
import { takeKeysFrom, watchSteps } from './crash-points.mjs'
import {
  bury,
  expectFinished,
  expectSound,
  prepare,
  restore,
  SCENARIOS,
  type RegisteredKey,
} from './crash-scenarios.js'
import { pemPool, poolFolder } from './key-pool.js'

const pems = pemPool(7)
const foreignJwk = createPublicKey(pems[6]!).export({ format: 'jwk' }) as RegisteredKey['publicJwk']
/** Only every n-th pair of crash points is tested. The offset shifts, so that each point is included. */
const STRIDE = 13

/**
 * Two crashes in a row at every selected pair of steps. A crash is an exception at a step and at all later steps, so
 * that even `finally` changes nothing. This is much faster than a process for each crash.
 */
describe.each(SCENARIOS)('$name, stopped twice', (scenario) => {
  let bench: Workbench
  beforeEach(async () => {
    bench = await workbench()
  })
  afterEach(() => bench.close())

  async function stopAt(
    command: string[],
    crashAt: number,
  ): Promise<{ steps: number; exit: number; stderr: string }> {
    let steps = 0
    const giveBack = watchSteps({
      dir: bench.keyDir,
      onStep() {
        steps += 1
        if (crashAt > 0 && steps >= crashAt) throw new Error('dead')
      },
    })
    const { exit, stderr } = await bench.kc(...command)
    giveBack()
    bury(bench.keyDir)
    return { steps, exit, stderr }
  }

  it.each([
    ['where a second registration of a kid is refused', '400201'],
    ['where it makes a duplicate', 'creates-duplicate'],
  ] as const)(
    'ends with a complete ring %s',
    async (_title, duplicateKid) => {
      bench.emulator.state.variants.duplicateKid = duplicateKid
      const pool = join(bench.folder, 'pool')
      const freshPool = () => {
        rmSync(pool, { recursive: true, force: true })
        poolFolder(pool, pems.slice(0, 6))
      }
      freshPool()
      const giveBack = takeKeysFrom(pool)
      try {
        const start = await prepare(bench, scenario, foreignJwk)
        restore(bench, start)
        const whole = await stopAt(start.command, 0)
        let tried = 0
        for (let first = 1; first <= whole.steps; first += 1) {
          for (let second = 1 + (first % STRIDE); second <= whole.steps; second += STRIDE) {
            freshPool()
            for (let used = 0; used < start.keys.length; used += 1)
              rmSync(join(pool, `${used}.pem`), { force: true })
            restore(bench, start)
            await stopAt(start.command, first)
            await expectSound(bench, scenario, start)
            await stopAt(start.command, second)
            await expectSound(bench, scenario, start)
            const { exit, stderr } = await stopAt(start.command, 0)
            expect(exit, `after ${first} and ${second}: ${stderr}`).toBe(0)
            await expectSound(bench, scenario, start)
            await expectFinished(bench, scenario)
            tried += 1
          }
        }
        expect(tried).toBeGreaterThan(whole.steps)
      } finally {
        giveBack()
      }
    },
    120_000,
  )
})
