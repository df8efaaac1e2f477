/**
 * `npm run soak` plays the long form of the fault matrix. Then two visitors talk for fifteen minutes, while one fault
 * after another occurs. `-- --minutes 5` makes the talk shorter. `-- visitors` or `-- faults` plays one part. The exit
 * code is 1 if a test failed, a message was lost, a figure has grown or a chat was blank.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { visitors } from './visitors.js'

const PARTS = {
  faults: () => {
    const env = { ...process.env, FAULTS: 'long', TEST_TIER: 'all' }
    return (
      spawnSync('pnpm', ['exec', 'vitest', 'run', 'demo/test/faults'], { stdio: 'inherit', env }).status === 0
    )
  },
  visitors,
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { minutes: { type: 'string', default: '15' } },
  allowPositionals: true,
})
const minutes = Number(values.minutes)
const unknown = positionals.filter((name) => !(name in PARTS))
if (unknown.length > 0 || !(minutes > 0)) {
  console.error(`usage: npm run soak -- [--minutes 15] [${Object.keys(PARTS).join('] [')}]`)
  process.exit(2)
}
for (const [name, part] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  console.log(`\n── ${name}`)
  if (!(await part(minutes))) process.exitCode = 1
}
