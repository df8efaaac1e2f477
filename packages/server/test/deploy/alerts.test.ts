import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { drawFaults, PICTURE } from './draw-dashboard.js'
import {
  dashboard,
  DEPLOY,
  FAULT_AT_S,
  FAULTS,
  OTHER_FAULTS,
  recordShow,
  STEP_S,
  targetsOf,
  type Fault,
  type Shown,
} from './shows.js'

const ALERTS = `${DEPLOY}/prometheus/alerts.yaml`
const ALL = { ...FAULTS, ...OTHER_FAULTS }

/** The label sets of a panel's series beyond a value, each with the value 1. */
function beyond({ panel, legend, beyond }: Shown, labels: readonly string[]): string {
  const found = dashboard.panels.filter(({ title }) => title === panel).flatMap(targetsOf)
  const target = found.find(({ legendFormat }) => legendFormat === legend)
  expect(target, `the query "${legend}" of "${panel}"`).toBeDefined()
  return `count by (${labels.join(', ')}) ((${target!.expr}) ${beyond})`
}

const firing = (alert: string) => `count by (alertname) (ALERTS{alertname=~"${alert}",alertstate="firing"})`
const selector = (labels: Record<string, string>) =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}}`

/** The labels of each of the server's metrics, with those of the scrape. */
async function labelsOfMetrics(): Promise<Map<string, Map<string, Set<string>>>> {
  const known = new Map<string, Map<string, Set<string>>>()
  for (const { series } of await recordShow({})) {
    const [, name, pairs] = /^(\w+)\{(.*)\}$/.exec(series)!
    const labels = known.get(name!) ?? new Map<string, Set<string>>()
    known.set(name!, labels)
    for (const [, label, value] of pairs!.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels.set(label!, (labels.get(label!) ?? new Set()).add(value!))
  }
  return known
}

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
    tests: { at: number; expr: string; samples: Record<string, string>[] }[],
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
            input_series: await recordShow(fault, Math.max(...tests.map(({ at }) => at))),
            promql_expr_test: tests.map(({ at, expr, samples }) => ({
              expr,
              eval_time: `${at}s`,
              exp_samples: samples.map((labels) => ({ labels: selector(labels), value: 1 })),
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

  it('stay silent in a simulated stream without a fault, and no panel shows one', async () => {
    const tests = [60, 120, 300, 480].flatMap((at) => [
      { at, expr: firing('.*'), samples: [] },
      ...Object.values(ALL).map(({ shown }) => ({ at, expr: beyond(shown, []), samples: [] })),
    ])
    expect(await promtool('good', {}, tests)).toMatchObject({ passed: true })
  })

  it('have an injected fault each', () => {
    const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: { alert: string }[] }[] }
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
    expect(new Set(Object.values(ALL).map(({ alert }) => alert))).toEqual(new Set(alerts))
    // the six main faults fire within a minute
    for (const { afterS } of Object.values(FAULTS)) expect(afterS).toBeUndefined()
  })

  it.each(Object.entries(ALL))(
    'fire when %s, within a minute unless the rule says otherwise, and a panel shows the fault',
    async (name, { fault, alert, shown, afterS = 60 }) => {
      const panel = beyond(shown, Object.keys(shown.series[0]!))
      const result = await promtool(name, fault, [
        { at: FAULT_AT_S - STEP_S, expr: firing('.*'), samples: [] },
        { at: FAULT_AT_S - STEP_S, expr: panel, samples: [] },
        { at: FAULT_AT_S + afterS, expr: `${firing(alert)} > bool 0`, samples: [{ alertname: alert }] },
        { at: FAULT_AT_S + afterS, expr: panel, samples: shown.series },
      ])
      expect(result).toMatchObject({ passed: true })
    },
  )

  it('have a summary and a remedy each, and name only metrics of the server', async () => {
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
})

describe('The pages about the day of the stream', () => {
  it.each([
    ['in English', `${DEPLOY}/../docs/day-of-the-stream.md`],
    ['in Russian', `${DEPLOY}/../../../docs/ru/day-of-the-stream.md`],
  ])('have a row for each alert %s, with a panel of the dashboard', (_language, file) => {
    const page = readFileSync(file, 'utf8')
    const rows = [...page.matchAll(/^\| `(KinescopeChat\w+)` \| ([^|]+) \| /gm)]
    const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: { alert: string }[] }[] }
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
    expect(rows.map(([, alert]) => alert)).toEqual(alerts)
    const panels = dashboard.panels.map(({ title }) => title)
    for (const [, , panel] of rows) expect(panels).toContain(panel)
    for (const { alert, shown } of Object.values(ALL))
      expect(rows.find(([, name]) => name === alert)![2]).toBe(shown.panel)
  })

  it('have a picture of the dashboard’s panels (pnpm run pictures)', { timeout: 60_000 }, async () => {
    expect(readFileSync(PICTURE, 'utf8')).toBe(await drawFaults())
  })
})

describe('The dashboard', () => {
  const queries = dashboard.panels.flatMap((panel) =>
    targetsOf(panel).map((target) => ({ title: panel.title, ...target })),
  )

  it('has a query for each panel', () => {
    expect(queries.length).toBeGreaterThan(20)
    for (const panel of dashboard.panels) expect(targetsOf(panel), panel.title).not.toEqual([])
    const ids = dashboard.panels.map(({ title }) => title)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('names only metrics, labels and label values that the server exports', async () => {
    const known = await labelsOfMetrics()
    const aggregated = /\bby \(([^)]*)\)/g
    const words = /\b(?:kinescope_chat|nodejs|process)_\w+|\bup\b/g
    for (const { title, expr, legendFormat } of queries) {
      const names = [...expr.matchAll(words)].map(([name]) => name)
      expect(names, title).not.toEqual([])
      const labels = new Set<string>()
      for (const name of names) {
        expect([...known.keys()], title).toContain(name)
        for (const label of known.get(name)!.keys()) labels.add(label)
      }
      for (const [, name, matchers] of expr.matchAll(/(\w+)\{([^}]*)\}/g))
        for (const [, label, operator, value] of matchers!.matchAll(/(\w+)(=~?)"([^"]*)"/g)) {
          const values = [...(known.get(name!)!.get(label!) ?? [])]
          const pattern = new RegExp(
            `^(?:${operator === '=~' ? value : value!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})$`,
          )
          expect(
            values.filter((text) => pattern.test(text)),
            `${title}: ${name} by ${label}`,
          ).not.toEqual([])
        }
      const kept = [...expr.matchAll(aggregated)].flatMap(([, list]) =>
        list!.split(',').map((text) => text.trim()),
      )
      for (const label of kept) expect([...labels], title).toContain(label)
      const carried = /^(?:sum|min|max|count|histogram_quantile)\b/.test(expr) ? kept : [...labels]
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(carried, title).toContain(label)
    }
    for (const { expr } of dashboard.annotations.list) expect(expr).toContain('ALERTS{')
    for (const { definition } of dashboard.templating.list)
      if (definition) expect(definition).toBe('label_values(kinescope_chat_build_info, job)')
  })
})
