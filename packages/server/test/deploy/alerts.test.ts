import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { CountedReport } from '../../src/endpoint/page-report.js'
import { Metrics } from '../../src/serve/metrics.js'
import { PageMetrics } from '../../src/serve/page-metrics.js'
import { readMetrics } from '../../src/status/read-metrics.js'

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url))
const ALERTS = `${DEPLOY}/prometheus/alerts.yaml`
const ORIGIN = 'https://www.example.com'
const STEP_S = 15
/** The show: the fault begins after five minutes of eight. */
const FAULT_AT_S = 300
const END_S = 480
const DAY_S = 86_400

interface Moment {
  metrics: Metrics
  pages: PageMetrics
  /** Index of a visitor, to give each engine and origin its share. */
  visitor: number
}

/** What a fault changes of a good show, in which twenty visitors come in each step. */
interface Fault {
  /** Handles a visitor in place of the good course. */
  visit?: (moment: Moment) => void
  /** Happens once a step. */
  step?: (moment: Moment) => void
  /** The server has no usable key from the fault on. */
  keyGone?: boolean
  /** End of the signing key, in seconds after the show began. */
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

const FAULTS: Record<string, { fault: Fault; alert: string }> = {
  'one engine blocks the frame': {
    alert: 'KinescopeChatVisitorProblems',
    fault: {
      visit: (moment) => {
        if (engineOf(moment.visitor) !== 'webkit') return goodVisit(moment)
        moment.pages.report(report(moment.visitor, 'frame-blocked', null))
      },
    },
  },
  'the identity endpoint is slow': {
    alert: 'KinescopeChatIdentitySlow',
    fault: { visit: (moment) => goodVisit(moment, 3000) },
  },
  'Redis is away': {
    alert: 'KinescopeChatLimitsLocal',
    fault: { step: ({ metrics }) => metrics.rateLimitFallback() },
  },
  'the key ends soon': {
    alert: 'KinescopeChatKeyEndsSoon',
    fault: { keyEndsAtS: FAULT_AT_S + 14 * DAY_S },
  },
  'the server has no usable key': { alert: 'KinescopeChatNoUsableKey', fault: { keyGone: true } },
  'a third of the visitors cannot reach the token address': {
    alert: 'KinescopeChatVisitorProblems',
    fault: {
      visit: (moment) => {
        if (moment.visitor % 3 !== 0) return goodVisit(moment)
        moment.pages.report(report(moment.visitor, 'endpoint-unreachable', null))
      },
    },
  },
  'a captive portal answers': {
    alert: 'KinescopeChatVisitorProblems',
    fault: {
      visit: (moment) => {
        if (moment.visitor % 2 !== 0) return goodVisit(moment)
        moment.pages.report(report(moment.visitor, 'endpoint-bad-reply', null))
      },
    },
  },
}

/** The series that a replica's admin port shows during a show, one value each step. */
async function recordShow(fault: Fault): Promise<{ series: string; values: string }[]> {
  let clock = 0
  const keyEndsAt = (fault.keyEndsAtS ?? 60 * DAY_S) * 1000
  const metrics = new Metrics(() => clock)
  const choice = { key: { kid: 'k1', expiresAt: keyEndsAt } }
  metrics.observe({
    keys: {
      current: () => (fault.keyGone && clock >= FAULT_AT_S * 1000 ? { problem: 'key-unavailable' } : choice),
    },
    stale: () => false,
    pending: () => 0,
    logLost: () => 0,
    connections: () => 40,
    inFlight: () => 2,
    queued: () => 0,
    eventIds: ['E1'],
    version: '1.0.0',
    now: () => clock,
  } as unknown as Parameters<Metrics['observe']>[0])
  const pages = new PageMetrics(metrics.registry, [ORIGIN])
  const recorded = new Map<string, string[]>()
  const steps = END_S / STEP_S
  let visitor = 0
  for (let step = 0; step <= steps; step++) {
    clock = step * STEP_S * 1000
    const faulty = clock >= FAULT_AT_S * 1000
    for (let index = 0; index < 20; index++) {
      const moment = { metrics, pages, visitor: visitor++ }
      if (faulty && fault.visit) fault.visit(moment)
      else goodVisit(moment)
    }
    if (faulty) fault.step?.({ metrics, pages, visitor })
    const { text } = await metrics.scrape()
    for (const { name, labels, value } of readMetrics(text)) {
      if (!name.startsWith('kinescope_chat_')) continue
      const pairs = Object.entries({ ...labels, job: 'kinescope-chat', instance: 'chat-1' })
      const series = `${name}{${pairs.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')}}`
      const values = recorded.get(series) ?? Array.from({ length: step }, () => '_')
      values.push(String(value))
      recorded.set(series, values)
    }
    // Prometheus marks a series that is gone from the page
    for (const values of recorded.values()) if (values.length === step) values.push('stale')
  }
  const up = { series: 'up{job="kinescope-chat",instance="chat-1"}', values: `1x${steps}` }
  return [up, ...[...recorded].map(([series, values]) => ({ series, values: values.join(' ') }))]
}

const firing = (alert: string) => `count by (alertname) (ALERTS{alertname=~"${alert}",alertstate="firing"})`

describe('The alert rules', () => {
  let folder = ''
  beforeAll(async () => {
    expect(existsSync('/usr/bin/promtool'), 'install prometheus: promtool runs the rules').toBe(true)
    folder = await mkdtemp(join(tmpdir(), 'alerts-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function promtool(
    name: string,
    fault: Fault,
    tests: { at: number; expr: string; alerts: string[] }[],
  ) {
    const file = join(folder, `${name.replaceAll(' ', '-')}.yaml`)
    await writeFile(
      file,
      stringify({
        rule_files: [ALERTS],
        evaluation_interval: `${STEP_S}s`,
        tests: [
          {
            interval: `${STEP_S}s`,
            input_series: await recordShow(fault),
            promql_expr_test: tests.map(({ at, expr, alerts }) => ({
              expr,
              eval_time: `${at}s`,
              exp_samples: alerts.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
            })),
          },
        ],
      }),
    )
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
    return { passed: status === 0, output: stdout + stderr }
  }

  it('are valid', () =>
    expect(execFileSync('promtool', ['check', 'rules', ALERTS], { encoding: 'utf8' })).toContain('SUCCESS'))

  it('fire none in a show without a fault', async () => {
    const moments = [60, 120, 300, 480].map((at) => ({ at, expr: firing('.*'), alerts: [] }))
    expect(await promtool('good', {}, moments)).toMatchObject({ passed: true })
  })

  it.each(Object.entries(FAULTS))('fire within a minute when %s', async (name, { fault, alert }) => {
    const result = await promtool(name, fault, [
      { at: FAULT_AT_S - STEP_S, expr: firing('.*'), alerts: [] },
      { at: FAULT_AT_S + 60, expr: `${firing(alert)} > bool 0`, alerts: [alert] },
    ])
    expect(result).toMatchObject({ passed: true })
  })

  it('have a summary and a remedy each, and name metrics that the server has', async () => {
    const { groups } = parse(readFileSync(ALERTS, 'utf8')) as {
      groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[]
    }
    const known = new Set((await recordShow({})).map(({ series }) => series.split('{')[0]!))
    for (const { expr, annotations } of groups.flatMap(({ rules }) => rules)) {
      expect(annotations['summary']).toBeTruthy()
      expect(annotations['description']).toBeTruthy()
      for (const [name] of expr.matchAll(/kinescope_chat_\w+/g)) expect(known).toContain(name)
    }
  })

  it('and the dashboard name the same metrics', async () => {
    const known = new Set((await recordShow({})).map(({ series }) => series.split('{')[0]!))
    const dashboard = readFileSync(`${DEPLOY}/grafana/dashboard.json`, 'utf8')
    const named = [...dashboard.matchAll(/kinescope_chat_\w+/g)].map(([name]) => name)
    expect(named.length).toBeGreaterThan(20)
    for (const name of named) expect(known).toContain(name)
  })
})
