import type { BrowserContext } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { testsAll } from '../../../scripts/test-tier.js'
import { SCENARIOS } from '../../src/scenarios.js'
import { play } from './play.js'
import { launchDemo } from './test-demo.js'

/** The server's own tests play chains in every way, so here they are rare. */
const OFTEN = SCENARIOS.filter(({ setup }) => !setup.identity?.sources.includes(','))

describe('the scenarios of the QA page', () => {
  const running = launchDemo()
  /** Browser contexts that no scenario is in: a new one starts two processes and loads the page's modules anew. */
  const free: BrowserContext[] = []

  // side by side, each alone in its browser context: most of them wait most of the time
  it.concurrent.each(testsAll ? SCENARIOS : OFTEN)('$id: $title.en', async (scenario) => {
    const context = free.pop() ?? (await running.browser.newContext({ locale: 'en-GB' }))
    const page = await context.newPage()
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    try {
      const { expect: expected } = scenario
      const outcome = await play(page, running.demo.site, scenario)
      expect(outcome.verdict, outcome.words).toBe('passed')
      expect(outcome.problem).toBe(expected.problem)
      // a problem that can pass may be on its second try by now
      if (expected.problem === null) expect(outcome.state).toBe(expected.state)
      if (expected.name !== undefined) {
        const { name } = expected
        // a browser context of its own: its visitor is the one that the scenario signs in
        const wanted = typeof name === 'string' ? name : 'Tester'
        expect(wanted.includes('#') ? outcome.name?.replaceAll(/\d/g, '#') : outcome.name).toBe(wanted)
      }
      if (expected.inFrame && 'refused' in expected.inFrame)
        expect(outcome.refused).toBe(expected.inFrame.refused)
      expect(errors).toEqual([])
      // the next one's visitor is a new one
      await page.evaluate(() => localStorage.clear())
      await page.close()
      await context.clearCookies()
      free.push(context)
    } catch (error) {
      await context.close()
      throw error
    }
  })
})
