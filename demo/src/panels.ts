import type { ChatWatch } from './chat-watch.js'
import { find, make } from './make.js'
import type { Network } from './network.js'
import { isAboutCode, SCENARIOS } from './scenarios.js'
import type { Scenario, Step } from './scenario.js'
import { inLanguage, say, type Word } from './words.js'

/** Newest first, and no more than anybody reads. */
const ROWS = 100
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** The tabs, by the pattern of the ARIA Authoring Practices: arrows move, what has focus is shown. */
export function startTabs(): void {
  const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')]
  const show = (shown: HTMLElement) => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === shown))
      tab.tabIndex = tab === shown ? 0 : -1
      find(tab.getAttribute('aria-controls')!).hidden = tab !== shown
    }
  }
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => show(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
      const next = step === undefined ? undefined : tabs[(index + step + tabs.length) % tabs.length]
      if (!next) return
      show(next)
      next.focus()
    })
  }
  show(tabs[0]!)
}

export function drawScenarios(current: Scenario | undefined): void {
  const list = (scenarios: readonly Scenario[]) =>
    make(
      'ul',
      { class: 'scenarios' },
      ...scenarios.map((scenario) => {
        const here = scenario === current
        const link = make('a', {
          href: `?scenario=${scenario.id}`,
          ...(here ? { 'aria-current': 'page' } : {}),
        })
        link.append(make('span', {}, inLanguage(scenario.title)), make('code', {}, scenario.id))
        return make('li', {}, link)
      }),
    )
  find('panel-scenarios').replaceChildren(
    make('h3', {}, say('goodPaths')),
    list(SCENARIOS.filter((scenario) => !isAboutCode(scenario))),
    make('h3', {}, say('codes')),
    list(SCENARIOS.filter(isAboutCode)),
  )
}

export function drawSteps({ title, about, steps }: Scenario, reached: number): void {
  find('scenario-title').textContent = inLanguage(title)
  find('scenario-about').textContent = inLanguage(about)
  find('steps').replaceChildren(
    ...steps.map((step, index) =>
      make(
        'li',
        index === reached ? { 'aria-current': 'step' } : index < reached ? { class: 'done' } : {},
        wordsOf(step),
      ),
    ),
  )
}

function wordsOf(step: Step): string {
  const detail = step.do === 'wait-for' ? step.state : step.do === 'wait' ? String(step.seconds) : ''
  return `${say(step.do)} ${detail}`.trim()
}

export function drawEvents({ events }: ChatWatch): void {
  find('event-rows').replaceChildren(
    ...events
      .slice(-ROWS)
      .reverse()
      .map(({ at, name, details }) =>
        make(
          'tr',
          {},
          make('td', {}, seconds(at)),
          make('td', {}, make('code', {}, name)),
          make('td', {}, details),
        ),
      ),
  )
}

export function drawRequests({ requests }: Network): void {
  find('request-rows').replaceChildren(
    ...requests
      .slice(-ROWS)
      .reverse()
      .map(({ at, method, url, status, tookMs }) =>
        make(
          'tr',
          {},
          make('td', {}, seconds(at)),
          make('td', {}, make('code', {}, `${method} ${url.replace(location.origin, '')}`)),
          make('td', {}, status === 0 ? say('noAnswer') : String(status)),
          make('td', {}, `${Math.round(tookMs)} ms`),
        ),
      ),
  )
}

export function drawState({ first }: ChatWatch): void {
  const { state = '', problem, expiresAt } = first ?? {}
  const facts: [string, string][] = [
    ['state', state],
    ['problem', problem ? problem.code : say('none')],
    ['expiresAt', expiresAt ? expiresAt.toLocaleTimeString() : say('none')],
  ]
  if (problem) facts.push(['message', problem.message], ['remediation', problem.remediation])
  find('state-facts').replaceChildren(
    ...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]),
  )
  // the panel is closed most of the time, and diagnostics are much to write
  if (!find('panel-state').hidden)
    find('diagnostics').textContent = JSON.stringify(first?.diagnostics() ?? {}, null, 2)
}

/** Says something to a screen reader, once. */
export const announce = (word: Word) => (find('said').textContent = say(word))
