import { faultText } from './fault-words.js'
import type { Check } from './judge.js'
import type { Scenario, Step } from './scenario.js'
import { WORDS, type Language } from './words.js'

export type Result = { verdict: 'passed' } | { verdict: 'failed'; faults: Check[] } | { verdict: 'hand' }

/** The results of this browser tab, and the scenarios of "Run all" that are left. */
export interface Run {
  /** Ids of scenarios that are still to come, the one under way first. */
  queue: string[]
  /** How many scenarios the run began with. */
  planned: number
  /** Milliseconds since the epoch. */
  startedAt: number
  /** Milliseconds that the last complete run took. */
  tookMs?: number
  /** The tester's session is set aside, and must be brought back. */
  sessionAside: boolean
  results: Record<string, Result>
}

export const NO_RUN: Run = { queue: [], planned: 0, startedAt: 0, sessionAside: false, results: {} }

export type HandStep = Extract<Step, { seconds: number; do: 'visitor-types' | 'visitor-leaves' }>

/** The tester's own steps: this page can't type in a frame of another site. */
export const handSteps = ({ steps }: Scenario): HandStep[] =>
  steps.filter((step): step is HandStep => step.do === 'visitor-types' || step.do === 'visitor-leaves')

export const needsHand = (scenario: Scenario): boolean => handSteps(scenario).length > 0

/** What the tester does in a scenario, and how long there is for it. Pure. */
export const handText = (scenario: Scenario, language: Language): string =>
  handSteps(scenario)
    .map((step) => `${WORDS[step.do][language]} (${step.seconds} ${WORDS.seconds[language]}).`)
    .join(' ')

/** Queues all scenarios but those that need a hand, which are only listed. Pure. */
export function startRun(scenarios: readonly Scenario[], now: number): Run {
  const byHand = scenarios.filter(needsHand)
  const queue = scenarios.filter((scenario) => !needsHand(scenario)).map(({ id }) => id)
  return {
    queue,
    planned: queue.length,
    startedAt: now,
    sessionAside: true,
    results: Object.fromEntries(byHand.map(({ id }) => [id, { verdict: 'hand' } as const])),
  }
}

/** Notes a verdict and takes the scenario from the queue. Pure. */
export function noted(run: Run, id: string, result: Result, now: number): Run {
  const queue = run.queue.filter((waiting) => waiting !== id)
  const ends = run.queue.length > 0 && queue.length === 0
  return {
    ...run,
    queue,
    results: { ...run.results, [id]: result },
    ...(ends ? { tookMs: now - run.startedAt } : {}),
  }
}

/** Empties the queue and keeps the verdicts. Pure. */
export const stopped = (run: Run): Run => ({ ...run, queue: [] })

/** As a Markdown table, to be pasted into an issue. Pure. */
export function markdownOf({ results }: Run, scenarios: readonly Scenario[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
  const rows = scenarios.flatMap((scenario) => {
    const { id, title } = scenario
    const result = results[id]
    if (!result) return []
    const why =
      result.verdict === 'failed'
        ? result.faults.map((fault) => faultText(fault).en).join(' ')
        : result.verdict === 'hand'
          ? handText(scenario, 'en')
          : ''
    return `| \`${id}\` | ${cell(title.en)} | ${result.verdict === 'hand' ? 'needs a hand' : result.verdict} | ${cell(why)} |`
  })
  return ['| scenario | what | verdict | why |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

const KEY = 'run-all'

/** Every scenario is a page of its own, so the run lives in the tab's storage. */
export function readRun(): Run {
  try {
    return { ...NO_RUN, ...(JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Run>) }
  } catch {
    return NO_RUN
  }
}

export const keepRun = (run: Run): void => sessionStorage.setItem(KEY, JSON.stringify(run))
