/** Run by deadline.test.ts in its own process: do deadlines fire while garbage is collected? Prints one line. */
import { startDeadline, raceWithSignal } from '../../src/net/limits.js'

const COUNT = 50
const DEADLINE_MS = 300
const LIMIT_MS = 6000

/** Hanging work under a deadline without other references, as in a request without a response. */
async function hang(): Promise<void> {
  const outer = startDeadline(60_000)
  const { signal } = startDeadline(DEADLINE_MS, outer.signal, new AbortController().signal)
  await raceWithSignal(new Promise<never>(() => undefined), signal).catch(() => undefined)
  outer.clear()
}

let fired = 0
for (let at = 0; at < COUNT; at++) void hang().then(() => fired++)

let garbage: unknown[] = []
const started = performance.now()
const churn = setInterval(() => {
  garbage = Array.from({ length: 20_000 }, (_, index) => ({ index, text: String(index) }))
  ;(globalThis as { gc?: () => void }).gc?.()
  const over = performance.now() - started > LIMIT_MS
  if (fired < COUNT && !over) return
  clearInterval(churn)
  console.log(JSON.stringify({ fired, count: COUNT, garbage: garbage.length > 0 }))
}, 10)
