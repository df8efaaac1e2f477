import { createElement as h } from 'react'
import { renderToString } from 'react-dom/server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { bundle } from './bundle.js'
import { EVENT } from './kinescope.js'
import { Lesson } from './react-lesson.js'
import { startChatSite, type ChatSite } from './site.js'

const LINK = `https://kinescope.io/chat/${EVENT}#kinescope-chat`
const A = `<a href="${LINK}">Open the chat</a>`
const DIV = `<div data-kinescope-chat="${EVENT}">Loading</div>`

let chatSite: ChatSite
let browser: Browser
let context: BrowserContext
let errors: string[]
beforeAll(async () => {
  const [site, started, react] = await Promise.all([
    startChatSite(),
    launchBrowser(),
    bundle('./react-lesson-entry.ts'),
  ])
  ;[chatSite, browser] = [site, started]
  site.site.pages.set('/react-lesson.js', { html: react, headers: { 'content-type': 'text/javascript' } })
})
afterAll(async () => {
  await browser.close()
  await chatSite.close()
})
beforeEach(async () => {
  errors = []
  context = await browser.newContext()
  context.on('weberror', (error) => errors.push(String(error.error())))
})
afterEach(() => context.close())

const script = () =>
  `<script type="module" src="/kinescope-chat.js" data-chat-origin="${chatSite.chatOrigin}" data-upgrade="main"></script>`

const put = (path: string, body: string, head = '') =>
  chatSite.site.pages.set(path, {
    html: `<!doctype html><html lang="en" data-event="${EVENT}"><head><meta charset="utf-8"><title>${path}</title><link rel="icon" href="data:,">${head}</head><body>${body}</body></html>`,
  })

async function goto(path: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(chatSite.site.url() + path)
  return page
}

/** Waits until exactly this many chats are ready. Links with a chat must be hidden, and other links must be visible. */
async function settles(page: Page, count: number): Promise<void> {
  await page.waitForFunction((count) => {
    const chats = [...document.querySelectorAll('kinescope-chat')]
    return chats.length === count && chats.every(({ state }) => state === 'ready')
  }, count)
  const facts = await page.evaluate(async () => {
    for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame)
    const links = [...document.querySelectorAll('main a[href$="#kinescope-chat"]')]
    return {
      chats: document.querySelectorAll('kinescope-chat').length,
      odd: links.filter(
        (link) =>
          (link.previousElementSibling?.localName === 'kinescope-chat') === link.getClientRects().length > 0,
      ).length,
    }
  })
  expect(facts).toEqual({ chats: count, odd: 0 })
}

describe('React 19, in StrictMode, owns the link and the div', () => {
  const html = renderToString(h(Lesson, { event: EVENT }))
  const app = '<script src="/react-lesson.js"></script>'
  for (const [way, body, head] of [
    ['rendered in the browser', `<main id="root"></main>${app}`, ''],
    ['hydrated before the upgrade', `<main id="root">${html}</main>${app}`, ''],
    // the upgrade waits until the page is parsed, and React waits for start()
    ['hydrated after the upgrade', `<main id="root" data-wait>${html}</main>${app}`, ''],
  ] as const)
    it(`${way}: each mark has one chat, and React continues to update its nodes`, async () => {
      put('/react', body, head + script())
      const page = await goto('/react')
      if (body.includes('data-wait')) {
        await settles(page, 2)
        await page.evaluate('start()')
      }
      await settles(page, 2)
      // React changes, moves and removes its own nodes
      for (const [act, count] of [
        ['rename', 2],
        ['before', 2],
        ['move', 2],
        ['words', 2],
        ['hide', 0],
        ['hide', 2],
        ['stream', 2],
        ['unmount', 0],
      ] as const) {
        await page.evaluate((act) => (window as unknown as { act(name: string): void }).act(act), act)
        await settles(page, count)
      }
      expect(errors).toEqual([])
    })
})

