import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CountedReport } from '../../src/endpoint/page-report.js'
import { Metrics } from '../../src/serve/metrics.js'
import { PageMetrics } from '../../src/serve/page-metrics.js'
import { readMetrics } from '../../src/status/read-metrics.js'

export const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url))
const ORIGIN = 'https://www.example.com'
export const STEP_S = 15
/** The simulated stream lasts eight minutes. The fault begins after five. */
export const FAULT_AT_S = 300
export const END_S = 480
const DAY_S = 86_400

interface Moment {
  metrics: Metrics
  pages: PageMetrics
  /** Index of a visitor, from which the engine and the origin follow. */
  visitor: number
}

/** The changes of a fault to a stream in which twenty visitors come in each step. */
export interface Fault {
  /** Replaces the default handling of a visitor. */
  visit?: (moment: Moment) => void
  /** Runs once in each step. */
  step?: (moment: Moment) => void
  /** From the fault on, the server has no usable key. */
  keyGone?: boolean
  /** From the fault on, the replica doesn't respond. */
  down?: boolean
  /** From the fault on, the key ring can't be read. */
  ringStale?: boolean
  /** From the fault on, the server loses one log line in each step. */
  logLost?: boolean
  /** End of the signing key, in seconds after the stream's start. */
  keyEndsAtS?: number
}

const engines = ['chromium', 'chromium', 'webkit', 'firefox'] as const
const engineOf = (visitor: number) => engines[visitor % engines.length]!
const report = (visitor: number, code: string, readySeconds: number | null): CountedReport => ({
  code,
  readySeconds,
  engine: engineOf(visitor),
  origin: ORIGIN,
})

function goodVisit({ metrics, pages, visitor }: Moment, identityMs = 30): void {
  metrics.identified(identityMs)
  metrics.request('/token', 200, identityMs + 10)
  metrics.outcome({ kind: 'minted', requestId: 'r', eventId: 'E1', kid: 'k1', signMs: 2 })
  pages.report(report(visitor, 'ready', 0.8))
}

/** How the dashboard shows a fault: the series of a panel's query above or below a value. */
export interface Shown {
  panel: string
  /** The query's legend in the panel. */
  legend: string
  beyond: `${'>' | '<'} ${number}`
  series: Record<string, string>[]
}

const ONE_SERIES = [{}]
const problems = (code: string, ...seenIn: string[]): Shown => ({
  panel: "Visitors' problems by code and browser",
  legend: '{{code}} · {{engine}}',
  beyond: '> 0',
  series: seenIn.map((engine) => ({ code, engine })),
})

interface InjectedFault {
  fault: Fault
  alert: string
  shown: Shown
  /** Seconds from the fault to the alert. */
  afterS?: number
}

/** The six main faults. */
export const FAULTS: Record<string, InjectedFault> = {
  'one engine blocks the frame': {
    alert: 'KinescopeChatVisitorProblems',
    shown: problems('frame-blocked', 'webkit'),
    fault: {
      visit: (moment) => {
        if (engineOf(moment.visitor) !== 'webkit') return goodVisit(moment)
        moment.pages.report(report(moment.visitor, 'frame-blocked', null))
      },
    },
  },
  'the identity endpoint is slow': {
    alert: 'KinescopeChatIdentitySlow',
    shown: { panel: 'Identity endpoint', legend: '95 %', beyond: '> 1', series: ONE_SERIES },
    fault: { visit: (moment) => goodVisit(moment, 3000) },
  },
  'Redis is away': {
    alert: 'KinescopeChatLimitsLocal',
    shown: { panel: 'Redis', legend: 'limits counted locally', beyond: '> 0', series: ONE_SERIES },
    fault: { step: ({ metrics }) => metrics.rateLimitFallback() },
  },
  'the key ends soon': {
    alert: 'KinescopeChatKeyEndsSoon',
    shown: { panel: 'Signing key ends in', legend: '', beyond: `< ${14 * DAY_S}`, series: ONE_SERIES },
    fault: { keyEndsAtS: FAULT_AT_S + 14 * DAY_S },
  },
  'a third of the visitors cannot reach the token address': {
    alert: 'KinescopeChatVisitorProblems',
    shown: problems('endpoint-unreachable', 'chromium', 'firefox', 'webkit'),
    fault: {
      visit: (moment) => {
        if (moment.visitor % 3 !== 0) return goodVisit(moment)
        moment.pages.report(report(moment.visitor, 'endpoint-unreachable', null))
      },
    },
  },
  'a captive portal answers': {
    alert: 'KinescopeChatVisitorProblems',
    shown: problems('endpoint-bad-reply', 'chromium', 'webkit'),
    fault: {
      visit: (moment) => {
        if (moment.visitor % 2 !== 0) return goodVisit(moment)
        moment.pages.report(report(moment.visitor, 'endpoint-bad-reply', null))
      },
    },
  },
}

