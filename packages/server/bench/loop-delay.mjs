/** Runs in every contender before its own code: tells by how much the event loop was late. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What a loop that is never late shows: the timer's own pace, milliseconds. */
const PACE_MS = 10
const delay = monitorEventLoopDelay({ resolution: PACE_MS })
delay.enable()
process.on('message', () => {
  process.send?.(Math.max(0, delay.percentile(99) / 1e6 - PACE_MS))
  delay.reset()
})
// a bench that was killed leaves no server behind
process.on('disconnect', () => process.exit())
// a channel that is listened to would keep a server that was told to stop
process.channel?.unref()
