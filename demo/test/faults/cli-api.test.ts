import { AsyncLocalStorage } from 'node:async_hooks'
import pLimit from 'p-limit'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { workbench, type CommandResult, type Workbench } from '../../../packages/server/test/cli/workbench.js'
import { SEED } from '../../emulator/seed-events.js'
import { API } from './cells.js'
import { startHttpProxy, type Proxy } from './fault-proxy.js'
import { HTTP_FAULTS, type HttpFault } from './http-faults.js'

/** Three attempts of ten seconds, and more time for a busy machine. */
const BOUND_MS = 60_000
/** Divides the timeout for a missing response: ten seconds become one. */
const SHORTER = 10
const DELAY_MS = 100
/** Faults after which no complete response arrives. */
const SILENT: readonly HttpFault[] = ['hangs', 'stalls', 'drips']
const READS = ['GET', 'OPTIONS']

const SETUP = ['setup', '--event', SEED.live.publicId]
const ROTATE = ['keys', 'rotate', '--propagation', '0']
/** Faults after which the command can't know whether the API did the work. */
const DOUBTFUL: readonly HttpFault[] = [
  'hangs',
  'truncated',
  'stalls',
  'drips',
  'request twice',
  'response twice',
  'a proxy’s 502',
  'short length',
  'wrong encoding',
  'nothing, 200',
  'nothing, 204',
  'half of the JSON',
  'other JSON, 200',
]
/** The command during the fault, and the methods without the fault. */
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
  // in parallel, since most of the time is waiting; with a limit, or a busy machine would count as a slow API
  const limitConcurrency = pLimit(8)
  const played = cells.map(({ argv, spared, fault }) => {
    const run = () => play(argv, spared, fault)
    const outcome = limitConcurrency(() => (SILENT.includes(fault) ? hurried.run(true, run) : run()))
    outcome.catch(() => undefined)
    return outcome
  })

  it.each(cells.map((cell, index) => ({ ...cell, index })))(
    '$moment: $fault → success or a problem’s code, and one signing key after a second run',
    async ({ argv, spared, expected, index }) => {
      const { during, codes, tookMs, after, keys, registered, required } = await played[index]!
      expect(tookMs).toBeLessThan(BOUND_MS)
      expect(during.stdout + during.stderr).not.toMatch(/\n\s+at /)
      expect([0, 1]).toContain(during.exit)
      // if reads succeed, a command may find that the API did the work anyway
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
  /** The codes of the reported problems. */
  codes: string[]
  tookMs: number
  /** A second run of the command after the fault, and `keys list`. */
  after: CommandResult[]
  keys: { kid: string; signs: boolean }[]
  registered: string[]
  /** Whether the stream's chat requires a token. */
  required: boolean
}

async function play(argv: readonly string[], spared: readonly string[], fault: HttpFault): Promise<Played> {
  // the test notices a second registration by the command, but the proxy's doubled request must not create one
  const duplicateKid = fault === 'request twice' ? '400201' : 'creates-duplicate'
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
