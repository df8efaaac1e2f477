import type { KinescopeChatElement } from 'kinescope-chat'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { startChatSite, type ChatSite } from './site.js'

declare global {
  interface Window {
    other?: Window
    documentPictureInPicture: { requestWindow(size: { width: number; height: number }): Promise<Window> }
  }
}

let chats: ChatSite
let browser: Browser
let page: Page
beforeAll(async () => {
  ;[chats, browser] = await Promise.all([startChatSite(), launchBrowser()])
  page = await browser.newPage()
  chats.site.pages.set('/', {
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
      <script type="module" src="/kinescope-chat.js" data-token-url="/token" data-chat-origin="${chats.chatOrigin}"></script></head><body>
      <button id="pip">Picture in picture</button><button id="popup">Pop-up</button>
      <main><kinescope-chat event-id="${EVENT}"></kinescope-chat></main>
      <script>
        const chat = document.querySelector('kinescope-chat')
        pip.onclick = async () => {
          window.other = await documentPictureInPicture.requestWindow({ width: 400, height: 500 })
          other.document.body.append(chat)
          other.addEventListener('pagehide', () => document.querySelector('main').append(chat))
        }
        popup.onclick = () => {
          window.other = open('about:blank', '', 'width=400,height=500')
          other.document.body.append(chat)
          other.addEventListener('pagehide', () => document.querySelector('main').append(chat))
        }
      </script></body></html>`,
  })
})
afterAll(async () => {
  await browser.close()
  await chats.close()
})

/** Returns the visible state of the chat, in either window. */
const look = () =>
  page.evaluate(() => {
    const find = (where: Document | undefined) => where?.querySelector<KinescopeChatElement>('kinescope-chat')
    const chat = find(document) ?? find(window.other?.document)
    if (!chat) return null
    const view = chat.ownerDocument.defaultView!
    const { width, height } = chat.getBoundingClientRect()
    const frames = chat.shadowRoot!.querySelectorAll<HTMLIFrameElement>('iframe:not([inert])')
    return {
      away: view !== window,
      state: chat.state,
      frames: frames.length,
      seen: width > 280 && height > 200,
      corner: view.getComputedStyle(chat.shadowRoot!.querySelector('.box')!).borderRadius,
    }
  })

const CHAT = { state: 'ready', frames: 1, seen: true, corner: '12px' }

describe('a chat that moves to another window, and returns when that window closes', () => {
  it.each(['pip', 'popup'])('is ready in both windows with one token request: %s', async (way) => {
    let asked = 0
    const count = (request: { method(): string; url(): string }) =>
      void (request.method() === 'POST' && request.url().endsWith('/token') && asked++)
    page.on('request', count)
    await page.goto(chats.site.url())
    await expect.poll(look, { timeout: 10_000 }).toEqual({ ...CHAT, away: false })
    await page.click(`#${way}`)
    await expect.poll(look, { timeout: 10_000 }).toEqual({ ...CHAT, away: true })
    await page.evaluate(() => window.other!.close())
    await expect.poll(look, { timeout: 10_000 }).toEqual({ ...CHAT, away: false })
    expect(asked).toBe(1)
    page.off('request', count)
  })
})
