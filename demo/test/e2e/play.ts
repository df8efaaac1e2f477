import type { Page } from 'playwright-core'
import { SCENARIOS } from '../../src/scenarios.js'
import type { Scenario } from '../../src/scenario.js'

export interface Outcome {
  verdict: 'passed' | 'failed'
  /** What the page says about it. */
  words: string
  state: string
  problem: string | null
  who: string | null
  refused: string | null
  /** The name in the frame, in a scenario that expects one. */
  name: string | null
}

/** Opens a scenario as a person would, does the visitor's part of it, and reads the verdict. */
export async function play(page: Page, site: string, scenario: Scenario): Promise<Outcome> {
  await page.goto(`${site}/?scenario=${scenario.id}`)
  const verdict = page.locator('#verdict[data-verdict]')
  const timeout = scenario.within * 1000 + 15_000
  const chat = page.frameLocator('kinescope-chat iframe').first()
  for (const [index, step] of scenario.steps.entries()) {
    if (step.do !== 'visitor-types' && step.do !== 'visitor-leaves') continue
    await page.locator(`#steps li:nth-child(${index + 1})[aria-current]`).waitFor({ timeout })
    if (step.do === 'visitor-leaves') await page.locator('#scenario-title').click()
    else await chat.locator('#message').pressSequentially('A draft', { delay: 20 })
  }
  await verdict.waitFor({ timeout })
  const seen = await page.evaluate(() => {
    const element = document.querySelector('kinescope-chat')
    return { state: element?.state ?? '', problem: element?.problem?.code ?? null }
  })
  const { expect } = scenario
  const inFrame = expect.inFrame ?? {}
  return {
    verdict: (await verdict.getAttribute('data-verdict')) as Outcome['verdict'],
    words: (await page.locator('#verdict, #scenario .fault').allTextContents()).join(' '),
    ...seen,
    who: 'verified' in inFrame ? await chat.locator('#standing.verified').textContent({ timeout }) : null,
    name: expect.name === undefined ? null : await chat.locator('#who').textContent({ timeout }),
    refused: 'refused' in inFrame ? await chat.locator('#refusal').textContent({ timeout }) : null,
  }
}

export const scenario = (id: string): Scenario => {
  const found = SCENARIOS.find((candidate) => candidate.id === id)
  if (!found) throw new Error(`there is no scenario ${id}`)
  return found
}
