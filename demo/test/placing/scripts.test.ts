import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { startChatSite, type ChatSite } from './site.js'

let chatSite: ChatSite
let browser: Browser
let context: BrowserContext
let complaints: string[]
beforeAll(async () => {
  ;[chatSite, browser] = await Promise.all([startChatSite(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
  await chatSite.close()
})
beforeEach(async () => {
  complaints = []
  context = await browser.newContext()
  context.on('weberror', (error) => complaints.push(String(error.error())))
})
afterEach(() => context.close())

const LINK = `<main><a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Open the chat</a></main>`

async function open(head: string): Promise<Page> {
  chatSite.site.pages.set('/page', {
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title><link rel="icon" href="data:,">${head}</head>
      <body>${LINK}<kinescope-chat event-id="${EVENT}"></kinescope-chat></body></html>`,
  })
  const page = await context.newPage()
  await page.goto(`${chatSite.site.url()}/page`)
  return page
}

const settings = () => `data-chat-origin="${chatSite.chatOrigin}" data-upgrade="main"`

/** Real libraries that run other people's scripts in their own way. Each leaves the settings on the tag it runs, or on the page. */
const RUNNERS: Record<string, { head: () => string; accept?: string }> = {
  'vanilla-cookieconsent': {
    head: () => `<link rel="stylesheet" href="/lib/vanilla-cookieconsent/dist/cookieconsent.css">
      <script type="text/plain" data-category="video" src="/kinescope-chat.js" ${settings()}></script>
      <script defer src="/lib/vanilla-cookieconsent/dist/cookieconsent.umd.js"></script>
      <script>addEventListener('DOMContentLoaded', () => CookieConsent.run({ categories: { video: {} },
        language: { default: 'en', translations: { en: { consentModal: { title: 'Cookies', acceptAllBtn: 'Yes' }, preferencesModal: { sections: [] } } } } }))</script>`,
    accept: `CookieConsent.acceptCategory('all')`,
  },
  'vanilla-cookieconsent, of a module whose address it keeps': {
    head: () => `<script type="text/plain" data-type="module" data-category="video" data-src="/kinescope-chat.js" ${settings()}></script>
      <script defer src="/lib/vanilla-cookieconsent/dist/cookieconsent.umd.js"></script>
      <script>addEventListener('DOMContentLoaded', () => CookieConsent.run({ categories: { video: {} },
        language: { default: 'en', translations: { en: { consentModal: { title: 'Cookies', acceptAllBtn: 'Yes' }, preferencesModal: { sections: [] } } } } }))</script>`,
    accept: `CookieConsent.acceptCategory('all')`,
  },
  klaro: {
    head: () => `<script type="text/plain" data-type="application/javascript" data-name="chat" data-src="/kinescope-chat.js" ${settings()}></script>
      <script defer src="/lib/klaro/dist/klaro-no-css.js"></script>
      <script>klaroConfig = { services: [{ name: 'chat', purposes: ['video'], title: 'Chat' }], translations: { en: { purposes: { video: 'Video' } } } }</script>`,
    accept: `klaro.getManager().changeAll(true), klaro.getManager().saveAndApplyConsents()`,
  },
  'klaro, of a module': {
    head: () => `<script type="text/plain" data-type="module" data-name="chat" data-src="/kinescope-chat.js" ${settings()}></script>
      <script defer src="/lib/klaro/dist/klaro-no-css.js"></script>
      <script>klaroConfig = { services: [{ name: 'chat', purposes: ['video'], title: 'Chat' }], translations: { en: { purposes: { video: 'Video' } } } }</script>`,
    accept: `klaro.getManager().changeAll(true), klaro.getManager().saveAndApplyConsents()`,
  },
  'jQuery’s html()': {
    head: () => `<script src="/lib/jquery/dist/jquery.js"></script>
      <script>$(() => $('<aside>').appendTo('body').html('<script src="/kinescope-chat.js" ${settings()}><' + '/script>'))</script>`,
  },
  'jQuery’s append() of a module': {
    head: () => `<script src="/lib/jquery/dist/jquery.js"></script>
      <script>$(() => $('body').append('<script type="module" src="/kinescope-chat.js" ${settings()}><' + '/script>'))</script>`,
  },
}

describe('the script, run by', () => {
  for (const [name, { head, accept }] of Object.entries(RUNNERS))
    it(`${name}: keeps its settings`, async () => {
      const page = await open(head())
      if (accept) {
        // it waits for the visitor's yes
        await page.waitForFunction(() => document.readyState === 'complete')
        expect(await page.evaluate(`!customElements.get('kinescope-chat')`)).toBe(true)
        await page.evaluate(accept)
      }
      await page.waitForFunction(() => {
        const chats = [...document.querySelectorAll('kinescope-chat')]
        return chats.length === 2 && chats.every(({ state }) => state === 'ready')
      })
      expect(complaints).toEqual([])
    })

  it('jQuery’s getScript(), which has no tag: knows where jQuery’s own file is no better than nothing', async () => {
    const page = await open(
      `<script src="/lib/jquery/dist/jquery.js"></script><script>$.ajax('/kinescope-chat.js', { dataType: 'text' }).done((code) => $.globalEval(code))</script>`,
    )
    await page.waitForFunction(() => document.querySelector('kinescope-chat')?.problem)
    expect(await page.evaluate(() => document.querySelector('kinescope-chat')!.problem!.code)).toBe(
      'token-url-missing',
    )
    expect(await page.locator('main kinescope-chat').count()).toBe(0)
  })
})
