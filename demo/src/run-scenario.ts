import type { KinescopeChatElement } from 'kinescope-chat'
import type { ChatWatch } from './chat-watch.js'
import { faultsOf, judge, type Check, type Sight } from './judge.js'
import { make, find } from './make.js'
import type { Network } from './network.js'
import type { PageFacts } from './page-facts.js'
import { UNKNOWN_STREAM, type Expectation, type Scenario, type Setup, type Step } from './scenario.js'

export interface Bench {
  facts: PageFacts
  network: Network
  watch: ChatWatch
  /** The site's actions for its visitor: sign in, sign out, ban. */
  site: Site
  /** The name of the visitor's session on the site. */
  sessionName(): string | null
  /** Reports the index of the current step. */
  onStep(index: number): void
  /** Reports until when the tester can do a step, by `performance.now()`. Null after the step. */
  onHand(until: number | null): void
}

export interface Site {
  signIn(name: string): Promise<void>
  signOut(): Promise<void>
  standing(changes: { banned?: boolean; me?: 'answers' | 'fails' }): Promise<void>
  /** Keeps the tester's session for later. The page then plays other visitors. */
  setAside(): Promise<void>
  /** Ends the current session, and restores the one that was set aside. */
  bringBack(): Promise<void>
  rotateKeys(): Promise<void>
  /** Signs a second visitor in, in addition to the first. */
  bringSecond(name: string): Promise<void>
  /** The signed-in visitor's name, or null. */
  whoAmI(): Promise<string | null>
}

export interface Verdict {
  passed: boolean
  checks: Check[]
}

const LOOK_MS = 100

/** Sets a scenario up, takes its steps and judges the result. */
export async function runScenario(scenario: Scenario, bench: Bench): Promise<Verdict> {
  const clock = new Deadline(scenario.within)
  const { steps, setup, expect } = scenario
  await bringVisitor(setup, bench.site)
  if (setup.offline) bench.network.offline = true
  await putChats(scenario, bench)
  for (const [index, step] of steps.entries()) {
    bench.onStep(index)
    const checks = await take(step, bench, clock)
    if (faultsOf(checks).length > 0) return { passed: false, checks }
  }
  bench.onStep(steps.length)
  const checks = await until(expect, bench, clock)
  return { passed: faultsOf(checks).length === 0, checks }
}

/** The time limit of a scenario. A step that waits for a person stops the clock. */
class Deadline {
  #at: number

  constructor(seconds: number) {
    this.#at = performance.now() + seconds * 1000
  }

  get passed(): boolean {
    return performance.now() > this.#at
  }

  async pausedFor(work: Promise<void>): Promise<void> {
    const from = performance.now()
    await work
    this.#at += performance.now() - from
  }
}

async function bringVisitor({ visitor = 'signed-in' }: Setup, site: Site): Promise<void> {
  if (visitor === 'signed-out') return site.signOut()
  if ((await site.whoAmI()) === null) await site.signIn('Tester')
  await site.standing({ banned: visitor === 'banned', me: visitor === 'unknowable' ? 'fails' : 'answers' })
}

async function putChats({ id, setup }: Scenario, { facts }: Bench): Promise<void> {
  if (setup.script === 'npm') await import('kinescope-chat/define')
  const place = find('chats')
  if (setup.below) place.before(make('div', { class: 'far', 'aria-hidden': 'true' }))
  const { identity, fragment } = facts.visitor ?? {}
  // as in the address of a link that the visitor opens
  if (fragment) history.replaceState(history.state, '', `${location.pathname}${location.search}#${fragment}`)
  const chats = Array.from({ length: setup.chats ?? 1 }, () =>
    Object.assign(make('kinescope-chat', attributesOf(id, setup, facts)), identity ? { identity } : {}),
  )
  place.append(...chats)
}

/** The element's attributes for a scenario. */
export function attributesOf(id: string, setup: Setup, facts: PageFacts): Record<string, string> {
  const { event = 'live', endpoint, server, attributes } = setup
  const eventIds: Partial<Record<string, string>> = {
    unlisted: 'notOnTheListOfThisSite',
    unknown: UNKNOWN_STREAM,
    oversized: 'x'.repeat(5000),
  }
  const tokenUrl = endpoint
    ? `/scripted-endpoint/${id}/${crypto.randomUUID()}`
    : (server && `/other-server/${server}/token`) || facts.visitor?.tokenUrl
  return {
    ...(event === 'none' ? {} : { 'event-id': eventIds[event] ?? facts.events[event]?.publicId ?? '' }),
    'chat-origin': facts.chatOrigin,
    ...(tokenUrl ? { 'token-url': tokenUrl } : {}),
    ...attributes,
  }
}

