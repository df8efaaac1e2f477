import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Demo } from '../../start-demo.js'
import { launchBrowser } from '../e2e/browser.js'
import { startTestDemo } from '../e2e/test-demo.js'
import { ENDPOINT } from './cells.js'
import { events, look, openChatPage } from './chat-in-page.js'
import { HTTP_FAULTS, startHttpProxy, type Proxy } from './fault-proxy.js'

/** The soonest that an element asks again by itself. */
const SOON = (body: string) => body.replace(/"refresh_in":\d+/, '"refresh_in":5')

describe('faults between the page and its token endpoint', () => {
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    ;[demo, browser] = await Promise.all([startTestDemo(), launchBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo.close()
  })

  const open = (proxy: Proxy) =>
    openChatPage(browser, demo, {
      chatOrigin: demo.emulator.url,
      tokenUrl: `http://localhost:${proxy.port}/token`,
    })

  async function withProxy(work: (proxy: Proxy) => Promise<void>): Promise<void> {
    const proxy = await startHttpProxy(demo.tokenServer.replace('localhost', '127.0.0.1'), SOON)
    try {
      await work(proxy)
    } finally {
      await proxy.close()
    }
  }

  const CELLS = HTTP_FAULTS.map((fault) => [fault, ENDPOINT[fault]] as const)

  it.concurrent.for(CELLS)(
    'at the first load: %s → %s, and in once it is over',
    async ([fault, code], { expect }) => {
      await withProxy(async (proxy) => {
        proxy.fault = fault
        const page = await open(proxy)
        const expected = code === null ? { state: 'ready', code: null } : { code }
        await expect.poll(() => look(page), { timeout: 20_000 }).toMatchObject(expected)
        expect((await look(page)).blank).toBe(false)
        const asked = proxy.seen
        expect(asked).toBeLessThanOrEqual(fault === 'asked twice' ? 2 : 4)
        proxy.fault = null
        await expect.poll(() => look(page), { timeout: 30_000 }).toMatchObject({ state: 'ready', code: null })
        await page.context().close()
      })
    },
  )

  it.concurrent.for(CELLS)(
    'at a refresh: %s → the chat stays, and a new token once it is over',
    async ([fault], { expect }) => {
      await withProxy(async (proxy) => {
        const page = await open(proxy)
        await expect.poll(() => look(page), { timeout: 15_000 }).toMatchObject({ state: 'ready' })
        proxy.fault = fault
        const asked = proxy.seen
        await expect.poll(() => proxy.seen, { timeout: 15_000 }).toBeGreaterThan(asked)
        if (ENDPOINT[fault] !== null)
          await expect.poll(() => events(page), { timeout: 15_000 }).toContain('error')
        const during = await look(page)
        expect(during.frames).toBeGreaterThanOrEqual(1)
        expect(during.blank).toBe(false)
        expect(during.state).not.toBe('error')
        proxy.fault = null
        await expect.poll(() => events(page), { timeout: 30_000 }).toContain('refresh')
        const over = { state: 'ready', code: null, frames: 1 }
        await expect.poll(() => look(page), { timeout: 10_000 }).toMatchObject(over)
        await page.context().close()
      })
    },
  )
})
