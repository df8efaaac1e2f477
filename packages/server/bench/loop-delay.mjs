/** Loaded into every contender before its own code: reports the delay of the event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** The delay that an idle event loop shows: the timer's own resolution, in milliseconds. */
const PACE_MS = 10
const delay = monitorEventLoopDelay({ resolution: PACE_MS })
delay.enable()
process.on('message', () => {
  process.send?.(Math.max(0, delay.percentile(99) / 1e6 - PACE_MS))
  delay.reset()
})
// ends the server when the bench process is gone
process.on('disconnect', () => process.exit())
// without this, the open channel keeps a stopped server running
process.channel?.unref()