/** A fault for each of the other alerts. */
export const OTHER_FAULTS: Record<string, InjectedFault> = {
  'the server has no usable key': {
    alert: 'KinescopeChatNoUsableKey',
    shown: { panel: 'Usable keys', legend: '', beyond: '< 1', series: ONE_SERIES },
    fault: { keyGone: true },
  },
  'a replica is down': {
    alert: 'KinescopeChatDown',
    shown: { panel: 'Replicas', legend: '', beyond: '< 1', series: ONE_SERIES },
    fault: { down: true },
  },
  'the key ring cannot be read': {
    alert: 'KinescopeChatKeyRingStale',
    shown: {
      panel: 'Lost lines, stale key rings',
      legend: 'stale key ring {{instance}}',
      beyond: '> 0',
      series: [{ instance: 'chat-1' }],
    },
    fault: { ringStale: true },
    afterS: 615,
  },
  'one token request in four fails': {
    alert: 'KinescopeChatServerErrors',
    shown: { panel: 'Failed token requests', legend: '', beyond: '> 0.05', series: ONE_SERIES },
    fault: {
      visit: (moment) => {
        if (moment.visitor % 4 !== 0) return goodVisit(moment)
        moment.metrics.request('/token', 503, 3000)
      },
    },
  },
  'the audit log cannot be written': {
    alert: 'KinescopeChatAuditLost',
    shown: {
      panel: 'Lost lines, stale key rings',
      legend: 'audit {{instance}}',
      beyond: '> 0',
      series: [{ instance: 'chat-1' }],
    },
    fault: { step: ({ metrics }) => metrics.auditLost() },
  },
  'the log is read too slowly': {
    alert: 'KinescopeChatLogLost',
    shown: {
      panel: 'Lost lines, stale key rings',
      legend: 'log {{instance}}',
      beyond: '> 0',
      series: [{ instance: 'chat-1' }],
    },
    fault: { logLost: true },
  },
  'the chat opens slowly': {
    alert: 'KinescopeChatSlowToReady',
    shown: { panel: 'Time until the chat is ready', legend: '95 %', beyond: '> 8', series: ONE_SERIES },
    fault: {
      visit: ({ pages, visitor }) => pages.report(report(visitor, 'ready', 15)),
    },
  },
}

interface Panel {
  title: string
  targets?: { expr: string; legendFormat: string }[]
}
export const dashboard = JSON.parse(readFileSync(`${DEPLOY}/grafana/dashboard.json`, 'utf8')) as {
  panels: Panel[]
  annotations: { list: { expr: string }[] }
  templating: { list: { definition?: string }[] }
}
export const targetsOf = ({ targets = [] }: Panel) =>
  targets.map(({ expr, legendFormat }) => ({ expr: expr.replaceAll('$job', 'kinescope-chat'), legendFormat }))

/** Records the series of a replica's admin port during a simulated stream, one value in each step. */
export async function recordShow(fault: Fault, endS = END_S): Promise<{ series: string; values: string }[]> {
  let clock = 0
  const isFaulty = () => clock >= FAULT_AT_S * 1000
  const keyEndsAt = (fault.keyEndsAtS ?? 60 * DAY_S) * 1000
  const metrics = new Metrics(() => clock)
  const choice = { key: { kid: 'k1', expiresAt: keyEndsAt } }
  metrics.observe({
    keys: {
      current: () => (fault.keyGone && isFaulty() ? { problem: 'key-unavailable' } : choice),
    },
    stale: () => fault.ringStale === true && isFaulty(),
    pending: () => 0,
    logLost: () => (fault.logLost && isFaulty() ? 1 + (clock / 1000 - FAULT_AT_S) / STEP_S : 0),
    connections: () => 40,
    inFlight: () => 2,
    queued: () => 0,
    eventIds: ['E1'],
    version: '1.0.0',
    now: () => clock,
  } as unknown as Parameters<Metrics['observe']>[0])
  const pages = new PageMetrics(metrics.registry, [ORIGIN])
  const recorded = new Map<string, string[]>()
  const steps = endS / STEP_S
  const up: number[] = []
  let visitor = 0
  for (let step = 0; step <= steps; step++) {
    clock = step * STEP_S * 1000
    const faulty = isFaulty()
    const isDown = fault.down === true && faulty
    up.push(isDown ? 0 : 1)
    for (let index = 0; index < 20; index++) {
      const moment = { metrics, pages, visitor: visitor++ }
      if (faulty && fault.visit) fault.visit(moment)
      else goodVisit(moment)
    }
    if (faulty) fault.step?.({ metrics, pages, visitor })
    const text = isDown ? '' : (await metrics.scrape()).text
    for (const { name, labels, value } of readMetrics(text)) {
      if (!/^(?:kinescope_chat|nodejs_eventloop_lag_p99|process_cpu)_/.test(name)) continue
      const pairs = Object.entries({ ...labels, job: 'kinescope-chat', instance: 'chat-1' })
      const series = `${name}{${pairs.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')}}`
      const values = recorded.get(series) ?? Array.from({ length: step }, () => '_')
      values.push(String(value))
      recorded.set(series, values)
    }
    // Prometheus marks a missing series as stale
    for (const values of recorded.values()) if (values.length === step) values.push('stale')
  }
  const target = { series: 'up{job="kinescope-chat",instance="chat-1"}', values: up.join(' ') }
  return [target, ...[...recorded].map(([series, values]) => ({ series, values: values.join(' ') }))]
}
