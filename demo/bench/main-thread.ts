/** What a page's threads have worked, milliseconds of processor time: who waits for another process doesn't work. */
export interface MainThread {
  /** All tasks: parsing, script, layout, painting, and making the frame. */
  tasks: number
  /** Script, whether a task's own or in a promise's turn. */
  script: number
  /** Styles and layout. */
  layout: number
  /** Parsing and compiling the script on another thread, while it arrives. */
  background: number
}

/** An event of Chromium's trace (the "Trace Event Format"); times are microseconds, `tdur` those of the processor. */
export interface TraceEvent {
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
const BACKGROUND = 'v8.parseOnBackground'

/** Reads it from the trace of a load; the page is the one that ran a script of this address. */
export function mainThread(trace: readonly TraceEvent[], script: string): MainThread {
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`
  const ofScript = (kind: string) =>
    trace.filter(({ name, args }) => name === kind && args.data?.url === script)
  const [evaluated] = ofScript('EvaluateScript')
  if (!evaluated) throw new Error(`the trace knows no script ${script}`)
  const events = trace
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
  const background = ofScript(BACKGROUND).reduce((total, { tdur = 0 }) => total + tdur, 0) / 1000
  return { tasks: sum(TASK), script: sum(SCRIPT), layout: sum(LAYOUT), background }
}
