import { describe, expect, it } from 'vitest'
import type { BrowserContext, Page } from 'playwright-core'
import { SEED } from '../../emulator/seed-events.js'
import { launchDemo } from './test-demo.js'

describe('the main job', () => {
  const running = launchDemo()

  /** Opens the site in a browser of its own, as a person with that name. */
  async function arrive(
    name: string,
  ): Promise<{ context: BrowserContext; page: Page; chat: ReturnType<Page['frameLocator']> }> {
    const context = await running.browser.newContext({ locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(running.demo.site)
    await page.locator('kinescope-chat [part=button]', { hasText: 'Sign in' }).click()
    await page.keyboard.type(name)
    await page.keyboard.press('Enter')
    return { context, page, chat: page.frameLocator('kinescope-chat iframe') }
  }

  it('lets two visitors in under their own names, and they chat', async () => {
    const ann = await arrive('Ann')
    const zhanna = await arrive('Жанна 😀')
    for (const [{ chat, page }, name] of [
      [ann, 'Ann'],
      [zhanna, 'Жанна 😀'],
    ] as const) {
      await chat.locator('#standing.verified').waitFor()
      expect(await chat.locator('#who').textContent()).toBe(name)
      expect(await page.evaluate(() => document.querySelector('kinescope-chat')?.state)).toBe('ready')
    }
    expect(running.demo.emulator.rooms.members(SEED.live.id)).toEqual(['Ann', 'Жанна 😀'])

    await ann.chat.locator('#message').fill('Hello, Zhanna')
    await ann.chat.locator('#message').press('Enter')
    await zhanna.chat.locator('#log', { hasText: 'Hello, Zhanna' }).waitFor()
    await zhanna.chat.locator('#message').fill('Привет, Анна')
    await zhanna.chat.getByRole('button', { name: 'Send' }).click()
    await ann.chat.locator('#log article', { hasText: 'Привет, Анна' }).waitFor()
    const said = running.demo.emulator.rooms.messages(SEED.live.id)
    expect(said.map(({ name, standing, text }) => [name, standing, text])).toEqual([
      ['Ann', 'verified', 'Hello, Zhanna'],
      ['Жанна 😀', 'verified', 'Привет, Анна'],
    ])
    await Promise.all([ann.context.close(), zhanna.context.close()])
  })

  it('shows the chat page where it is embedded, and keeps the token out of the page', async () => {
    const { context, page, chat } = await arrive('Ann')
    await chat.locator('#standing.verified').waitFor()
    const loads = running.demo.emulator.state.requests.filter(
      ({ path }) => path === `/chat/${SEED.live.publicId}`,
    )
    expect(new Set(loads.map(({ referer }) => referer))).toEqual(new Set([`${running.demo.site}/`]))
    const traces = await page.evaluate(() => {
      const { outerHTML, shadowRoot } = document.querySelector('kinescope-chat')!
      const resources = performance.getEntriesByType('resource').map(({ name }) => name)
      return [outerHTML, shadowRoot!.innerHTML, location.href, ...resources].join('\n')
    })
    expect(traces).not.toMatch(/eyJ/)
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2)
    await context.close()
  })

  it('goes on while the operator rotates the key', async () => {
    const { context, page, chat } = await arrive('Ann')
    const signedWith = () => chat.locator('#standing.verified').getAttribute('title')
    const before = await signedWith()
    await page.click('#tab-state')
    const rotated = page.waitForResponse((response) => response.url().endsWith('/operator/rotate'))
    await page.click('#do-rotate')
    expect((await rotated).status()).toBe(200)
    const renewed = page.evaluate(
      () =>
        new Promise((resolve) =>
          document.addEventListener('kinescope-chat-refresh', resolve, { once: true }),
        ),
    )
    await page.click('#do-reload')
    await renewed
    await expect.poll(signedWith).not.toBe(before)
    // the old key stays until every token it signed is dead
    const kids = running.demo.emulator.state.keys.map(({ kid }) => kid)
    expect(kids.filter((kid) => kid !== 'scripted-endpoint')).toHaveLength(2)
    await context.close()
  })
})
