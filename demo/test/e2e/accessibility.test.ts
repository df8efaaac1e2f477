import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Frame } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { testsAll } from '../../../scripts/test-tier.js'
import { launchDemo } from './test-demo.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TABS = ['scenarios', 'events', 'requests', 'state', 'code', 'attributes', 'emulator']

/** What axe finds in frames, which are of other origins and so are asked one by one. */
async function findings(frames: Frame[]): Promise<string[]> {
  const found = await Promise.all(
    frames.map(async (frame) => {
      if (!(await frame.evaluate(() => 'axe' in window))) await frame.evaluate(AXE)
      const { violations } = await frame.evaluate<axe.AxeResults>('axe.run({ iframes: false })')
      return violations
    }),
  )
  return found
    .flat()
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

describe('the QA page and the emulated chat page', () => {
  const running = launchDemo()

  it.each([
    ['English, light, wide', 'en-GB', 'light', 1280, TABS.filter((_, index) => index % 2 === 0)],
    ['Russian, dark, 320 px', 'ru-RU', 'dark', 320, TABS.filter((_, index) => index % 2 === 1)],
  ] as const)(
    `have nothing that axe finds fault with, on every ${testsAll ? '' : 'other '}tab: %s`,
    async (_title, locale, colorScheme, width, tabs) => {
      const context = await running.browser.newContext({
        locale,
        colorScheme,
        viewport: { width, height: 800 },
      })
      const page = await context.newPage()
      await page.goto(`${running.demo.site}/?scenario=first-load`)
      await page.locator('#verdict[data-verdict=passed]').waitFor()
      const axed = testsAll ? TABS : tabs
      for (const tab of TABS) {
        await page.click(`#tab-${tab}`)
        // the chat is the same on every tab
        const frames = tab === axed[0] ? page.frames() : [page.mainFrame()]
        if (axed.includes(tab)) expect(await findings(frames), tab).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(
          width,
        )
      }
      await context.close()
    },
  )

  it.each(['light', 'dark'] as const)(
    'keeps every button readable in forced colours, %s',
    async (colorScheme) => {
      const context = await running.browser.newContext({ forcedColors: 'active', colorScheme })
      const page = await context.newPage()
      await page.goto(`${running.demo.site}/?scenario=sign-in-required`)
      await page.locator('#verdict[data-verdict=passed]').waitFor()
      const buttons = page.locator('kinescope-chat .panel .button')
      await buttons.first().waitFor()
      const colours = await buttons.evaluateAll((found) =>
        found.map((button) => {
          const { color, backgroundColor } = getComputedStyle(button)
          return { color, backgroundColor }
        }),
      )
      expect(colours.length).toBeGreaterThan(1)
      for (const { color, backgroundColor } of colours) expect(color).not.toBe(backgroundColor)
      await context.close()
    },
  )
})
