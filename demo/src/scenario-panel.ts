import { html, nothing, render, type TemplateResult } from 'lit'
import type { Check } from './judge.js'
import { find } from './make.js'
import { readRun } from './run-all.js'
import { SCENARIOS } from './scenarios.js'
import type { Scenario, Step } from './scenario.js'
import { inLanguage, say, type Word } from './words.js'
import type { Verdict } from './run-scenario.js'

/** How far the scenario of this page has come. */
export interface Progress {
  scenario: Scenario
  /** Index of the step under way. */
  step: number
  /** What is expected, beside what is seen so far. */
  checks: readonly Check[]
  /** Undefined while it runs. */
  verdict: Verdict | undefined
}

/** The scenario of this page: what it is, what is expected, and then what came. */
export function drawScenario({ scenario, step, checks, verdict }: Progress, stop: () => void): void {
  const index = SCENARIOS.indexOf(scenario)
  const { queue } = readRun()
  const running = queue.length > 0 && verdict === undefined
  const word = verdict === undefined ? undefined : verdict.passed ? 'passed' : 'failed'
  const place = find('scenario')
  place.hidden = false
  render(
    html`
      <h3 id="scenario-title">${inLanguage(scenario.title)}</h3>
      <p id="scenario-about">${inLanguage(scenario.about)}</p>
      <div class="run">
        <span class="told">
          <span class="which" aria-hidden="true">${inLanguage(scenario.title)}</span>
          <output id="verdict" data-verdict=${word ?? nothing}
            >${word ? `${word === 'passed' ? '✓' : '✗'} ${say(word)}` : say('running')}</output
          >
        </span>
        ${
          running
            ? html`<span class="quiet">${say('leftToPlay')} ${queue.length}</span>
                <button @click=${stop}>${label('■', 'stopRun')}</button>`
            : html`<a class="button" id="again" href="?scenario=${scenario.id}">${label('↻', 'again')}</a>`
        }
        ${neighbour(index - 1, 'previous')} ${neighbour(index + 1, 'next')}
        <a class="button" href="/">${label('✕', 'leaveScenario')}</a>
      </div>
      <table id="checks">
        <caption class="hidden">
          ${say('expectedAndObserved')}
        </caption>
        <thead>
          <tr>
            <th scope="col">${say('whatIsLookedAt')}</th>
            <th scope="col">${say('expected')}</th>
            <th scope="col">${say('observed')}</th>
          </tr>
        </thead>
        <tbody>
          ${checks.map((check) => rowOf(check, verdict))}
        </tbody>
      </table>
      <ol id="steps">
        ${scenario.steps.map(
          (taken, position) =>
            html`<li
              aria-current=${position === step && !verdict ? 'step' : nothing}
              class=${position < step ? 'done' : ''}
            >
              ${wordsOf(taken)}
            </li>`,
        )}
      </ol>
    `,
    place,
  )
}

function neighbour(index: number, word: 'previous' | 'next'): TemplateResult | typeof nothing {
  const scenario = SCENARIOS[index]
  if (!scenario) return nothing
  return html`<a
    class="button"
    rel=${word === 'previous' ? 'prev' : 'next'}
    href="?scenario=${scenario.id}"
    title=${inLanguage(scenario.title)}
    >${label(word === 'previous' ? '‹' : '›', word)}</a
  >`
}

/** A sign for where there is no room for the word, which is read aloud in any case. */
const label = (sign: string, word: Word): TemplateResult =>
  html`<span class="sign" aria-hidden="true">${sign}</span><span class="word">${say(word)}</span>`

function rowOf({ aspect, expected, observed, met }: Check, verdict: Verdict | undefined): TemplateResult {
  const seen = met === null ? say('lookYourself') : observed
  const mark = met === null ? '' : met ? '✓ ' : verdict ? '✗ ' : '… '
  return html`<tr data-met=${String(met)}>
    <th scope="row">${say(aspect)}</th>
    <td><code>${expected}</code></td>
    <td>${mark}<code>${seen}</code></td>
  </tr>`
}

function wordsOf(step: Step): string {
  const detail = step.do === 'wait-for' ? step.state : step.do === 'wait' ? String(step.seconds) : ''
  return `${say(step.do)} ${detail}`.trim()
}
