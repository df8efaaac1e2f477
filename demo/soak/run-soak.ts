/**
 * `npm run soak`: the long form of the fault matrix, then two visitors who talk for fifteen minutes while everything around
 * them breaks in turn. `-- --minutes 5` makes it shorter, `-- visitors` or `-- faults` plays one of the two. Ends with 1 where
 * something was lost, has grown or was blank.
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
