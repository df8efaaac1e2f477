import type { Browser, CDPSession, Page } from 'playwright-core'
import { SEED } from '../emulator/seed-events.js'
import type { Demo } from '../start-demo.js'

const BETWEEN_MS = 1200
/** The time limit for an action on a field that may be missing. */
const TYPE_MS = 2000
const SAMPLE_MS = 100

/** A visitor on a page of the site who sends messages continuously. */
export class Talker {
  readonly name: string
  /** The messages that appeared in the visitor's chat. */
  readonly sent: string[] = []
  readonly #page: Page
  readonly #devtools: CDPSession
  /** Whether the page is frozen or hidden. A frozen page doesn't respond to the test. */
  #asleep = false
  #sentAt = performance.now()
  #longestSilence = 0
  /** How often the visitor typed or sent a message again. */
  #again = 0

  private constructor(name: string, page: Page, devtools: CDPSession) {
    this.name = name
    this.#page = page
    this.#devtools = devtools
  }

  static async enter(browser: Browser, demo: Demo, name: string): Promise<Talker> {
    const context = await browser.newContext()
    const page = await context.newPage()
    // functions that tsx compiles call __name, which the page lacks
    await page.addInitScript('globalThis.__name = (value) => value')
    await page.goto(`${demo.site}/me`)
    await page.addScriptTag({ url: `${demo.tokenServer}/kinescope-chat.js`, type: 'module' })
    await page.evaluate(
      async ([visitor, eventId, chatOrigin, tokenUrl, sampleMs]) => {
        await fetch('/visitor/sign-in', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: visitor }),
        })
        const chat = document.createElement('kinescope-chat')
        Object.assign(chat, { eventId, chatOrigin, tokenUrl })
        document.body.replaceChildren(chat)
        const seen = Object.assign(window, { samples: 0, blank: 0 })
        setInterval(() => {
          const frames = chat.shadowRoot?.querySelectorAll('iframe') ?? []
          // before the first chat, the element shows other content
          if (seen.samples === 0 && frames.length === 0) return
          seen.samples++
          if (![...frames].some((frame) => frame.checkVisibility({ visibilityProperty: true }))) seen.blank++
        }, sampleMs)
      },
      [name, SEED.live.publicId, demo.emulator.url, `${demo.tokenServer}/token`, SAMPLE_MS] as const,
    )
    const devtools = await context.newCDPSession(page)
    await devtools.send('Performance.enable')
    const talker = new Talker(name, page, devtools)
    await talker.#shown().locator('#standing.verified').waitFor()
    await page.evaluate(() => Object.assign(window, { samples: 0, blank: 0 }))
    return talker
  }

  /** Sends one message after another, and repeats a failed message. */
  async talk(isOver: () => boolean): Promise<void> {
    for (let number = 1; !isOver(); number++) {
      const text = `${this.name} ${number}`
      while (!(await this.#say(text))) {
        if (isOver()) return
        if (!this.#asleep) this.#again++
        await this.#page.waitForTimeout(300).catch(() => undefined)
      }
      const now = performance.now()
      this.#longestSilence = Math.max(this.#longestSilence, now - this.#sentAt)
      this.#sentAt = now
      this.sent.push(text)
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
    }
  }

  async sleep(ms: number): Promise<void> {
    await this.#away(ms, (state) =>
      this.#devtools.send('Page.setWebLifecycleState', { state: state ? 'frozen' : 'active' }),
    )
  }

  async hide(ms: number): Promise<void> {
    await this.#away(ms, (hidden) =>
      this.#page.evaluate((now) => {
        Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => now })
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
      }, hidden),
    )
  }

  async offline(ms: number): Promise<void> {
    const { emulateNetwork } = this
    await emulateNetwork(true)
    await new Promise((resolve) => setTimeout(resolve, ms))
    await emulateNetwork(false)
  }
  readonly emulateNetwork = (offline: boolean) => this.#page.context().setOffline(offline)

  /** Measures the page after a garbage collection. Returns null while the page is frozen or hidden. */
  async weigh(): Promise<{ heap: number; listeners: number; history: number } | null> {
    if (this.#asleep) return null
    for (let times = 0; times < 2; times++) await this.#devtools.send('HeapProfiler.collectGarbage')
    const { metrics } = await this.#devtools.send('Performance.getMetrics')
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
    const history = await this.#page.evaluate(() => window.history.length)
    return { heap: of('JSHeapUsedSize'), listeners: of('JSEventListeners'), history }
  }

  /** Returns the figures, the chat's state and the messages that the visitor sees. */
  async stand() {
    const page = await this.#page.evaluate(() => {
      const { samples, blank } = window as unknown as { samples: number; blank: number }
      return { samples, blank, state: document.querySelector('kinescope-chat')!.state }
    })
    const shown = await this.#shown().locator('#log article p').allTextContents()
    return { ...page, shown, longestSilence: this.#longestSilence, again: this.#again }
  }

  /** Types a message and sends it. @returns whether the message appears in the chat */
  async #say(text: string): Promise<boolean> {
    if (this.#asleep) return false
    const chat = this.#shown()
    const message = chat.locator('#message')
    const timeout = TYPE_MS
    try {
      await message.fill(text, { timeout })
      await message.press('Enter', { timeout })
      // a message that the chat can't send returns to the field
      await chat.locator('#log article p', { hasText: new RegExp(`^${text}$`) }).waitFor({ timeout })
      return true
    } catch {
      // the message may have arrived anyway: then the chat shows it, also in a new frame
      return this.#sees(text)
    }
  }

  async #sees(text: string): Promise<boolean> {
    if (this.#asleep) return false
    const shown = await this.#shown()
      .locator('#log article p')
      .allTextContents()
      .catch((): string[] => [])
    return shown.includes(text)
  }

  async #away(ms: number, put: (away: boolean) => Promise<unknown>): Promise<void> {
    this.#asleep = true
    // the visitor finishes the current message
    await new Promise((resolve) => setTimeout(resolve, 3 * TYPE_MS))
    await put(true)
    await new Promise((resolve) => setTimeout(resolve, ms))
    await put(false)
    this.#asleep = false
  }

  #shown() {
    return this.#page.locator('kinescope-chat iframe:not([inert])').last().contentFrame()
  }
}
