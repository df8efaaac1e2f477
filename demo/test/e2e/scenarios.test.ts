import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { testsAll } from '../../../scripts/test-tier.js'
import type { Scenario } from '../../src/scenario.js'
import { SCENARIOS } from '../../src/scenarios.js'
import { play } from './play.js'
import { launchDemo } from './test-demo.js'

const isChain = ({ setup }: Scenario) => setup.identity?.sources.includes(',')
/** The server's own tests play every credential that it rejects. */
const isRejected = ({ setup, expect }: Scenario) => setup.identity && expect.problem !== null
/** The element's own tests play every code in a browser. */
const isOneReply = ({ setup, steps, expect }: Scenario) =>
  setup.endpoint?.length === 1 && !steps.length && expect.problem !== null

/** All but chains, which the server's own tests play in every way; of the two kinds above every third. */
function often(): Scenario[] {
  const single = SCENARIOS.filter((scenario) => !isChain(scenario))
  const left = [isRejected, isOneReply].flatMap((isAlike) =>
    single.filter(isAlike).filter((_, index) => index % 3 !== 0),
  )
  return single.filter((scenario) => !left.includes(scenario))
}

describe('the scenarios of the QA page', () => {
  const running = launchDemo()
  /** Pages that no scenario is in, each in a browser context of its own. A new one starts a process. */
  const free: Page[] = []

  // side by side, each alone in its browser context: most of them wait most of the time
  it.concurrent.each(testsAll ? SCENARIOS : often())('$id: $title.en', async (scenario) => {
    const page = free.pop() ?? (await running.browser.newPage({ locale: 'en-GB' }))
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
