import type { Page } from 'playwright-core'
import type { KinescopeChatElement } from 'kinescope-chat'

/** What the page's first chat has come to, once it has come to something. */
export async function chatOn(page: Page) {
  await page.waitForFunction(() =>
    ['ready', 'error'].includes(document.querySelector<KinescopeChatElement>('kinescope-chat')?.state ?? ''),
  )
  return page.evaluate(() => {
    const chat = document.querySelector<KinescopeChatElement>('kinescope-chat')!
    return { state: chat.state, problem: chat.problem, claims: chat.diagnostics().claims }
  })
}
