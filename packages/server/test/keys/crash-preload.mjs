// `node --import` loads this before the command line. It kills the process before step CRASH_AT, as `kill -9` does.
import { appendFileSync } from 'node:fs'
import { takeKeysFrom, watchSteps } from './crash-points.mjs'

const { CRASH_DIR, CRASH_AT = '0', CRASH_STEPS, CRASH_KEYS } = process.env
let count = 0
if (CRASH_KEYS) takeKeysFrom(CRASH_KEYS)
watchSteps({
  dir: CRASH_DIR,
  onStep(step) {
    count += 1
    if (CRASH_STEPS) appendFileSync(CRASH_STEPS, `${step}\n`)
    if (count === Number(CRASH_AT)) {
      process.kill(process.pid, 'SIGKILL')
      for (;;); // blocks further steps until the signal arrives
    }
  },
})