/** Returns the observed state of the page. */
export function look({
  network,
  watch,
  sessionName,
}: Pick<Bench, 'network' | 'watch' | 'sessionName'>): Sight {
  // of several chats, the first one that isn't ready decides the state
  const odd = watch.chats.find(({ state }) => state !== 'ready')
  const chat: KinescopeChatElement | undefined = odd ?? watch.first
  return {
    state: chat?.state ?? 'idle',
    problem: chat?.problem?.code ?? null,
    events: watch.events.map(({ name }) => name),
    tokenRequests: network.tokenRequests,
    frames: watch.framesNow.length,
    framesSeen: watch.framesSeen,
    name: network.newestName,
    sessionName: sessionName(),
  }
}

/** Checks repeatedly until everything is as expected or the time is up. */
async function until(expected: Expectation, bench: Bench, clock: Deadline): Promise<Check[]> {
  for (;;) {
    const checks = judge(look(bench), expected)
    if (faultsOf(checks).length === 0 || clock.passed) return checks
    await pause(LOOK_MS)
  }
}

async function take(step: Step, bench: Bench, clock: Deadline): Promise<Check[]> {
  const { network, site, watch } = bench
  switch (step.do) {
    case 'wait-for':
      return until({ state: step.state }, bench, clock)
    case 'wait':
      await pause(step.seconds * 1000)
      return []
    case 'check':
      return judge(look(bench), step.expect)
    case 'enter-name':
      return enterName(step, bench, clock)
    case 'reload':
      for (const chat of watch.chats) chat.reload()
      await pause(LOOK_MS)
      while (isBusy(watch.first) && !clock.passed) await pause(LOOK_MS)
      return isBusy(watch.first) ? [{ aspect: 'step', expected: 'reload()', observed: '…', met: false }] : []
    case 'sign-out':
      await site.signOut()
      for (const chat of watch.chats) chat.reset()
      return []
    case 'ban':
      await site.standing({ banned: true })
      return []
    case 'rotate-keys':
      await site.rotateKeys()
      return []
    case 'scroll-to-chat':
      watch.first?.scrollIntoView()
      return []
    case 'go-offline':
      network.offline = true
      return []
    case 'come-online':
      network.offline = false
      return []
    case 'hide-page':
      pretendHidden(true)
      return []
    case 'show-page':
      pretendHidden(false)
      return []
    case 'visitor-types':
      return byHand(step.seconds, () => watch.inside, bench, clock)
    case 'visitor-leaves':
      return byHand(step.seconds, () => !watch.inside, bench, clock)
  }
}

/** Submits a name in the form for guests, and checks whether the form rejects the name. */
async function enterName(
  { name, refused = false }: Extract<Step, { do: 'enter-name' }>,
  { watch }: Bench,
  clock: Deadline,
): Promise<Check[]> {
  const find = (selector: string) => watch.first?.shadowRoot?.querySelector(selector) ?? null
  const field = find('form input') as HTMLInputElement | null
  if (field) field.value = name
  field?.form?.requestSubmit()
  await pause(LOOK_MS)
  while (find('form button')?.getAttribute('aria-disabled') === 'true' && !clock.passed) await pause(LOOK_MS)
  const observed =
    find('form input')?.getAttribute('aria-invalid') === 'true' ? 'refused' : field ? 'accepted' : '–'
  const expected = refused ? 'refused' : 'accepted'
  return [{ aspect: 'step', expected: `${name}: ${expected}`, observed, met: observed === expected }]
}

const isBusy = (chat: KinescopeChatElement | undefined): boolean =>
  chat?.problem == null && ['loading', 'refreshing'].includes(chat?.state ?? '')

/** Waits for the tester's part, up to its limit. The scenario's own clock is stopped meanwhile. */
async function byHand(
  seconds: number,
  isDone: () => boolean,
  bench: Bench,
  clock: Deadline,
): Promise<Check[]> {
  const until = performance.now() + seconds * 1000
  bench.onHand(until)
  await clock.pausedFor(
    (async () => {
      while (!isDone() && performance.now() < until) await pause(LOOK_MS)
    })(),
  )
  bench.onHand(null)
  return isDone() ? [] : [{ aspect: 'hand', expected: `${seconds} s`, observed: '–', met: false }]
}

function pretendHidden(hidden: boolean): void {
  const read = { hidden, visibilityState: hidden ? 'hidden' : 'visible' }
  for (const [name, value] of Object.entries(read)) {
    // on the prototype, where browsers define the property: any script can set one on the document itself
    Object.defineProperty(Document.prototype, name, { get: () => value, configurable: true })
  }
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
