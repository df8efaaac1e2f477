import { afterEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { handSteps, needsHand, type Run } from '../../src/run-all.js'
import { SCENARIOS } from '../../src/scenarios.js'
import { launchDemo } from './test-demo.js'

describe('the QA bench', () => {
  const running = launchDemo()
  // an open page would continue to send requests
  afterEach(() => Promise.all(running.browser.contexts().map((context) => context.close())))

  async function open(path: string, viewport = { width: 1280, height: 800 }): Promise<Page> {
    const context = await running.browser.newContext({ locale: 'en-GB', viewport })
    const page = await context.newPage()
    await page.goto(`${running.demo.site}${path}`)
    return page
  }

  async function signIn(page: Page, name: string): Promise<void> {
    await page.fill('#name', name)
    await page.press('#name', 'Enter')
    await page.locator('#visitor-name', { hasText: name }).waitFor()
  }

  const runOf = (page: Page): Promise<Run> =>
    page.evaluate(() => JSON.parse(sessionStorage.getItem('run-all') ?? '{}') as Run)

  it(
    'plays every scenario after one click, and then shows a table whose rows open the scenarios',
    // scenarios.test.ts plays each scenario separately
    { timeout: 600_000, tags: ['rare'] },
    async () => {
      const page = await open('/')
      await signIn(page, 'Ann')
      await page.click('#run-all')
      await page.locator('#progress').waitFor()
      await page.waitForURL(/\/$/, { timeout: 560_000 })
      expect(await page.locator('#took').textContent()).toMatch(/[1-9] min \d+ s/)
      // the scenarios signed other visitors in and out, and banned them
      expect(await page.locator('#visitor-name').textContent()).toBe('Ann')
      await page.frameLocator('kinescope-chat iframe').locator('#who', { hasText: 'Ann' }).waitFor()
      const { results } = await runOf(page)
      const failed = Object.entries(results).filter(([, { verdict }]) => verdict === 'failed')
      expect(failed).toEqual([])
      expect(Object.keys(results)).toHaveLength(SCENARIOS.length)
      const [byHand] = SCENARIOS.filter(needsHand)
      expect(results[byHand!.id]).toEqual({ verdict: 'hand' })
      const row = page.locator('.scenarios a', { hasText: byHand!.id })
      expect(await row.textContent()).toContain('You: type something into the chat')
      await row.click()
      await page.locator('#steps li[aria-current]').waitFor()
    },
  )

  it('stops a run, keeps verdicts and session, and links to the neighboring scenarios', async () => {
    const page = await open('/')
    await signIn(page, 'Ann')
    await page.click('#run-all')
    await page.locator('#scenario').getByRole('button', { name: 'Stop' }).click()
    await page.locator('#verdict[data-verdict]').waitFor()
    await page.locator('#visitor-name', { hasText: 'Ann' }).waitFor()
    // the first scenario, unless it ended before the click
    const stoppedAt = new URL(page.url()).searchParams.get('scenario')
    const last = SCENARIOS.findIndex(({ id }) => id === stoppedAt)
    const { results, queue } = await runOf(page)
    expect(queue).toEqual([])
    const played = Object.keys(results).filter((id) => results[id]!.verdict !== 'hand')
    expect(played).toEqual(SCENARIOS.slice(0, last + 1).map(({ id }) => id))
    for (const id of played) expect(results[id]).toEqual({ verdict: 'passed' })
    await page.locator('a[rel=next]').click()
    await page.waitForURL(new RegExp(`scenario=${SCENARIOS[last + 1]!.id}$`))
    await page.locator('a[rel=prev]').click()
    await page.waitForURL(new RegExp(`scenario=${SCENARIOS[last]!.id}$`))
  })

  it.each([
    [1280, 800],
    [390, 700],
  ])('shows the row of the open scenario and cuts no row: %i px', async (width, height) => {
    const page = await open(`/?scenario=${SCENARIOS.at(-2)!.id}`, { width, height })
    await page.locator('#verdict[data-verdict=passed]').waitFor()
    const cut = () =>
      page.locator('#panel-scenarios').evaluate((list) => {
        const view = list.getBoundingClientRect()
        const rows = [...list.querySelectorAll('li')]
        const parts = rows.map((row) => {
          const { top, bottom } = row.getBoundingClientRect()
          const whole = top >= view.top - 1 && bottom <= view.bottom + 1
          return { row, whole, out: bottom <= view.top + 1 || top >= view.bottom - 1 }
        })
        return {
          open: parts.find(({ row }) => row.querySelector('[aria-current]'))?.whole,
          cut: parts.filter(({ whole, out }) => !whole && !out).map(({ row }) => row.textContent),
        }
      })
    await expect.poll(cut).toEqual({ open: true, cut: [] })
    await page.locator('#panel-scenarios').evaluate((list) => list.scrollTo({ top: 333 }))
    await expect.poll(async () => (await cut()).cut).toEqual([])
  })

  it('limits the time of the tester’s part, and describes a missed part', async () => {
    const byHand = SCENARIOS.find(needsHand)!
    const { seconds } = handSteps(byHand)[0]!
    const page = await open(`/?scenario=${byHand.id}`)
    const step = page.locator('#steps li[aria-current]')
    await step.locator('[role=timer]').waitFor()
    expect(await step.textContent()).toContain(`(${seconds} s)`)
    await page.locator('#verdict[data-verdict=failed]').waitFor()
    const words = `Your part wasn’t done within ${seconds} s. Run the scenario again.`
    expect(await page.locator('#scenario .fault').textContent()).toBe(words)
    expect(await page.locator('.scenarios li', { hasText: byHand.id }).textContent()).toContain(words)
    // icons are drawings, since a font may lack the characters
    expect(await page.locator('body').innerText()).not.toMatch(/[\u2190-\u2bff\u{1f000}-\u{1ffff}]/u)
  })

  it('shows the expected result before the observed one', async () => {
    const page = await open('/?scenario=slow-chat')
    const row = page.locator('#checks tr', { hasText: 'State' }).last()
    await row.waitFor()
    expect(await page.locator('#verdict').getAttribute('data-verdict')).toBeNull()
    expect(await row.locator('td').first().textContent()).toContain('ready')
    await page.locator('#verdict[data-verdict=passed]').waitFor()
  })

  it('names a scenario that does not exist', async () => {
    const page = await open('/?scenario=<b>no-such')
    await page.locator('#unknown:not([hidden])').waitFor()
    expect(await page.locator('#unknown-name').textContent()).toBe('<b>no-such')
  })

  it('keeps the selected tab in the next scenario', async () => {
    const page = await open('/?scenario=first-load')
    await page.click('#tab-requests')
    await page.locator('a[rel=next]').click()
    await page.locator('#panel-requests:not([hidden])').waitFor()
  })

  it('shows the verdict without scrolling on a phone', async () => {
    const page = await open('/?scenario=first-load', { width: 375, height: 700 })
    await page.locator('#verdict[data-verdict=passed]').waitFor()
    const box = await page.locator('#verdict').boundingBox()
    expect(box!.y + box!.height).toBeLessThanOrEqual(700)
    // the verdict must leave space for the page itself
    expect((await page.locator('.run').boundingBox())!.height).toBeLessThanOrEqual(80)
    expect((await page.locator('.bar').boundingBox())!.height).toBeLessThanOrEqual(80)
    await page.getByRole('link', { name: 'Run again' }).waitFor()
  })

  it('opens a request to its bodies and decoded claims, without a usable token or a name', async () => {
    const page = await open('/?scenario=first-load')
    await page.locator('#verdict[data-verdict=passed]').waitFor()
    await page.click('#tab-requests')
    await page.locator('#request-rows summary').first().click()
    const shown = await page.locator('#request-rows details[open]').first().textContent()
    expect(shown).toContain('"aud": "chat"')
    expect(shown).toContain('X-Request-ID')
    expect(shown).not.toContain('Tester')
    expect(await page.content()).not.toMatch(/eyJ[\w-]+\.eyJ/)
  })

  it('shows the same state as the element’s debug panel', async () => {
    const page = await open('/?scenario=bad-audience')
    await page.locator('#verdict[data-verdict=passed]').waitFor()
    await page.click('#tab-state')
    await page.evaluate(() => document.querySelector('kinescope-chat')!.toggleAttribute('debug', true))
    const [bench, element] = await Promise.all(
      ['#state', 'kinescope-chat'].map(async (host) => {
        const panel = page.locator(`${host} .debug`)
        await panel.waitFor()
        const display = await panel.evaluate((section) => getComputedStyle(section).display)
        return { display, facts: await panel.locator('dt, dd bdi, dd code').allTextContents() }
      }),
    )
    expect(bench!.facts).toContain('bad-audience')
    expect(bench!.facts).toContain('aud')
    expect(bench).toEqual(element)
  })

  it('shows two visitors who talk to each other', async () => {
    const page = await open('/')
    await page.click('#two-visitors')
    const chats = page.locator('kinescope-chat')
    await expect.poll(() => chats.count()).toBe(2)
    const [mine, theirs] = [0, 1].map((index) => chats.nth(index).frameLocator('iframe'))
    await mine!.locator('#standing.verified').waitFor()
    await theirs!.locator('#standing.verified').waitFor()
    await theirs!.locator('#message').fill('Hello from the other chair')
    await theirs!.locator('#message').press('Enter')
    await mine!.locator('#log', { hasText: 'Hello from the other chair' }).waitFor()
    expect(await mine!.locator('#who').textContent()).not.toBe(await theirs!.locator('#who').textContent())
  })

  it('marks the emulator’s switches that differ from the documents', async () => {
    const page = await open('/')
    await page.click('#tab-emulator')
    await page.selectOption('#variant-keyList', '"paged"')
    await page.locator('label[for=variant-keyList] .dot').waitFor()
    await page.getByRole('button', { name: 'Reset to documented values' }).click()
    await expect.poll(() => page.locator('#panel-emulator .dot').count()).toBe(0)
  })
})
