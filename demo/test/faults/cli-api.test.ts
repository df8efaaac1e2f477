import { AsyncLocalStorage } from 'node:async_hooks'
import pLimit from 'p-limit'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { workbench, type CommandResult, type Workbench } from '../../../packages/server/test/cli/workbench.js'
import { SEED } from '../../emulator/seed-events.js'
import { API } from './cells.js'
import { startHttpProxy, type Proxy } from './fault-proxy.js'
import { HTTP_FAULTS, type HttpFault } from './http-faults.js'

/** Three attempts of ten seconds, and what a machine that is busy needs. */
const BOUND_MS = 60_000
/** Of the ten seconds for an answer that doesn't come: one passes. */
const SHORTER = 10
const DELAY_MS = 100
/** Nothing comes of waiting for these. */
const SILENT: readonly HttpFault[] = ['hangs', 'stands still', 'drips']
const READS = ['GET', 'OPTIONS']

const SETUP = ['setup', '--event', SEED.live.publicId]
const ROTATE = ['keys', 'rotate', '--propagation', '0']
/** Those after which nobody knows whether something was done. */
const DOUBTFUL: readonly HttpFault[] = [
  'hangs',
  'broken off',
  'stands still',
  'drips',
  'asked twice',
  'answered twice',
  'a proxy’s 502',
  'too short a length',
  'packed, it says',
  'nothing, 200',
  'nothing, 204',
  'half of the JSON',
  'another’s JSON, 200',
]
/** What meets the fault, and the methods that pass. */
const MOMENTS = [
  ['set-up', SETUP, []],
  ['the writing of a set-up', SETUP, READS],
  ['a rotation', ROTATE, []],
  ['the writing of a rotation', ROTATE, READS],
] as const

describe('faults between the command line and Kinescope’s API', () => {
  const hurried = new AsyncLocalStorage<true>()
  const { setTimeout } = globalThis
  const shortened = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    setTimeout(run, hurried.getStore() ? ms! / SHORTER : ms, ...args)
  vi.stubGlobal('setTimeout', Object.assign(shortened, setTimeout))
  afterAll(() => void vi.unstubAllGlobals())
  const cells = MOMENTS.flatMap(([moment, argv, spared]) =>
    (spared.length ? DOUBTFUL : HTTP_FAULTS).map((fault) => ({
      moment,
      argv,
      spared,
      fault,
      expected: API[fault],
    })),
  )
  // side by side, since much of the time is waiting; not all at once, or a machine that is busy counts as an API that is slow
  const inTurn = pLimit(8)
  const played = cells.map(({ argv, spared, fault }) => {
    const run = () => play(argv, spared, fault)
    const outcome = inTurn(() => (SILENT.includes(fault) ? hurried.run(true, run) : run()))
    outcome.catch(() => undefined)
    return outcome
  })

  it.each(cells.map((cell, index) => ({ ...cell, index })))(
    '$moment: $fault → done, or a problem with a name; again, and one key signs',
    async ({ argv, spared, expected, index }) => {
      const { during, codes, tookMs, after, keys, registered, required } = await played[index]!
      expect(tookMs).toBeLessThan(BOUND_MS)
      expect(during.stdout + during.stderr).not.toMatch(/\n\s+at /)
      expect([0, 1]).toContain(during.exit)
      // where reading goes well, a command may find that its work was done all the same
      if (!spared.length) expect(during.exit).toBe(expected.length ? 1 : 0)
      if (during.exit === 1) expect(codes, during.stdout).not.toEqual([])
      for (const code of codes) expect(expected).toContain(code)
      expect(after.map(({ exit }) => exit)).toEqual([0, 0])
      expect(keys.filter(({ signs }) => signs)).toHaveLength(1)
      expect(new Set(registered).size).toBe(registered.length)
      expect(registered.toSorted()).toEqual(keys.map(({ kid }) => kid).toSorted())
      expect(registered).toHaveLength(argv === SETUP ? 1 : 2)
      expect(required).toBe(true)
    },
  )
})

interface Played {
  during: CommandResult
  /** Of the problems that it names. */
  codes: string[]
  tookMs: number
  /** The command once more when it is over, and the comparison with Kinescope's list. */
  after: CommandResult[]
  keys: { kid: string; signs: boolean }[]
  registered: string[]
  /** Whether the stream's chat needs a token. */
  required: boolean
}

async function play(argv: readonly string[], spared: readonly string[], fault: HttpFault): Promise<Played> {
  // a second registration would be taken, and seen; where requests are doubled on their way, it is not the command's doing
  const duplicateKid = fault === 'asked twice' ? '400201' : 'creates-duplicate'
  const bench = await workbench({ variants: { duplicateKid } })
  const proxy = await startHttpProxy(bench.env['KINESCOPE_API_URL']!, DELAY_MS)
  try {
    return await playOn(bench, proxy, argv, spared, fault)
  } finally {
    await proxy.close()
    await bench.close()
  }
}

async function playOn(
  bench: Workbench,
  proxy: Proxy,
  argv: readonly string[],
  spared: readonly string[],
  fault: HttpFault,
): Promise<Played> {
  bench.env['KINESCOPE_API_URL'] = `http://127.0.0.1:${proxy.port}`
  if (argv === ROTATE) await bench.kc(...SETUP)
  proxy.spared = [...proxy.spared, ...spared]
  proxy.fault = fault
  const began = performance.now()
  const during = await bench.kc(...argv, '--json')
  const tookMs = performance.now() - began
  proxy.fault = null
  const again = await bench.kc(...argv)
  const list = await bench.kc('keys', 'list', '--json')
  const { keys } = JSON.parse(list.stdout) as { keys: Played['keys'] }
  const { state } = bench.emulator
  return {
    during,
    codes: problemsIn(during),
    tookMs,
    after: [again, list],
    keys,
    registered: state.keys.map(({ kid }) => kid),
    required: state.events.find(({ id }) => id === SEED.live.id)!.jwtRequired,
  }
}

function problemsIn({ stdout }: CommandResult): string[] {
  const said = JSON.parse(stdout) as { errors?: { code: string }[]; findings?: Finding[] }
  const failed = said.findings?.filter(({ status }) => status === 'fail') ?? []
  return [...(said.errors ?? []).map(({ code }) => code), ...failed.map(({ code }) => code)]
}

interface Finding {
  status: string
  code: string
}
