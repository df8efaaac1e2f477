import { ENGINES } from 'kinescope-chat/contract'
import { Counter, Histogram, type Registry } from 'prom-client'
import { REPORT_CODES, type CountedReport } from '../endpoint/page-report.js'

/** Seconds until the chat is ready: from a fast page to one that a visitor gives up. */
const READY_BUCKETS = [0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 60]

/** What pages saw, from their reports. Each label has a closed list of values, and each counter starts at 0. */
export class PageMetrics {
  readonly #ready: Histogram<'engine' | 'origin'>
  readonly #problems: Counter<'code' | 'engine' | 'origin'>
  readonly #dropped: Counter

  /** @param origins the origins that may have series of their own */
  constructor(registry: Registry, origins: readonly string[]) {
    const registers = [registry]
    this.#ready = new Histogram({
      name: 'kinescope_chat_page_ready_seconds',
      help: 'Time until the chat was ready, as pages report it',
      labelNames: ['engine', 'origin'],
      buckets: READY_BUCKETS,
      registers,
    })
    this.#problems = new Counter({
      name: 'kinescope_chat_page_problems_total',
      help: 'Problems that visitors saw, as pages report them',
      labelNames: ['code', 'engine', 'origin'],
      registers,
    })
    this.#dropped = new Counter({
      name: 'kinescope_chat_page_reports_dropped_total',
      help: 'Reports above the limit, and requests that were no reports',
      registers,
    })
    for (const origin of [...origins, 'other'])
      for (const engine of ENGINES) {
        this.#ready.zero({ engine, origin })
        for (const code of REPORT_CODES) this.#problems.inc({ code, engine, origin }, 0)
      }
  }

  report({ code, readySeconds, engine, origin }: CountedReport): void {
    if (code !== 'ready') this.#problems.inc({ code, engine, origin })
    else if (readySeconds !== null) this.#ready.observe({ engine, origin }, readySeconds)
  }

  dropped(): void {
    this.#dropped.inc()
  }
}
