import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SEED } from '../../emulator/seed-events.js'
import type { Demo } from '../../start-demo.js'
import { launchBrowser } from '../e2e/browser.js'
import { startTestDemo } from '../e2e/test-demo.js'
import { ENDPOINT } from './cells.js'
import { HTTP_FAULTS, startHttpProxy, type Proxy } from './fault-proxy.js'

/** The soonest that an element asks again by itself. */
const SOON = (body: string) => body.replace(/"refresh_in":\d+/, '"refresh_in":5')

interface Seen {
  state: string
  code: string | null
  frames: number
  /** Whether there is anything to be seen in the element's box. */
  blank: boolean
}

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

  /** A page whose chat asks over the proxy. */
  async function openPage(proxy: Proxy): Promise<Page> {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(demo.site)
    await page.evaluate(
      async ([eventId, chatOrigin, tokenUrl]) => {
        document.querySelector('kinescope-chat')?.remove()
        await fetch('/visitor/sign-in', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"name":"Ann"}',
        })
        const seen: string[] = []
        Object.assign(window, { seen })
        for (const name of ['ready', 'refresh', 'error'])
          document.addEventListener(`kinescope-chat-${name}`, () => seen.push(name))
        const chat = document.createElement('kinescope-chat')
        for (const [name, value] of Object.entries({
          'event-id': eventId!,
          'chat-origin': chatOrigin!,
          'token-url': tokenUrl!,
        }))
          chat.setAttribute(name, value)
        document.getElementById('chats')!.append(chat)
      },
      [SEED.live.publicId, demo.emulator.url, `http://localhost:${proxy.port}/token`],
    )
    return page
  }

  const look = (page: Page): Promise<Seen> =>
    page.evaluate(() => {
      const chat = document.querySelector('kinescope-chat')!
      const root = chat.shadowRoot!
      const shown = [...root.querySelectorAll('iframe, [part~=heading], [part~=message]')].some(
        (element) => element.checkVisibility({ visibilityProperty: true }) && element.clientHeight > 0,
      )
      return {
        state: chat.state,
        code: chat.problem?.code ?? null,
        frames: root.querySelectorAll('iframe').length,
        blank: !shown,
      }
    })
  const events = (page: Page) => page.evaluate(() => (window as unknown as { seen: string[] }).seen)

  async function withProxy(work: (proxy: Proxy) => Promise<void>): Promise<void> {
    const proxy = await startHttpProxy(demo.tokenServer.replace('localhost', '127.0.0.1'), SOON)
    try {
      await work(proxy)
    } finally {
      await proxy.close()
    }
  }

  const CELLS = HTTP_FAULTS.map((fault) => [fault, ENDPOINT[fault]] as const)

  it.concurrent.each(CELLS)('at the first load: %s → %s, and in once it is over', async (fault, code) => {
    await withProxy(async (proxy) => {
      proxy.fault = fault
      const page = await openPage(proxy)
      const expected = code === null ? { state: 'ready', code: null } : { code }
      await expect.poll(() => look(page), { timeout: 20_000 }).toMatchObject(expected)
      expect((await look(page)).blank).toBe(false)
      const asked = proxy.seen
      expect(asked).toBeLessThanOrEqual(fault === 'asked twice' ? 2 : 4)
      proxy.fault = null
      await expect.poll(() => look(page), { timeout: 30_000 }).toMatchObject({ state: 'ready', code: null })
      await page.context().close()
    })
  })

  it.concurrent.each(CELLS)(
    'at a refresh: %s → the chat stays, and a new token once it is over',
    async (fault) => {
      await withProxy(async (proxy) => {
        const page = await openPage(proxy)
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
        expect(await look(page)).toMatchObject({ state: 'ready', code: null, frames: 1 })
        await page.context().close()
      })
    },
  )
})
