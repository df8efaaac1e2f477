/** Processor time of a page's threads, in milliseconds. A wait for another process doesn't count. */
export interface MainThread {
  /** All tasks: parsing, script, layout, painting, and producing the frame. */
  tasks: number
  /** Script, in a task or in a microtask. */
  script: number
  /** Styles and layout. */
  layout: number
  /** Parsing and compiling the script on another thread, while it arrives. */
  background: number
}

/** An event of Chromium's trace ("Trace Event Format"). Times are microseconds, and `tdur` is processor time. */
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

/** The trace categories to record. */
export const CATEGORIES = ['devtools.timeline', 'toplevel']

const SCRIPT =
  /^(EvaluateScript|FunctionCall|RunMicrotasks|TimerFire|EventDispatch|FireAnimationFrame|MinorGC|MajorGC|v8\.\w+)$/
const LAYOUT = /^(UpdateLayoutTree|Layout|ParseAuthorStyleSheet)$/
const TASK = /RunTask$/
const BACKGROUND = 'v8.parseOnBackground'

/** Reads the times from the trace of a load. The page's thread is the one that evaluated the script at this address. */
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
      // the time of an event inside another of its kind is already counted
      if (!kind.test(name) || ts < end) continue
      end = ts + dur
      total += tdur
    }
    return total / 1000
  }
  const background = ofScript(BACKGROUND).reduce((total, { tdur = 0 }) => total + tdur, 0) / 1000
  return { tasks: sum(TASK), script: sum(SCRIPT), layout: sum(LAYOUT), background }
}
