/**
 * Measures the server under a steady load and under overload, next to two comparable endpoints in the same run.
 * Tokens per second are compared with `openssl speed rsa2048`. Only these ratios are comparable between machines.
 *
 * Prints two tables and writes `.cache/bench-server.json`. Exits with 1 if a response is wrong or a limit is exceeded.
 * `BENCH_SECONDS` (5) and `BENCH_ROUNDS` (3) set the length and the number of rounds. `BENCH_CONNECTIONS` (200) can be
 * a
 * list, `50,200,1000`. `BENCH_MEMORY_MINUTES` (0) sets for how long memory is measured under load.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isMet } from './aim.js'
import { overload, type Crowd, type OverloadResult } from './overload.js'
import { startContender, untilHealthy, type Contender } from './server-under-test.js'
import { at, CONNECTIONS, hasWrk, steadyLoad, type SteadyResult } from './steady-load.js'

const CORES = availableParallelism()
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
/** Targets for a quiet machine; a busy one may miss them. Ratios to one core's openssl, milliseconds, MiB. */
const AIMS = [
  { name: 'ofOpenssl', bound: 'at least', limit: 0.9 },
  { name: 'mainThreadOfOpenssl', bound: 'at most', limit: 0.65 },
  { name: 'healthP99', bound: 'at most', limit: 60 },
  { name: 'rss', bound: 'at most', limit: 130 },
  { name: 'peak', bound: 'at most', limit: 180 },
] as const
const LOADS = (process.env['BENCH_CONNECTIONS'] ?? String(CONNECTIONS)).split(',').map(Number)
const MEMORY_MINUTES = Number(process.env['BENCH_MEMORY_MINUTES'] ?? 0)
const MEMORY_LOOK_S = 5
/** Ratio to one core's openssl. A lower value means a regression. */
const ALARM_RATIO = 0.75
const ALARM_HEALTH_P99_MS = 100
/** About one second of signatures, and several. Half of the crowds wait for `Retry-After`, half retry at once. */
const CROWDS: Crowd[] = [2000, 8000].flatMap((connections) => [
  { connections, patient: true },
  { connections, patient: false },
])
const CONTENDERS: Contender[] = ['serve', 'fastify-jose', 'express-jsonwebtoken']

interface Round extends SteadyResult {
  contender: Contender
  connections: number
  /** Signatures per second of one core and of all cores. */
  openssl: { one: number; all: number }
}

const rounds: Round[] = []
for (let round = 0; round < ROUNDS; round++) {
  for (const contender of CONTENDERS) {
    // measured in the same minute, since the load of other processes changes
    const openssl = { one: opensslSignsPerSecond(1), all: opensslSignsPerSecond(CORES) }
    const server = await startContender(contender)
    try {
      await steadyLoad(server, 1)
      await untilHealthy(server.url)
      for (const connections of LOADS) {
        const result = await steadyLoad(server, SECONDS, connections)
        rounds.push({ contender, connections, openssl, ...result })
        await untilHealthy(server.url)
      }
    } finally {
      await server.stop()
    }
  }
}
const overloads: OverloadResult[] = []
for (const crowd of CROWDS) {
  const server = await startContender('serve')
  try {
    await steadyLoad(server, 1)
    await untilHealthy(server.url)
    overloads.push(await overload(server, crowd))
  } finally {
    await server.stop()
  }
}

const memory = await memoryUnderLoad()

const kinds = LOADS.flatMap((connections) => CONTENDERS.map((contender) => ({ contender, connections })))
const steady = kinds.map(({ contender, connections }) => {
  const own = rounds.filter((round) => round.contender === contender && round.connections === connections)
  const median = (of: (round: Round) => number | null) =>
    at(
      own.map((round) => of(round) ?? Number.NaN).sort((a, b) => a - b),
      0.5,
    )
  return {
    contender,
    connections,
    tokensPerSecond: median((round) => round.tokensPerSecond),
    ofOpenssl: median((round) => round.tokensPerSecond / round.openssl.one),
    ofAllCores: median((round) => round.tokensPerSecond / round.openssl.all),
    mainThreadOfOpenssl: median((round) =>
      round.mainThreadMsPerToken === null ? null : (round.mainThreadMsPerToken * round.openssl.one) / 1000,
    ),
    mainThreadUs: median((round) => round.mainThreadMsPerToken && round.mainThreadMsPerToken * 1000),
    healthP50: median((round) => round.healthP50),
    healthP99: median((round) => round.healthP99),
    loopDelayP99: median((round) => round.loopDelayP99),
    rss: median((round) => round.rss),
    peak: median((round) => round.peak),
    wrong: own.reduce((sum, { wrong }) => sum + wrong, 0),
  }
})
// failures of the other endpoints don't count; the aims apply to the default number of connections
const serve = steady.find(
  ({ contender, connections }) => contender === 'serve' && connections === CONNECTIONS,
)
const aims = AIMS.map((aim) => ({ ...aim, measured: serve?.[aim.name] ?? Number.NaN }))
const machine = {
  cores: CORES,
  node: process.version,
  seconds: SECONDS,
  rounds: ROUNDS,
  client: hasWrk() ? 'wrk' : 'Node',
}
const cache = fileURLToPath(new URL('../../../.cache/', import.meta.url))
mkdirSync(cache, { recursive: true })
writeFileSync(
  `${cache}bench-server.json`,
  JSON.stringify({ machine, aims, steady, overloads, memory, raw: rounds }, null, 2),
)

const rounded = (value: object) =>
  Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      typeof one === 'number' ? Math.round(one * 100) / 100 : (one as unknown),
    ]),
  )
console.log(`${ROUNDS} rounds of ${SECONDS} s, ${machine.cores} cores, Node ${machine.node}; medians`)
console.table(steady.map(rounded))
console.log('All at one moment, and again after every answer, for 5 s')
console.table(overloads.map(rounded))

for (const aim of aims) {
  const { name, bound, limit, measured } = aim
  console.log(`${isMet(aim) ? 'met' : 'NOT met'}: ${name} ${measured.toFixed(2)}, aim ${bound} ${limit}`)
}
const wrong = (serve?.wrong ?? 0) + overloads.reduce((sum, result) => sum + result.wrong, 0)
const slow = !serve || serve.ofOpenssl < ALARM_RATIO || serve.healthP99 > ALARM_HEALTH_P99_MS
if (wrong > 0 || slow) process.exitCode = 1

/** Resident memory in MiB, every five seconds of a continuous load. */
async function memoryUnderLoad(): Promise<number[]> {
  if (MEMORY_MINUTES === 0) return []
  const server = await startContender('serve')
  const samples: number[] = []
  try {
    while (samples.length < (MEMORY_MINUTES * 60) / MEMORY_LOOK_S) {
      await steadyLoad(server, MEMORY_LOOK_S)
      samples.push(server.memory()?.rss ?? Number.NaN)
    }
  } finally {
    await server.stop()
  }
  return samples
}

function opensslSignsPerSecond(cores: number): number {
  const several = cores > 1 ? ['-multi', String(cores)] : []
  const output = execFileSync('openssl', ['speed', ...several, '-seconds', '2', 'rsa2048'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return Number(/rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)/.exec(output)?.[1])
}
