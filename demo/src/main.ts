import { drawAttributes } from './attributes-panel.js'
import { ChatWatch } from './chat-watch.js'
import { drawCode } from './code-panel.js'
import { drawEmulator } from './emulator-panel.js'
import { siteCalls } from './host-visitor.js'
import { find } from './make.js'
import { Network } from './network.js'
import { readFacts } from './page-facts.js'
import {
  announce,
  drawEvents,
  drawRequests,
  drawScenarios,
  drawState,
  drawSteps,
  startTabs,
} from './panels.js'
import { runScenario } from './run-scenario.js'
import { SCENARIOS } from './scenarios.js'
import { say, speak, type Language } from './words.js'

const facts = readFacts()
const network = new Network()
const watch = new ChatWatch()
const site = siteCalls(network.quietly)
const wanted = new URLSearchParams(location.search)
const scenario = SCENARIOS.find(({ id }) => id === wanted.get('scenario'))
let stepReached = 0

startTabs()
startSwitches()
startVisitor()
startButtons()
watch.addEventListener('change', () => {
  drawEvents(watch)
  drawState(watch)
})
network.addEventListener('change', () => drawRequests(network))
setInterval(() => drawState(watch), 1000)
find('tab-emulator').addEventListener('click', () => void drawEmulator(facts.chatOrigin, network.quietly))
find('tab-attributes').addEventListener('click', drawAll)

await showVisitor()
if (scenario) await run()

/** Everything that has words in it. */
function drawAll(): void {
  drawScenarios(scenario)
  drawEvents(watch)
  drawRequests(network)
  drawState(watch)
  drawAttributes(() => watch.chats, showCode)
  showCode()
  if (scenario) drawSteps(scenario, stepReached)
}

function showCode(): void {
  const given = [...(watch.first?.attributes ?? [])].map(({ name, value }) => [name, value] as const)
  const { 'event-id': eventId, 'chat-origin': chatOrigin, ...attributes } = Object.fromEntries(given)
  drawCode({
    tokenServer: facts.tokenServer,
    chatOrigin: chatOrigin ?? facts.chatOrigin,
    eventId: eventId ?? facts.events['live']?.publicId ?? '',
    attributes,
  })
}

async function run(): Promise<void> {
  find('scenario').hidden = false
  find('again').setAttribute('href', location.search)
  const verdict = find('verdict')
  verdict.textContent = say('running')
  const result = await runScenario(scenario!, {
    facts,
    network,
    watch,
    site: {
      ...site,
      signIn: (name) => site.signIn(wanted.get('name') ?? name).then(showVisitor),
      signOut: () => site.signOut().then(showVisitor),
    },
    onStep(index) {
      stepReached = index
      drawSteps(scenario!, index)
    },
  }).catch((error: unknown) => ({ passed: false as const, faults: [String(error)] }))
  verdict.dataset['verdict'] = result.passed ? 'passed' : 'failed'
  verdict.textContent = result.passed
    ? `✓ ${say('passed')}`
    : `✗ ${say('failed')}: ${result.faults.join('; ')}`
  announce(result.passed ? 'passed' : 'failed')
  drawAll()
}

async function showVisitor(): Promise<void> {
  const name = await site.whoAmI()
  find('sign-in').hidden = name !== null
  find('visitor').hidden = name === null
  find('visitor-name').textContent = name ?? ''
}

function startSwitches(): void {
  const language = find<HTMLSelectElement>('language')
  const theme = find<HTMLSelectElement>('theme')
  const show = () => {
    speak(language.value as Language)
    document.documentElement.style.colorScheme = theme.value
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
  // the element can't sign anybody in: it asks its page to
  document.addEventListener('kinescope-chat-signin', (event) => {
    event.preventDefault()
    find('sign-in').scrollIntoView({ block: 'nearest' })
    name.focus()
  })

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
