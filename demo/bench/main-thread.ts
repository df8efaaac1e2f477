/** What a page's main thread has worked, milliseconds of processor time: who waits for another process doesn't work. */
export interface MainThread {
  /** All tasks: parsing, script, layout, painting, and making the frame. */
  tasks: number
  /** Script, whether a task's own or in a promise's turn. */
  script: number
  /** Styles and layout. */
  layout: number
}

/** An event of Chromium's trace (the "Trace Event Format"); times are microseconds, `tdur` those of the processor. */
interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  ts: number
  dur: number
  tdur?: number
  args: { data?: { url?: string } }
}

/** What of a trace has to be recorded. */
export const CATEGORIES = ['devtools.timeline', 'toplevel']

const SCRIPT =
  /^(EvaluateScript|FunctionCall|RunMicrotasks|TimerFire|EventDispatch|FireAnimationFrame|MinorGC|MajorGC|v8\.\w+)$/
const LAYOUT = /^(UpdateLayoutTree|Layout|ParseAuthorStyleSheet)$/
const TASK = /RunTask$/

/** Reads it from the trace of a load; the page is the one that ran a script of this address. */
export function mainThread(trace: Buffer, script: string): MainThread {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`
  const evaluated = traceEvents.find(
    ({ name, args }) => name === 'EvaluateScript' && args.data?.url === script,
  )
  if (!evaluated) throw new Error(`the trace knows no script ${script}`)
  const events = traceEvents
    .filter((event) => event.ph === 'X' && threadOf(event) === threadOf(evaluated))
    .sort((a, b) => a.ts - b.ts || b.dur - a.dur)
  const sum = (kind: RegExp) => {
    let end = 0
    let total = 0
    for (const { name, ts, dur, tdur = 0 } of events) {
      // what is inside of another of its kind is counted with it
      if (!kind.test(name) || ts < end) continue
      end = ts + dur
      total += tdur
    }
    return total / 1000
  }
  return { tasks: sum(TASK), script: sum(SCRIPT), layout: sum(LAYOUT) }
}
