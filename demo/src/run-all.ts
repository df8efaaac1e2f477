import type { Scenario } from './scenario.js'

export type Result = { verdict: 'passed' } | { verdict: 'failed'; faults: string[] } | { verdict: 'hand' }

/** The results of this browser tab, and what is still to be played. */
export interface Run {
  /** Ids of scenarios that are still to come, the one under way first. */
  queue: string[]
  results: Record<string, Result>
}

export const NO_RUN: Run = { queue: [], results: {} }

/** Whether a person has a part in it that this page can't play: typing in a frame of another site. */
export const needsHand = ({ steps }: Scenario): boolean =>
  steps.some((step) => step.do === 'visitor-types' || step.do === 'visitor-leaves')

/** All scenarios in turn; those that need a hand are listed, and left for it. Pure. */
export function startRun(scenarios: readonly Scenario[]): Run {
  const byHand = scenarios.filter(needsHand)
  return {
    queue: scenarios.filter((scenario) => !needsHand(scenario)).map(({ id }) => id),
    results: Object.fromEntries(byHand.map(({ id }) => [id, { verdict: 'hand' } as const])),
  }
}

/** Notes a verdict, whoever asked for it, and takes the scenario from the queue. Pure. */
export const noted = ({ queue, results }: Run, id: string, result: Result): Run => ({
  queue: queue.filter((waiting) => waiting !== id),
  results: { ...results, [id]: result },
})

/** What is left stays unplayed. Pure. */
export const stopped = ({ results }: Run): Run => ({ queue: [], results })

/** As a Markdown table, to be pasted into an issue. Pure. */
export function markdownOf({ results }: Run, scenarios: readonly Scenario[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')
  const rows = scenarios.flatMap(({ id, title }) => {
    const result = results[id]
    if (!result) return []
    const why = result.verdict === 'failed' ? result.faults.join('; ') : ''
    return `| \`${id}\` | ${cell(title.en)} | ${result.verdict === 'hand' ? 'needs a hand' : result.verdict} | ${cell(why)} |`
  })
  return ['| scenario | what | verdict | why |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

const KEY = 'run-all'

/** Every scenario is a page of its own, so the run lives in the tab's storage. */
export function readRun(): Run {
  try {
    const { queue, results } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Run>
    return { queue: queue ?? [], results: results ?? {} }
  } catch {
    return NO_RUN
  }
}

export const keepRun = (run: Run): void => sessionStorage.setItem(KEY, JSON.stringify(run))
