import { html, nothing, render, type TemplateResult } from 'lit'
import { faultText } from './fault-words.js'
import { find } from './make.js'
import { handText, markdownOf, readRun, type Result, type Run } from './run-all.js'
import { IDENTITY_SCENARIOS } from './identity-scenarios.js'
import { isAboutCode, SCENARIOS } from './scenarios.js'
import type { Scenario } from './scenario.js'
import { sign } from './signs.js'
import { inLanguage, language, say } from './words.js'

export interface ListActions {
  runAll: () => void
  stop: () => void
  copy: (text: string, button: HTMLElement) => void
}

const PLACE = 'list-place'
/** Of the window. */
const HEIGHT = 0.7

/** All scenarios with their last verdicts, and the button that plays them all. */
export function drawScenarioList(current: Scenario | undefined, actions: ListActions): void {
  const run = readRun()
  const list = (scenarios: readonly Scenario[]) =>
    html`<ul class="scenarios">
      ${scenarios.map((scenario) => rowOf(scenario, scenario === current, run))}
    </ul>`
  render(
    html`
      <div class="buttons" id="run">
        ${run.queue.length > 0 ? progressOf(run, actions) : resultsOf(run, actions)}
      </div>
      <h3>${say('goodPaths')}</h3>
      ${list(SCENARIOS.filter((scenario) => !isAboutCode(scenario) && !IDENTITY_SCENARIOS.includes(scenario)))}
      <h3>${say('identitySources')}</h3>
      ${list(IDENTITY_SCENARIOS)}
      <h3>${say('codes')}</h3>
      ${list(SCENARIOS.filter(isAboutCode))}
    `,
    find('panel-scenarios'),
  )
  fitRows()
}

function progressOf({ queue, planned }: Run, { stop }: ListActions): TemplateResult {
  const done = planned - queue.length
  return html`<progress id="progress" max=${planned} value=${done} aria-label=${say('running')}></progress>
    <span>${done} / ${planned}</span>
    <button @click=${stop}>${say('stopRun')}</button>`
}

function resultsOf(run: Run, { runAll, copy }: ListActions): TemplateResult {
  const verdicts = Object.values(run.results).map(({ verdict }) => verdict)
  const count = (wanted: Result['verdict']) => verdicts.filter((verdict) => verdict === wanted).length
  return html`<button class="strong" id="run-all" @click=${runAll}>${say('runAll')}</button> ${
      verdicts.length
        ? html`<span id="tally"
              >${say('tallyPassed')} ${count('passed')} · ${say('tallyFailed')} ${count('failed')} ·
              ${say('tallyHand')} ${count('hand')}</span
            >
            ${run.tookMs === undefined ? nothing : html`<span id="took" class="quiet">${say('runTook')} ${duration(run.tookMs)}</span>`}
            <button
              id="copy-results"
              @click=${({ currentTarget }: Event) =>
                copy(markdownOf(run, SCENARIOS), currentTarget as HTMLElement)}
            >
              ${say('copyResults')}
            </button>
            <span class="quiet"></span>`
        : html`<span class="quiet">${say('runAllAbout')}</span>`
    }`
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} ${say('minutes')} ${seconds % 60} ${say('seconds')}`
}

function rowOf(scenario: Scenario, here: boolean, { results, queue }: Run): TemplateResult {
  const { id, title } = scenario
  const result = results[id]
  const verdict = queue.includes(id) ? 'waits' : result?.verdict
  const words = { passed: 'passed', failed: 'failed', hand: 'needsHand', waits: 'waits' } as const
  const notes =
    verdict === 'hand'
      ? [handText(scenario, language())]
      : result?.verdict === 'failed'
        ? result.faults.map((fault) => inLanguage(faultText(fault)))
        : []
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
                >${sign(verdict)}</span
              >`
            : nothing
        }
        ${inLanguage(title)}</span
      >
      <code>${id}</code>
      ${notes.map((note) => html`<span class="note" data-verdict=${verdict ?? nothing}>${note}</span>`)}
    </a>
  </li>`
}

/** Keeps the list's place from one page to the next. */
export function keepListPlace(): void {
  const list = find('panel-scenarios')
  placeList()
  list.addEventListener('scroll', () => sessionStorage.setItem(PLACE, String(list.scrollTop)), {
    passive: true,
  })
  list.addEventListener('scrollend', fitRows)
  addEventListener('resize', fitRows)
}

/** Puts the list where the tester left it, or as near as the open scenario's row is in sight. */
export function placeList(): void {
  const list = find('panel-scenarios')
  list.scrollTop = Number(sessionStorage.getItem(PLACE) ?? 0)
  const row = list.querySelector('li:has([aria-current])')
  if (!row) return
  const [place, view] = [row.getBoundingClientRect(), list.getBoundingClientRect()]
  if (place.top < view.top || place.bottom > view.bottom)
    list.scrollTop += place.top - view.top - (view.height - place.height) / 2
  fitRows()
}

/** Begins and ends the list with a whole row, whatever it is scrolled to. */
function fitRows(): void {
  const list = find('panel-scenarios')
  const available = innerHeight * HEIGHT
  if (list.hidden || list.scrollHeight <= available) return void (list.style.maxHeight = '')
  const { top } = list.getBoundingClientRect()
  const rows = [...list.querySelectorAll('#run, h3, li')].map((row) => row.getBoundingClientRect())
  const first = list.scrollTop < 1 ? undefined : rows.find((row) => row.top > top - 1)
  const start = first?.top ?? top
  const last = rows.findLast((row) => row.bottom <= start + available)
  if (!last) return
  list.style.maxHeight = `${last.bottom - start}px`
  list.scrollTop += start - top
}
