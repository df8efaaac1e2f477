import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { everyNth } from '../../../scripts/test-tier.js'
import type { Scenario } from '../../src/scenario.js'
import { SCENARIOS } from '../../src/scenarios.js'
import { play } from './play.js'
import { launchDemo } from './test-demo.js'

/** The server's own tests play every identity source, every credential and every chain of sources. */
const isIdentity = ({ setup }: Scenario) => setup.identity !== undefined
/** The element's own tests play every code in a browser. */
const isProblem = ({ setup, steps, expect }: Scenario) =>
  !setup.identity && !steps.length && expect.problem !== null

/** `npm test` plays a third of the scenarios that differ from each other in one value, and all others. */
function played(): Scenario[] {
  const left = [isIdentity, isProblem].flatMap((isAlike) => {
    const alike = SCENARIOS.filter(isAlike)
    const some = everyNth(3, alike)
    return alike.filter((scenario) => !some.includes(scenario))
  })
  return SCENARIOS.filter((scenario) => !left.includes(scenario))
}

describe('the scenarios of the QA page', () => {
  const running = launchDemo()
  /** Idle pages, each with its own browser context. A new page starts a process. */
  const free: Page[] = []

  // concurrently, each in its own browser context: most scenarios wait most of the time
  it.concurrent.each(played())('$id: $title.en', async (scenario) => {
    const page = free.pop() ?? (await running.browser.newPage({ locale: 'en-GB' }))
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    try {
      const { expect: expected } = scenario
      const outcome = await play(page, running.demo.site, scenario)
      expect(outcome.verdict, outcome.words).toBe('passed')
      expect(outcome.problem).toBe(expected.problem)
      // an element that retries may be loading again by now
      if (expected.problem === null) expect(outcome.state).toBe(expected.state)
      if (expected.name !== undefined) {
        const { name } = expected
        // each browser context has its own visitor, whom the scenario signs in
        const wanted = typeof name === 'string' ? name : 'Tester'
        expect(wanted.includes('#') ? outcome.name?.replaceAll(/\d/g, '#') : outcome.name).toBe(wanted)
      }
      if (expected.inFrame && 'refused' in expected.inFrame)
        expect(outcome.refused).toBe(expected.inFrame.refused)
      expect(errors).toEqual([])
      // the next scenario gets a new visitor
      await page.evaluate(() => [localStorage, sessionStorage].forEach((storage) => storage.clear()))
      await page.goto('about:blank')
      await page.context().clearCookies()
      free.push(page.removeAllListeners('pageerror'))
    } catch (error) {
      await page.close()
      throw error
    }
  })
})
