import { announce } from './announce.js'
import { drawAttributes } from './attributes-panel.js'
import { ChatWatch } from './chat-watch.js'
import { copyText, drawCode } from './code-panel.js'
import { drawEmulator } from './emulator-panel.js'
import { siteCalls } from './host-visitor.js'
import { faultsOf, judge } from './judge.js'
import { drawEvents, drawRequests } from './logs.js'
import { find } from './make.js'
import { Network } from './network.js'
import { readFacts } from './page-facts.js'
import { keepRun, noted, readRun, startRun, stopped } from './run-all.js'
import { look, runScenario, type Verdict } from './run-scenario.js'
import { drawScenarioList, keepListPlace, placeList } from './scenario-list.js'
import { drawScenario } from './scenario-panel.js'
import { SCENARIOS } from './scenarios.js'
import { startSecondVisitor } from './second-visitor.js'
import { drawState } from './state-panel.js'
import { startTabs } from './tabs.js'
import { inLanguage, say, speak, type Language } from './words.js'

/** Long enough to see the result, short enough for fifty scenarios. */
const NEXT_AFTER_MS = 400

const facts = readFacts()
const network = new Network()
const watch = new ChatWatch()
const site = siteCalls(network.quietly)
const wanted = new URLSearchParams(location.search)
const scenario = SCENARIOS.find(({ id }) => id === wanted.get('scenario'))
let step = 0
let handUntil: number | null = null
let verdict: Verdict | undefined
let sessionName: string | null = null
// the element stores a personal link for a reload of the tab, but the next scenario must not use the link
sessionStorage.removeItem(`kinescope-chat:${location.pathname}`)

startTabs((panel) => {
  if (panel === 'panel-scenarios') placeList()
  if (panel === 'panel-emulator') void drawEmulator(facts.chatOrigin, network.quietly)
  if (panel === 'panel-state') drawState(watch)
})
startSwitches()
startVisitor()
startButtons()
keepListPlace()
watch.addEventListener('change', () => {
  drawEvents(watch)
  drawState(watch)
})
network.addEventListener('change', () => drawRequests(network))
setInterval(() => drawState(watch), 1000)
find('tab-attributes').addEventListener('click', drawAll)

if (!scenario) await endRun()
await showVisitor()
if (scenario) await run()

/** Draws every part of the page that contains text. */
function drawAll(): void {
  const unknown = scenario ? null : wanted.get('scenario')
  find('unknown').hidden = unknown === null
  find('unknown-name').textContent = unknown ?? ''
  find('intro').hidden = scenario !== undefined
  drawScenarioList(scenario, {
    runAll: () => void runAll(),
    stop,
    copy: (text, button) => void copyText(text, button),
  })
  drawEvents(watch)
  drawRequests(network)
  drawState(watch)
  drawAttributes(() => watch.chats, showCode)
  showCode()
  if (scenario) drawProgress()
}

function drawProgress(): void {
  // the expected result is shown before the observed one
  const checks =
    verdict?.checks ?? judge(look({ network, watch, sessionName: () => sessionName }), scenario!.expect)
  drawScenario({ scenario: scenario!, step, handUntil, checks, verdict }, stop)
}

function stop(): void {
  keepRun(stopped(readRun()))
  drawAll()
}

function showCode(): void {
  const given = [...(watch.first?.attributes ?? [])].map(({ name, value }) => [name, value] as const)
  drawCode(facts, Object.fromEntries(given), network.quietly)
}

