import { html, nothing, render, type TemplateResult } from 'lit'
import { faultText } from './fault-words.js'
import { faultsOf, type Check } from './judge.js'
import { find } from './make.js'
import { readRun } from './run-all.js'
import { SCENARIOS } from './scenarios.js'
import type { Scenario, Step } from './scenario.js'
import { sign, type Sign } from './signs.js'
import { inLanguage, say, type Word } from './words.js'
import type { Verdict } from './run-scenario.js'

/** The progress of this page's scenario. */
export interface Progress {
  scenario: Scenario
  /** Index of the current step. */
  step: number
  /** Until when the tester can do their part, by `performance.now()`. */
  handUntil: number | null
  /** The expectations, and the values observed so far. */
  checks: readonly Check[]
  /** Undefined while the scenario runs. */
  verdict: Verdict | undefined
}

/** Draws this page's scenario: its description, the expectations, and then the result. */
export function drawScenario(progress: Progress, stop: () => void): void {
  const { scenario, step, handUntil, checks, verdict } = progress
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
            >${word ? html`${sign(word)} ${say(word)}` : say('running')}</output
          >
        </span>
        ${
          running
            ? html`<span class="quiet">${say('leftToPlay')} ${queue.length}</span>
                <button @click=${stop}>${label('stop', 'stopRun')}</button>`
            : html`<a class="button" id="again" href="?scenario=${scenario.id}"
                >${label('again', 'again')}</a
              >`
        }
        ${neighbour(index - 1, 'previous')} ${neighbour(index + 1, 'next')}
        <a class="button" href="/">${label('failed', 'leaveScenario')}</a>
      </div>
      ${
        verdict
          ? faultsOf(verdict.checks).map(
              (fault) => html`<p class="fault">${inLanguage(faultText(fault))}</p>`,
            )
          : nothing
      }
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
              ${
                position === step && handUntil !== null
                  ? html`<strong class="left" role="timer"
                      >${say('leftToDo')} ${Math.max(0, Math.ceil((handUntil - performance.now()) / 1000))}
                      ${say('seconds')}</strong
                    >`
                  : nothing
              }
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
    >${label(word, word)}</a
  >`
}

/** A narrow page shows only the icon. A screen reader reads the word in any case. */
const label = (name: Sign, word: Word): TemplateResult =>
  html`${sign(name)}<span class="word">${say(word)}</span>`

function rowOf({ aspect, expected, observed, met }: Check, verdict: Verdict | undefined): TemplateResult {
  const seen = met === null ? say('lookYourself') : observed
  const mark = met === null ? nothing : sign(met ? 'passed' : verdict ? 'failed' : 'waits')
  return html`<tr data-met=${String(met)}>
    <th scope="row">${say(aspect)}</th>
    <td><code>${expected}</code></td>
    <td>${mark} <code>${seen}</code></td>
  </tr>`
}

function wordsOf(step: Step): string {
  if (step.do === 'wait-for') return `${say(step.do)} ${step.state}`
  if (step.do === 'enter-name') return `${say(step.do)} ${step.name}`
  if (step.do === 'wait') return `${say(step.do)} ${step.seconds}`
  const limit = 'seconds' in step ? ` (${step.seconds} ${say('seconds')})` : ''
  return `${say(step.do)}${limit}`
}
