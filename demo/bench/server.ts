import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import type { Aim } from '../../packages/server/bench/aim.js'
import { drawn, rounded, type Part, type Row } from './part.js'

const ROOT = new URL('../../', import.meta.url)

type Figures = Record<string, number | string | boolean | null>

interface Measured {
  machine: { cores: number; seconds: number; rounds: number; client: string }
  /** A figure that could not be measured is null in JSON. */
  aims: (Omit<Aim, 'measured'> & { name: string; measured: number | null })[]
  steady: Figures[]
  overloads: Figures[]
  /** MiB, every five seconds under load. */
  memory: number[]
}

/** The headings of the figures on the page. */
const STEADY = {
  contender: 'server',
  connections: 'connections',
  tokensPerSecond: 'tokens /s',
  ofOpenssl: '÷ openssl ×1',
  ofAllCores: '÷ openssl ×{cores}',
  mainThreadUs: 'main thread, µs a token',
  mainThreadOfOpenssl: 'the same × openssl’s rate',
  healthP50: '/healthz p50, ms',
  healthP99: '/healthz p99, ms',
  loopDelayP99: 'loop delay p99, ms',
  rss: 'memory, MiB',
  peak: 'at most, MiB',
  wrong: 'wrong',
}
const OVERLOAD = {
  connections: 'connections',
  patient: 'clients obey Retry-After',
  acceptedPerSecond: 'tokens /s',
  refusedPerSecond: 'refused /s',
  acceptedP50: 'token p50, ms',
  acceptedP99: 'token p99, ms',
  refusedP99: '503 p99, ms',
  firstRefusalMs: 'first 503 after, ms',
  healthP99: '/healthz p99, ms',
  loopDelayP99: 'loop delay p99, ms',
  recoveryMs: 'recovered after, ms',
  wrong: 'wrong',
}
const AIMED = {
  ofOpenssl: 'tokens a second ÷ `openssl speed rsa2048` of one core',
  mainThreadOfOpenssl: 'CPU of the main thread a token × openssl’s rate',
  healthP99: '`/healthz` p99 at 200 connections, ms',
  rss: 'memory after load, MiB',
  peak: 'memory at most, MiB',
} as Record<string, string>

/** Additional settings of the long form. */
const LONG = { BENCH_CONNECTIONS: '50,200,1000', BENCH_MEMORY_MINUTES: '5' }
/** A run that takes longer counts as hung. */
const LIMIT_MS = { short: 6 * 60_000, long: 20 * 60_000 }

/** Runs the server's own benchmark, which can also run alone: `npm run bench:server`. */
export function server(long: boolean): Part {
  // the result of an earlier run must not count as this run's
  rmSync(new URL('.cache/bench-server.json', ROOT), { force: true })
  // the exit code matters only if the benchmark runs alone
  spawnSync('pnpm', ['--filter', './packages/server', 'run', 'bench'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...(long ? LONG : {}) },
    timeout: long ? LIMIT_MS.long : LIMIT_MS.short,
  })
  const measured = JSON.parse(readFileSync(new URL('.cache/bench-server.json', ROOT), 'utf8')) as Measured
  const { machine, aims, steady, overloads, memory } = measured
  const named = (figures: Figures, names: Record<string, string>): Row =>
    Object.fromEntries(
      Object.entries(names).map(([name, shown]) => {
        const value = figures[name] ?? '–'
        const heading = shown.replace('{cores}', String(machine.cores))
        return [heading, typeof value === 'number' ? rounded(value, value < 10 ? 2 : 0) : value]
      }),
    )
  return {
    title: 'The token server',
    how: `${machine.rounds} rounds of ${machine.seconds} s for each server, alternately; medians. ${machine.client} sends the load. "÷ openssl" compares with \`openssl speed rsa2048\` of the same minute, on one core and on all. Overload: thousands of connections ask at one moment, and again after every response, at once or after Retry-After.`,
    aims: aims.map(({ name, bound, limit, measured }) => ({
      what: AIMED[name] ?? name,
      bound,
      limit,
      measured: rounded(measured ?? Number.NaN, 2),
    })),
    tables: [
      {
        title: 'Tokens over HTTP',
        bars: STEADY.tokensPerSecond,
        rows: steady.map((figures) => named(figures, STEADY)),
      },
      { title: 'Overload', rows: overloads.map((figures) => named(figures, OVERLOAD)) },
      ...(memory.length > 0
        ? [
            {
              title: 'Memory under load',
              rows: [
                {
                  'after a quarter, MiB': rounded(memory[Math.floor(memory.length / 4)]!),
                  'at the end, MiB': rounded(memory.at(-1)!),
                  'at most, MiB': rounded(Math.max(...memory)),
                },
              ],
              picture: ['five minutes of 200 connections', drawn(memory)],
            },
          ]
        : []),
    ],
  }
}