async function run(): Promise<void> {
  // a tester who opens another scenario ends the run
  const { queue } = readRun()
  if (queue.length > 0 && queue[0] !== scenario!.id) await endRun()
  drawAll()
  const drawing = setInterval(drawProgress, 500)
  verdict = await runScenario(scenario!, {
    facts,
    network,
    watch,
    sessionName: () => sessionName,
    site: {
      ...site,
      signIn: (name) => site.signIn(wanted.get('name') ?? name).then(showVisitor),
      signOut: () => site.signOut().then(showVisitor),
    },
    onStep(index) {
      step = index
      drawProgress()
    },
    onHand(until) {
      handUntil = until
      drawProgress()
    },
  }).catch((error: unknown) => ({
    passed: false,
    checks: [{ aspect: 'step' as const, expected: 'no error', observed: String(error), met: false }],
  }))
  clearInterval(drawing)
  const { passed, checks } = verdict
  const result = passed
    ? { verdict: 'passed' as const }
    : { verdict: 'failed' as const, faults: faultsOf(checks) }
  const before = readRun()
  const after = noted(before, scenario!.id, result, Date.now())
  keepRun(after)
  announce(passed ? 'passed' : 'failed')
  drawAll()
  if (before.queue[0] === scenario!.id) setTimeout(goOn, NEXT_AFTER_MS)
  else await endRun()
}

async function runAll(): Promise<void> {
  await endRun()
  await site.setAside()
  keepRun(startRun(SCENARIOS, Date.now()))
  goOn()
}

/** Opens the next scenario of the run, or the table of results. */
function goOn(): void {
  const [next] = readRun().queue
  location.assign(next ? `?scenario=${next}` : '/')
}

/** Ends a run, and restores the tester's session from before the run. */
async function endRun(): Promise<void> {
  const run = readRun()
  if (!run.sessionAside) return
  keepRun({ ...stopped(run), sessionAside: false })
  await site.bringBack()
  await showVisitor()
  if (!scenario) for (const chat of watch.chats) chat.reset()
  drawAll()
}

async function showVisitor(): Promise<void> {
  sessionName = await site.whoAmI()
  find('sign-in').hidden = sessionName !== null
  find('visitor').hidden = sessionName === null
  find('visitor-name').textContent = sessionName ?? ''
}

function startSwitches(): void {
  const language = find<HTMLSelectElement>('language')
  const theme = find<HTMLSelectElement>('theme')
  const show = () => {
    speak(language.value as Language)
    document.documentElement.style.colorScheme = theme.value
    document.title = scenario ? `${inLanguage(scenario.title)}: ${say('bench')}` : say('bench')
    find('stream-name').textContent = facts.events[scenario?.setup.event ?? 'live']?.name ?? ''
    drawAll()
  }
  const remembered = (name: string, fallback: string) =>
    wanted.get(name) ?? localStorage.getItem(name) ?? fallback
  language.value = remembered('language', navigator.language.startsWith('ru') ? 'ru' : 'en')
  theme.value = remembered('theme', 'light dark')
  for (const [name, choice] of Object.entries({ language, theme })) {
    choice.addEventListener('change', () => {
      localStorage.setItem(name, choice.value)
      show()
    })
  }
  show()
}

function startVisitor(): void {
  const form = find<HTMLFormElement>('sign-in')
  const name = find<HTMLInputElement>('name')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void site.signIn(name.value).then(changed)
  })
  find('sign-out').addEventListener('click', () => void site.signOut().then(changed))
  // the element can't sign a visitor in, so it asks the page to do it
  document.addEventListener('kinescope-chat-signin', (event) => {
    event.preventDefault()
    find('sign-in').scrollIntoView({ block: 'nearest' })
    name.focus()
  })
  startSecondVisitor(facts, site)

  async function changed(): Promise<void> {
    await showVisitor()
    for (const chat of watch.chats) chat.reset()
  }
}

function startButtons(): void {
  find('do-reload').addEventListener('click', () => watch.first?.reload())
  find('do-reset').addEventListener('click', () => watch.first?.reset())
  find('do-rotate').addEventListener('click', () => void site.rotateKeys())
  const toggle = (id: string, changed: (on: boolean) => Promise<void>) => {
    const button = find(id)
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') !== 'true'
      void changed(on).then(() => button.setAttribute('aria-pressed', String(on)))
    })
  }
  toggle('do-ban', (banned) => site.standing({ banned }))
  toggle('do-break', (broken) => site.standing({ me: broken ? 'fails' : 'answers' }))
}
