import type { Browser, CDPSession, Page } from 'playwright-core'
import { SEED } from '../emulator/seed-events.js'
import type { Demo } from '../start-demo.js'

const BETWEEN_MS = 1200
/** Whoever types waits no longer for a field that isn't there. */
const TYPE_MS = 2000
const SAMPLE_MS = 100

/** A visitor on a page of the site who says something again and again. */
export class Talker {
  readonly name: string
  /** What they have sent, as far as they can tell. */
  readonly sent: string[] = []
  readonly #page: Page
  readonly #devtools: CDPSession
  /** Nothing may be asked of a page that sleeps: it doesn't answer. */
  #asleep = false
  #sentAt = performance.now()
  #longestSilence = 0

  private constructor(name: string, page: Page, devtools: CDPSession) {
    this.name = name
    this.#page = page
    this.#devtools = devtools
  }

  static async enter(browser: Browser, demo: Demo, name: string): Promise<Talker> {
    const context = await browser.newContext()
    const page = await context.newPage()
    // functions that tsx has compiled call this, and the page has none
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
          // until the first chat there is something else to be seen
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

  /** Says one thing after the other; one that can't be sent is sent again. */
  async talk(isOver: () => boolean): Promise<void> {
    for (let number = 1; !isOver(); number++) {
      const text = `${this.name} ${number}`
      while (!(await this.#say(text))) {
        if (isOver()) return
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

  /** With the garbage collected; null while nothing can be asked. */
  async weigh(): Promise<{ heap: number; listeners: number; history: number } | null> {
    if (this.#asleep) return null
    for (let times = 0; times < 2; times++) await this.#devtools.send('HeapProfiler.collectGarbage')
    const { metrics } = await this.#devtools.send('Performance.getMetrics')
    const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
    const history = await this.#page.evaluate(() => window.history.length)
    return { heap: of('JSHeapUsedSize'), listeners: of('JSEventListeners'), history }
  }

  /** How they stand, and what they see in the chat. */
  async stand() {
    const page = await this.#page.evaluate(() => {
      const { samples, blank } = window as unknown as { samples: number; blank: number }
      return { samples, blank, state: document.querySelector('kinescope-chat')!.state }
    })
    const shown = await this.#shown().locator('#log article p').allTextContents()
    return { ...page, shown, longestSilence: this.#longestSilence }
  }

  /** Types it and sends it. @returns whether it is gone from the field, and nothing says that it wasn't sent */
  async #say(text: string): Promise<boolean> {
    if (this.#asleep) return false
    const chat = this.#shown()
    const message = chat.locator('#message')
    const timeout = TYPE_MS
    try {
      await message.fill(text, { timeout })
      await message.press('Enter', { timeout })
      // a message that can't be sent comes back to the field
      await chat.locator('#log article p', { hasText: new RegExp(`^${text}$`) }).waitFor({ timeout })
      return true
    } catch {
      // it may have gone all the same: whoever looks sees it, also in a new frame
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
    // what is being typed is typed to its end
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
