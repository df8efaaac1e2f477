import type { Browser, Page } from 'playwright-core'
import { SEED } from '../../emulator/seed-events.js'
import type { Demo } from '../../start-demo.js'
import { startHttpProxy, type Proxy } from './fault-proxy.js'
import { HTTP_FAULTS, type HttpFault } from './http-faults.js'

/** The visible state of a chat. */
export interface Seen {
  state: string
  code: string | null
  frames: number
  /** Whether the element's box is empty, or was empty in a painted frame since the last `forget`. */
  blank: boolean
  /** Whether the visible frame is the chat, with the signed-in visitor. */
  signedIn: boolean
  /** The names of the element's events since the last `forget`. */
  events: string[]
  /** Requests over the faulty link since the last `forget`. */
  asked: number
}
export type Wall = Record<HttpFault, Seen>

/** The time limit for an automatic change, on a busy machine. A test's waits together stay below its hook's limit. */
const TIMEOUT_MS = 50_000
/** How long a chat may take after its delay has passed, before the next one passes. */
const ATTEMPT_MS = 15_000
const LOOK_MS = 100
/** Longer than any delay between two attempts of an element. */
const GAP_MS = 91_000
/** After every refresh of a one-hour token, and before its expiry. */
const REFRESH_MS = 3_300_000

/**
 * One page of the site with one chat for each fault, and a signed-in visitor. Every chat has its own proxies to the
 * token endpoint and to the chat page. The proxy on the tested link injects the chat's fault. The test controls the
 * page's clock, so that an hour passes at once.
 */
export class ChatWall {
  readonly page: Page
  readonly #faulty: ReadonlyMap<HttpFault, Proxy>
  readonly #all: readonly Proxy[]
  #askedBefore = new Map<HttpFault, number>()

  constructor(page: Page, faulty: ReadonlyMap<HttpFault, Proxy>, all: readonly Proxy[]) {
    this.page = page
    this.#faulty = faulty
    this.#all = all
  }

  get #faults(): HttpFault[] {
    return [...this.#faulty.keys()]
  }

  static async open(
    browser: Browser,
    demo: Demo,
    {
      link,
      faults,
      harmed = false,
    }: { link: 'endpoint' | 'chat'; faults: readonly HttpFault[]; harmed?: boolean },
  ): Promise<ChatWall> {
    const faulty = new Map<HttpFault, Proxy>()
    const all: Proxy[] = []
    const chats: (readonly [string, string])[][] = []
    for (const fault of faults) {
      const endpoint = await startHttpProxy(demo.tokenServer.replace('localhost', '127.0.0.1'))
      const chat = await startHttpProxy(demo.emulator.url)
      faulty.set(fault, link === 'endpoint' ? endpoint : chat)
      all.push(endpoint, chat)
      chats.push([
        ['id', idOf(fault)],
        ['event-id', SEED.live.publicId],
        ['token-url', `http://localhost:${endpoint.port}/token`],
        ['chat-origin', `http://127.0.0.1:${chat.port}`],
      ])
    }
    const context = await browser.newContext({ viewport: { width: 2000, height: 1500 } })
    const page = await context.newPage()
    const wall = new ChatWall(page, faulty, all)
    if (harmed) wall.harm()
    await page.clock.install()
    // a real response, since a page from a mocked one can't send requests to this machine; /me is a small page
    await page.goto(`${demo.site}/me`)
    await page.addScriptTag({ url: `${demo.tokenServer}/kinescope-chat.js`, type: 'module' })
    await page.evaluate(hang, chats)
    return wall
  }

  /** Injects the faults on all links from now on. */
  harm(): void {
    for (const [fault, proxy] of this.#faulty) proxy.fault = fault
  }

  heal(): void {
    for (const proxy of this.#faulty.values()) proxy.fault = null
  }

  /** Advances the page's clock at once, as after a sleep: each due timer fires once. */
  pass(ms: number): Promise<void> {
    return this.page.clock.fastForward(ms)
  }

  /** Advances the page's clock to the next refresh. */
  refresh(): Promise<void> {
    return this.passToAnotherToken(REFRESH_MS)
  }

  /**
   * Advances the page's clock, after the start of a second on the server's clock, which is real: a server issues the same
   * token twice within a second. The element then keeps its frame, or finds that the token has expired.
   */
  async passToAnotherToken(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1_010 - (Date.now() % 1_000)))
    await this.pass(ms)
  }

