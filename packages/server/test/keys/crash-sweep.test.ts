import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createPublicKey } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtCli, type BuiltCli } from '../cli/built-cli.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { takeKeysFrom } from './crash-points.mjs'
import {
  expectFinished,
  expectSound,
  prepare,
  restore,
  SCENARIOS,
  stateLeft,
  type RegisteredKey,
  type Start,
} from './crash-scenarios.js'
import { pemPool, poolFolder } from './key-pool.js'
import { testsAll } from '../../../../scripts/test-tier.js'

const PRELOAD = fileURLToPath(new URL('crash-preload.mjs', import.meta.url))
const pems = pemPool(6)
const foreignJwk = createPublicKey(pems[5]!).export({ format: 'jwk' }) as RegisteredKey['publicJwk']

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})

describe.each(SCENARIOS)('$name, killed by SIGKILL', (scenario) => {
  let bench: Workbench
  let start: Start
  let steps: string[]
  let runs = 0

  /** Runs the command in its own process, which dies before step `crashAt` (0: never). */
  async function command(crashAt: number) {
    const pool = poolFolder(join(bench.folder, `pool-${(runs += 1)}`), pems.slice(2, 5))
    const env = { ...bench.env, CRASH_DIR: bench.keyDir, CRASH_AT: String(crashAt), CRASH_KEYS: pool }
    const result = await cli.start(start.command, { ...env, CRASH_STEPS: join(bench.folder, 'steps') }, [
      '--import',
      PRELOAD,
    ])
    const seen = readFileSync(join(bench.folder, 'steps'), 'utf8').trim().split('\n')
    rmSync(join(bench.folder, 'steps'))
    return { ...result, seen }
  }

  beforeAll(async () => {
    bench = await workbench()
    const giveBack = takeKeysFrom(poolFolder(join(bench.folder, 'pool'), pems.slice(0, 2)))
    start = await prepare(bench, scenario, foreignJwk)
    giveBack()
    restore(bench, start)
    const whole = await command(0)
    expect(whole.exit, whole.stderr).toBe(0)
    steps = whole.seen
    await expectFinished(bench, scenario)
  })
  afterAll(() => bench.close())

  it('leaves a consistent state, and the next run finishes the work', async () => {
    expect(steps.length).toBeGreaterThan(10)
    const repairedStates = new Set<string>()
    // a crash after the commit of the ring is the most dangerous one
    const committed = steps.findIndex((name) => name.startsWith('rename keyring')) + 2
    const tried = testsAll ? steps.map((_, index) => index + 1) : [Math.min(committed, steps.length)]
    for (const step of tried) {
      restore(bench, start)
      const killed = await command(step)
      expect(killed.signal, `before ${steps[step - 1]}`).toBe('SIGKILL')
      await expectSound(bench, scenario, start)

      const left = stateLeft(bench)
      if (repairedStates.has(left)) continue
      repairedStates.add(left)
      const repaired = await command(0)
      expect(repaired.exit, `after a kill before ${steps[step - 1]}: ${repaired.stderr}`).toBe(0)
      await expectSound(bench, scenario, start)
      await expectFinished(bench, scenario)
    }
    // the commit is one of the steps, so the crashes leave different states
    if (testsAll) expect(repairedStates.size).toBeGreaterThan(3)
  }, 300_000)

  it('recovers from another kill during the repair', { tags: ['rare'], timeout: 300_000 }, async () => {
    // a kill after each visible change, then a kill at a different step of each repair
    const seen = steps.flatMap((name, index) =>
      /^(rename keyring|hear (POST|DELETE))/.test(name) ? [index + 2] : [],
    )
    for (const [index, step] of seen.filter((step) => step <= steps.length).entries()) {
      restore(bench, start)
      expect((await command(step)).signal).toBe('SIGKILL')
      await command(4 + index * 3)
      await expectSound(bench, scenario, start)
      const repaired = await command(0)
      expect(repaired.exit, repaired.stderr).toBe(0)
      await expectSound(bench, scenario, start)
      await expectFinished(bench, scenario)
    }
  })
})
