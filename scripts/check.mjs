// `npm run check`: format, lint, style, import levels, types. It prints the output of what fails.
// Prettier reads only files that changed since the last run; CI has no such cache.
import { spawn } from 'node:child_process'
import { availableParallelism, setPriority } from 'node:os'

const node = process.execPath
/** The slowest first. */
const CHECKS = [
  ['lint and types', 'oxlint'],
  [
    'format',
    'prettier',
    '--check',
    '--cache',
    '--cache-location',
    '.cache/prettier',
    '--log-level',
    'warn',
    '.',
  ],
  ['levels and cycles', node, 'scripts/levels.mjs'],
  ['style', node, '--import', 'tsx', 'scripts/style.ts'],
]

// tests that run at the same time have priority
if (process.env.TEST_TIER) setPriority(10)

const began = Date.now()
const failed = []
const waiting = [...CHECKS]
await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) await run(...check)
  }),
)
console.log(failed.length ? `Failed: ${failed.join(', ')}.` : `Checked in ${seconds(began)} s.`)
process.exit(failed.length ? 1 : 0)

function run(name, command, ...args) {
  const started = Date.now()
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => (output += error.message))
    child.on('close', (code) => {
      if (code !== 0) {
        failed.push(name)
        console.log(`── ${name}\n${output.trim()}\n`)
      }
      if (process.env.TIMES) console.log(`${name}: ${seconds(started)} s`)
      done()
    })
  })
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1)
}
