import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Demo } from '../../start-demo.js'
import { launchBrowser } from '../e2e/browser.js'
import { startTestDemo } from '../e2e/test-demo.js'
import { CHAT } from './cells.js'
import { events, look, openChatPage } from './chat-in-page.js'
import { HTTP_FAULTS, startHttpProxy, type Proxy } from './fault-proxy.js'

/** The soonest that an element asks again by itself. */
const SOON = (body: string) => body.replace(/"refresh_in":\d+/, '"refresh_in":5')

describe('faults between the page and the chat page', () => {
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startTestDemo(), launchBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo.close()
  })

  async function withChat(work: (chat: Proxy, open: () => Promise<Page>) => Promise<void>): Promise<void> {
    const [chat, endpoint] = await Promise.all([
      startHttpProxy(demo.emulator.url),
      startHttpProxy(demo.tokenServer.replace('localhost', '127.0.0.1'), SOON),
    ])
    const chatOrigin = `http://127.0.0.1:${chat.port}`
    const tokenUrl = `http://localhost:${endpoint.port}/token`
    let page: Page | undefined
    try {
      await work(chat, async () => (page = await openChatPage(browser, demo, { chatOrigin, tokenUrl })))
    } finally {
      await page?.context().close()
      await Promise.all([chat.close(), endpoint.close()])
    }
  }

  const CELLS = HTTP_FAULTS.map((fault) => [fault, CHAT[fault]] as const)

  it.concurrent.for(CELLS)(
    'at the first load: %s → %s, and in once it is over',
    async ([fault, code], { expect }) => {
      await withChat(async (chat, open) => {
        chat.fault = fault
        const page = await open()
        const expected = code === null ? { state: 'ready', code } : { code }
        await expect.poll(() => look(page), { timeout: 25_000 }).toMatchObject(expected)
        expect((await look(page)).blank).toBe(false)
        chat.fault = null
        // the next token brings a new frame, or the visitor's "Try again" does
        if (code === 'frame-timeout')
          await page.evaluate(() => document.querySelector('kinescope-chat')!.reload())
        await expect.poll(() => signedIn(page), { timeout: 30_000 }).toBe(true)
        expect(await look(page)).toMatchObject({ state: 'ready', code: null, blank: false })
      })
    },
  )

  it.concurrent.for(CELLS)(
    'at a swap: %s → never blank, and in once it is over',
    async ([fault, code], { expect }) => {
      await withChat(async (chat, open) => {
        const page = await open()
        await expect.poll(() => signedIn(page), { timeout: 25_000 }).toBe(true)
        await watch(page)
        const asked = chat.seen
        chat.fault = fault
        await expect.poll(() => chat.seen, { timeout: 20_000 }).toBeGreaterThan(asked)
        const told = code === null ? 'refresh' : 'error'
        await expect.poll(() => events(page), { timeout: 30_000 }).toContain(told)
        if (code !== null) expect(await signedIn(page)).toBe(true)
        chat.fault = null
        await expect.poll(() => signedIn(page), { timeout: 30_000 }).toBe(true)
        const { samples, blank } = await watched(page)
        expect(samples).toBeGreaterThan(0)
        expect(blank).toBe(0)
        expect(await look(page)).toMatchObject({ blank: false })
      })
    },
  )
})

/** Whether the frame that is shown is the chat, with the visitor in it. */
async function signedIn(page: Page): Promise<boolean> {
  const shown = page.locator('kinescope-chat iframe:not([inert])').last()
  if ((await shown.count()) === 0) return false
  const who = shown.contentFrame().locator('#standing.verified')
  return (await who.count()) === 1
}

/** Looks at every painted frame whether something is to be seen. */
const watch = (page: Page) =>
  page.evaluate(() => {
    const watched = { samples: 0, blank: 0 }
    Object.assign(window, { watched })
    const look = () => {
      const frames = document.querySelector('kinescope-chat')?.shadowRoot?.querySelectorAll('iframe') ?? []
      watched.samples++
      if (![...frames].some((frame) => getComputedStyle(frame).visibility === 'visible')) watched.blank++
      requestAnimationFrame(look)
    }
    look()
  })
const watched = (page: Page) =>
  page.evaluate(() => (window as unknown as { watched: { samples: number; blank: number } }).watched)
