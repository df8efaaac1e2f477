import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rounded, type Part } from './part.js'

const ROOT = new URL('../../', import.meta.url)

interface Measured {
  machine: { seconds: number; rounds: number }
  steady: Record<string, number | string>[]
  overloads: Record<string, number | string | boolean>[]
}

/** The server's own benchmark, which stands on its own feet too: `npm run bench:server`. */
export function server(): Part {
  // how it ends is a matter for whoever runs it alone
  spawnSync('pnpm', ['--filter', './packages/server', 'run', 'bench'], { cwd: ROOT, stdio: 'inherit' })
  const measured = JSON.parse(readFileSync(new URL('.cache/bench-server.json', ROOT), 'utf8')) as Measured
  const { machine, steady, overloads } = measured
  const neat = (row: Record<string, number | string | boolean | null>) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value === null || typeof value !== 'object')
        .map(([name, value]) => [name, typeof value === 'number' ? rounded(value, 2) : (value ?? '–')]),
    )
  return {
    title: 'The token server',
    how: `200 connections, ${machine.rounds} rounds of ${machine.seconds} s that take turns; \`ofOpenssl\` is beside one core’s \`openssl speed rsa2048\` of the same minute. Then thousands of connections that ask at one moment, and again after every answer: the patient wait as Retry-After says.`,
    tables: [
      { title: 'Tokens over HTTP', bars: 'tokensPerSecond', rows: steady.map(neat) },
      { title: 'Overload', rows: overloads.map(neat) },
    ],
  }
}