  /** Checks repeatedly until every chat is right or the time limit is over. The tests compare the returned state. */
  async until(isRight: (fault: HttpFault, seen: Seen) => boolean, limitMs = TIMEOUT_MS): Promise<Wall> {
    const end = performance.now() + limitMs
    for (;;) {
      const isLate = performance.now() > end
      // reading the frames is slow, so the page's own state must be right first
      const known = await this.#fromPage()
      if (isLate || this.#faults.every((fault) => isRight(fault, { ...known[fault], signedIn: true }))) {
        const wall = await this.look()
        if (isLate || this.#faults.every((fault) => isRight(fault, wall[fault]))) return wall
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** The same if a chat may wait for its next attempt: the delays pass at once. */
  async untilTried(isRight: (fault: HttpFault, seen: Seen) => boolean): Promise<Wall> {
    let wall = await this.look()
    for (let gap = 0; gap < 4; gap++) {
      await this.pass(GAP_MS)
      wall = await this.until(isRight, ATTEMPT_MS)
      if (this.#faults.every((fault) => isRight(fault, wall[fault]))) break
    }
    return wall
  }

  /** Resets events, requests and blank moments. */
  async forget(): Promise<void> {
    for (const [fault, proxy] of this.#faulty) this.#askedBefore.set(fault, proxy.seen)
    await this.page.evaluate(() => {
      for (const chat of document.querySelectorAll('kinescope-chat'))
        Object.assign(chat, { seen: [], blank: 0 })
    })
  }

  async look(): Promise<Wall> {
    const known = await this.#fromPage()
    const entries = this.#faults.map(async (fault): Promise<[HttpFault, Seen]> => {
      const shown = this.page.locator(`#${idOf(fault)} iframe:not([inert])`).last()
      const { frames } = known[fault]
      const who = frames ? shown.contentFrame().locator('#standing.verified').count() : Promise.resolve(0)
      return [fault, { ...known[fault], signedIn: (await who.catch(() => 0)) === 1 }]
    })
    return Object.fromEntries(await Promise.all(entries)) as Wall
  }

  /** The state that the page knows without reading the frames. */
  async #fromPage(): Promise<Record<HttpFault, Omit<Seen, 'signedIn'>>> {
    const seen = await this.page.evaluate(lookAt)
    const entries = this.#faults.map((fault, index) => {
      const asked = this.#faulty.get(fault)!.seen - (this.#askedBefore.get(fault) ?? 0)
      return [fault, { ...seen[index]!, asked }]
    })
    return Object.fromEntries(entries) as Record<HttpFault, Omit<Seen, 'signedIn'>>
  }

  /** Reloads each chat with a problem, as "Try again" does. */
  async retry(): Promise<void> {
    await this.page.evaluate(() => {
      for (const chat of document.querySelectorAll('kinescope-chat')) if (chat.problem) chat.reload()
    })
  }

  /** Simulates that the page is hidden or shown again. */
  async hide(hidden: boolean): Promise<void> {
    await this.page.evaluate((now) => {
      Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => now })
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    }, hidden)
  }

  /** Simulates a restore from the back/forward cache. */
  async restore(): Promise<void> {
    await this.page.evaluate(() => {
      for (const name of ['pagehide', 'pageshow'])
        window.dispatchEvent(new PageTransitionEvent(name, { persisted: true }))
    })
  }

  /** Removes the chats from the page. @returns their requests and events in the hour that follows */
  async leave(): Promise<{ asked: number; events: number }> {
    const chats = await this.page.evaluateHandle(() => {
      const all = [...document.querySelectorAll('kinescope-chat')]
      for (const chat of all) chat.remove()
      return all
    })
    // the requests in flight have arrived when the number no longer changes
    let asked = -1
    while (asked !== this.#asked) {
      asked = this.#asked
      await new Promise((resolve) => setTimeout(resolve, 3 * LOOK_MS))
    }
    await chats.evaluate((all) => all.forEach((chat) => Object.assign(chat, { seen: [] })))
    // the longest timeout, and then every delay and refresh
    for (const ms of [15_000, GAP_MS, REFRESH_MS]) await this.pass(ms)
    await new Promise((resolve) => setTimeout(resolve, 3 * LOOK_MS))
    const events = await chats.evaluate((all) =>
      all.reduce((sum, chat) => sum + (chat as unknown as { seen: string[] }).seen.length, 0),
    )
    return { asked: this.#asked - asked, events }
  }

  get #asked(): number {
    return [...this.#faulty.values()].reduce((sum, { seen }) => sum + seen, 0)
  }

  async close(): Promise<void> {
    await this.page.context().close()
    await Promise.all(this.#all.map((proxy) => proxy.close()))
  }
}

const idOf = (fault: HttpFault) => `chat-${HTTP_FAULTS.indexOf(fault)}`

/** In the page: signs the visitor in, adds the chats side by side, and watches them at every painted frame. */
async function hang(chats: (readonly [string, string])[][]): Promise<void> {
  await fetch('/visitor/sign-in', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Ann"}',
  })
  document.body.replaceChildren()
  document.body.style.cssText = 'display: grid; grid-template-columns: repeat(7, 1fr); gap: 4px; margin: 0'
  const shown = new Map<HTMLElement & { blank: number }, boolean>()
  for (const attributes of chats) {
    const chat = document.createElement('kinescope-chat')
    for (const [name, value] of attributes) chat.setAttribute(name, value)
    chat.style.height = '300px'
    const watched = Object.assign(chat, { seen: [] as string[], blank: 0 })
    for (const name of ['ready', 'refresh', 'error'])
      chat.addEventListener(`kinescope-chat-${name}`, () => watched.seen.push(name))
    shown.set(watched, false)
    document.body.append(chat)
  }
  // one loop for all chats, since the test's clock checks all its timers for each due timer
  const watch = () => {
    for (const [chat, wasShown] of shown) {
      const frames = chat.shadowRoot?.querySelectorAll('iframe') ?? []
      const visible = [...frames].some((frame) => getComputedStyle(frame).visibility === 'visible')
      // before the first chat, the element shows other content
      if (visible) shown.set(chat, true)
      else if (wasShown && chat.isConnected) chat.blank++
    }
    requestAnimationFrame(watch)
  }
  watch()
}

/** In the page: returns the state of each chat. */
function lookAt() {
  return [...document.querySelectorAll('kinescope-chat')].map((chat) => {
    const root = chat.shadowRoot!
    const { seen, blank } = chat as unknown as { seen: string[]; blank: number }
    const shown = [...root.querySelectorAll('iframe, [part~=heading], [part~=message]')].some(
      (element) => element.checkVisibility({ visibilityProperty: true }) && element.clientHeight > 0,
    )
    return {
      state: chat.state,
      code: chat.problem?.code ?? null,
      frames: root.querySelectorAll('iframe').length,
      blank: !shown || blank > 0,
      events: [...seen],
    }
  })
}
