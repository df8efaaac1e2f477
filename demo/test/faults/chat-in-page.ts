import type { Browser, Page } from 'playwright-core'
import { SEED } from '../../emulator/seed-events.js'
import type { Demo } from '../../start-demo.js'

/** What a visitor sees of the chat. */
export interface Seen {
  state: string
  code: string | null
  frames: number
  /** Whether there is nothing to be seen in the element's box. */
  blank: boolean
}

/** A page of the site with nothing on it but a chat, whose visitor is signed in. */
export async function openChatPage(
  browser: Browser,
  demo: Demo,
  { chatOrigin, tokenUrl }: { chatOrigin: string; tokenUrl: string },
): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  // a real answer of the site: a made-up one may not ask servers on this machine; and small, unlike its pages
  await page.goto(`${demo.site}/me`)
  await page.addScriptTag({ url: `${demo.tokenServer}/kinescope-chat.js`, type: 'module' })
  await page.evaluate(
    async (attributes) => {
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
      for (const [name, value] of attributes) chat.setAttribute(name!, value!)
      document.body.replaceChildren(chat)
    },
    [
      ['event-id', SEED.live.publicId],
      ['chat-origin', chatOrigin],
      ['token-url', tokenUrl],
    ],
  )
  return page
}

export const look = (page: Page): Promise<Seen> =>
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

/** The names of the element's events so far. */
export const events = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { seen: string[] }).seen)