describe('Turbo 8', () => {
  const turbo = () => `<script src="/lib/@hotwired/turbo/dist/turbo.es2017-umd.js"></script>${script()}`
  const nav =
    '<nav><a id="one" href="/one">One</a> <a id="two" href="/two">Two</a> <a id="none" href="/none">None</a></nav>'
  beforeEach(() => {
    put('/one', `${nav}<main><h1>One</h1><p>${A}</p>${DIV}</main>`, turbo())
    put('/two', `${nav}<main><h1>Two</h1>${DIV}<p>${A}</p><p>${A}</p></main>`, turbo())
    put('/none', `${nav}<main><h1>None</h1></main>`, turbo())
  })
  const visit = async (page: Page, id: string, title: string) => {
    await page.click(`#${id}`)
    await page.waitForFunction((title) => document.querySelector('h1')?.textContent === title, title)
  }

  it('shows one chat for each mark after visits and history navigation', async () => {
    const page = await goto('/one')
    await settles(page, 2)
    await visit(page, 'two', 'Two')
    await settles(page, 3)
    await visit(page, 'none', 'None')
    await settles(page, 0)
    await page.goBack()
    await settles(page, 3)
    await page.goBack()
    await settles(page, 2)
    await page.goForward()
    await settles(page, 3)
    expect(errors).toEqual([])
  })

  it('shows one chat for each mark after morphs to the same marks and to other marks', async () => {
    const meta =
      '<meta name="turbo-refresh-method" content="morph"><meta name="turbo-refresh-scroll" content="preserve">'
    put('/one', `${nav}<main><h1>One</h1><p>${A}</p>${DIV}</main>`, meta + turbo())
    const page = await goto('/one')
    await settles(page, 2)
    for (const [words, count] of [
      ['Again', 2],
      ['More', 3],
      ['Less', 1],
    ] as const) {
      const marks = {
        Again: `<p>${A}</p>${DIV}`,
        More: `<p>${A}</p><p>new</p><p>${A}</p>${DIV}`,
        Less: `<p>${A}</p>`,
      }[words]
      put('/one', `${nav}<main><h1>${words}</h1>${marks}</main>`, meta + turbo())
      await page.evaluate('Turbo.session.refresh(location.href)')
      await page.waitForFunction((words) => document.querySelector('h1')?.textContent === words, words)
      await settles(page, count)
    }
    expect(errors).toEqual([])
  })

  it('keeps the chat in a permanent element over visits', async () => {
    const permanent = `<aside id="chat" data-turbo-permanent>${DIV}</aside>`
    for (const path of ['/one', '/two'])
      put(path, `${nav}<main><h1>${path === '/one' ? 'One' : 'Two'}</h1>${permanent}</main>`, turbo())
    const page = await goto('/one')
    await settles(page, 1)
    await page.evaluate(`window.first = document.querySelector('kinescope-chat')`)
    await visit(page, 'two', 'Two')
    await settles(page, 1)
    expect(await page.evaluate(`first === document.querySelector('kinescope-chat')`)).toBe(true)
    await page.goBack()
    await settles(page, 1)
    expect(errors).toEqual([])
  })
})

describe('htmx 2', () => {
  it.each(['innerHTML', 'outerHTML', 'beforeend', 'afterbegin'])(
    'shows one chat for each mark after a swap by %s',
    async (swap) => {
      chatSite.site.pages.set('/fragment', { html: `<section id="part"><p>${A}</p>${DIV}</section>` })
      put(
        '/htmx',
        `<main><button hx-get="/fragment" hx-target="#part" hx-swap="${swap}">More</button><section id="part"></section></main>`,
        `<script src="/lib/htmx.org/dist/htmx.js"></script>${script()}`,
      )
      const page = await goto('/htmx')
      const grows = ['beforeend', 'afterbegin'].includes(swap)
      for (const round of [1, 2]) {
        await page.click('button')
        await settles(page, grows ? 2 * round : 2)
      }
      expect(errors).toEqual([])
    },
  )

  it('shows one chat for each mark outside of the scope if onLoad calls upgrade()', async () => {
    chatSite.site.pages.set('/fragment', { html: `<p>${A}</p>${DIV}` })
    put(
      '/htmx',
      `<button hx-get="/fragment" hx-target="#out">More</button><section id="out"></section>`,
      `<script src="/lib/htmx.org/dist/htmx.js"></script>${script()}<script>htmx.onLoad((root) => window.KinescopeChat?.upgrade(root))</script>`,
    )
    const page = await goto('/htmx')
    await page.waitForFunction('window.KinescopeChat')
    await page.click('button')
    await settles(page, 2)
    await page.click('button')
    await settles(page, 2)
    expect(errors).toEqual([])
  })
})
