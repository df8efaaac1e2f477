import { html, nothing, render, type TemplateResult } from 'lit'
import { find } from './make.js'
import { markdownOf, readRun, type Result, type Run } from './run-all.js'
import { isAboutCode, SCENARIOS } from './scenarios.js'
import type { Scenario } from './scenario.js'
import { inLanguage, say } from './words.js'

export interface ListActions {
  runAll: () => void
  copy: (text: string, button: HTMLElement) => void
}

/** All scenarios with their last verdicts, and the button that plays them all. */
export function drawScenarioList(current: Scenario | undefined, { runAll, copy }: ListActions): void {
  const run = readRun()
  const counted = Object.values(run.results)
  const count = (verdict: Result['verdict']) => counted.filter((result) => result.verdict === verdict).length
  const list = (scenarios: readonly Scenario[]) =>
    html`<ul class="scenarios">
      ${scenarios.map((scenario) => rowOf(scenario, scenario === current, run))}
    </ul>`
  render(
    html`
      <div class="buttons">
        <button class="strong" id="run-all" @click=${runAll}>${say('runAll')}</button>
        ${
          counted.length
            ? html`<span id="tally"
                  >${say('tallyPassed')} ${count('passed')} · ${say('tallyFailed')} ${count('failed')} ·
                  ${say('tallyHand')} ${count('hand')}</span
                >
                <button
                  id="copy-results"
                  @click=${({ currentTarget }: Event) =>
                    copy(markdownOf(run, SCENARIOS), currentTarget as HTMLElement)}
                >
                  ${say('copyResults')}
                </button>
                <span class="quiet"></span>`
            : html`<span class="quiet">${say('runAllAbout')}</span>`
        }
      </div>
      <h3>${say('goodPaths')}</h3>
      ${list(SCENARIOS.filter((scenario) => !isAboutCode(scenario)))}
      <h3>${say('codes')}</h3>
      ${list(SCENARIOS.filter(isAboutCode))}
    `,
    find('panel-scenarios'),
  )
}

function rowOf({ id, title }: Scenario, here: boolean, { results, queue }: Run): TemplateResult {
  const result = results[id]
  const verdict = result?.verdict ?? (queue.includes(id) ? 'waits' : undefined)
  const mark = { passed: '✓', failed: '✗', hand: '✋', waits: '…' }
  const words = { passed: 'passed', failed: 'failed', hand: 'needsHand', waits: 'waits' } as const
  return html`<li>
    <a href="?scenario=${id}" aria-current=${here ? 'page' : nothing}>
      <span
        >${
          verdict
            ? html`<span
                class="mark"
                data-verdict=${verdict}
                title=${say(words[verdict])}
                role="img"
                aria-label=${say(words[verdict])}
                >${mark[verdict]}</span
              >`
            : nothing
        }
        ${inLanguage(title)}</span
      >
      <code>${id}</code>
      ${result?.verdict === 'failed' ? html`<span class="why">${result.faults.join('; ')}</span>` : nothing}
    </a>
  </li>`
}
