import type { Browser } from 'playwright-core'
import { expect } from 'vitest'

/** Opens a page as two visitors, named by `?as=`. Both enter the chat under their names, and one writes a message. */
export async function twoVisitorsTalk(browser: Browser, page: string): Promise<void> {
  const chats = await Promise.all(
    ['Ann', 'Ben'].map(async (name) => {
      const context = await browser.newContext()
      const tab = await context.newPage()
      await tab.goto(`${page}?as=${name}`)
      const chat = tab.frameLocator('kinescope-chat iframe')
      await chat.locator('#standing.verified').waitFor()
      expect(await chat.locator('#who').textContent()).toBe(name)
      return { chat, context }
    }),
  )
  const [ann, ben] = chats
  await ann!.chat.locator('#message').fill('Hello, Ben')
  await ann!.chat.locator('#message').press('Enter')
  await ben!.chat.locator('#log', { hasText: 'Hello, Ben' }).first().waitFor()
  for (const { context } of chats) await context.close()
}
