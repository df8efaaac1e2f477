import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { drawn, rounded, type Part } from './part.js'

const ROOT = new URL('../../', import.meta.url)

interface Measured {
  machine: { seconds: number; rounds: number }
  steady: Record<string, number | string>[]
  overloads: Record<string, number | string | boolean>[]
  /** MiB, every five seconds under load. */
  memory: number[]
}

/** What the long form has besides. */
const LONG = { BENCH_CONNECTIONS: '50,200,1000', BENCH_MEMORY_MINUTES: '5' }
/** Past this it hangs. */
const LIMIT_MS = { short: 6 * 60_000, long: 20 * 60_000 }

/** The server's own benchmark, which stands on its own feet too: `npm run bench:server`. */
export function server(long: boolean): Part {
  // an earlier run's is no measurement of this one
  rmSync(new URL('.cache/bench-server.json', ROOT), { force: true })
  // how it ends is a matter for whoever runs it alone
  spawnSync('pnpm', ['--filter', './packages/server', 'run', 'bench'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...(long ? LONG : {}) },
    timeout: long ? LIMIT_MS.long : LIMIT_MS.short,
  })
  const measured = JSON.parse(readFileSync(new URL('.cache/bench-server.json', ROOT), 'utf8')) as Measured
  const { machine, steady, overloads, memory } = measured
  const neat = (row: Record<string, number | string | boolean | null>) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value === null || typeof value !== 'object')
        .map(([name, value]) => [name, typeof value === 'number' ? rounded(value, 2) : (value ?? '–')]),
    )
  return {
    title: 'The token server',
    how: `${machine.rounds} rounds of ${machine.seconds} s that take turns; \`ofOpenssl\` is beside one core’s \`openssl speed rsa2048\` of the same minute. Then thousands of connections that ask at one moment, and again after every answer: the patient wait as Retry-After says.`,
    tables: [
      { title: 'Tokens over HTTP', bars: 'tokensPerSecond', rows: steady.map(neat) },
      { title: 'Overload', rows: overloads.map(neat) },
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
