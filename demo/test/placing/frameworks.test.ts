import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Chat } from '../../examples/react/chat.js'
import { ServerRenderedChat } from '../../examples/react/server-rendered-chat.js'
import { launchBrowser } from '../e2e/browser.js'
import { bundle } from './bundle.js'
import { EVENT } from './kinescope.js'
import { startChatSite, type ChatSite } from './site.js'

let chatSite: ChatSite
let browser: Browser
let context: BrowserContext
/** Questions for a token, on the wire. */
let asked: number
/** What the frameworks, or anything else, complain of. */
let complaints: string[]

beforeAll(async () => {
  const [site, started, react, serverRendered, vue] = await Promise.all([
    startChatSite(),
    launchBrowser(),
    bundle('./react-chat-entry.ts'),
    bundle('./react-server-rendered-entry.ts'),
    bundle('./vue-entry.js'),
  ])
  ;[chatSite, browser] = [site, started]
  const headers = { 'content-type': 'text/javascript' }
  site.site.pages.set('/react.js', { html: react, headers })
  site.site.pages.set('/server-rendered.js', { html: serverRendered, headers })
  site.site.pages.set('/vue.js', { html: vue, headers })
})
afterAll(async () => {
  await browser.close()
  await chatSite.close()
})
beforeEach(async () => {
  asked = 0
  complaints = []
  context = await browser.newContext()
  context.on('request', (request) => request.url().endsWith('/token') && asked++)
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
})
afterEach(() => context.close())

async function open(script: string, { own = false, html = '' } = {}): Promise<Page> {
  chatSite.site.pages.set('/app', {
    html: `<!doctype html><html lang="en" data-event="${EVENT}" data-origin="${chatSite.chatOrigin}" ${own ? 'data-own' : ''}>
      <head><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"></head>
      <body><div id="root">${html}</div><script src="${script}"></script></body></html>`,
  })
  const page = await context.newPage()
  await page.goto(`${chatSite.site.url()}/app`)
  await page.waitForFunction(`document.querySelector('kinescope-chat')?.state === 'ready'`)
  return page
}

const seen = (page: Page) => page.evaluate<string[]>('seen')
const frames = (page: Page) =>
  page.evaluate(`document.querySelector('kinescope-chat').shadowRoot.querySelectorAll('iframe').length`)

describe('React 19, in StrictMode', () => {
  it('asks once, shows one frame, and hears the events', async () => {
    const page = await open('/react.js')
    expect(asked).toBe(1)
    expect(await frames(page)).toBe(1)
    expect(await seen(page)).toEqual(['ready'])
    expect(complaints).toEqual([])
  })

  it('gives the element a function by JSX, which it then asks, once', async () => {
    const page = await open('/react.js', { own: true })
    expect(await seen(page)).toEqual(['asked', 'ready'])
    expect(asked).toBe(1)
    expect(complaints).toEqual([])
  })

  it('renders the tag on the server, and takes it over in the browser without a word', async () => {
    const html = renderToString(createElement(Chat, { eventId: EVENT }))
    expect(html).toBe(`<kinescope-chat event-id="${EVENT}" token-url="/token"></kinescope-chat>`)
    const page = await open('/react.js', { html })
    expect(asked).toBe(1)
    expect(await frames(page)).toBe(1)
    expect(complaints).toEqual([])
  })

  it('gives a tag that the server rendered its function and its listeners by an effect, before it asks', async () => {
    const html = renderToString(
      createElement(ServerRenderedChat, { eventId: EVENT, fetchToken: () => Promise.reject(new Error()) }),
    )
    expect(html).toBe(`<kinescope-chat event-id="${EVENT}"></kinescope-chat>`)
    const page = await open('/server-rendered.js', { html, own: true })
    expect(await seen(page)).toEqual(['asked', 'ready'])
    expect(asked).toBe(1)
    expect(await frames(page)).toBe(1)
    expect(complaints).toEqual([])
  })
})

describe('Vue 3', () => {
  it('asks once, shows one frame, hears the events and warns of nothing', async () => {
    const page = await open('/vue.js')
    expect(asked).toBe(1)
    expect(await frames(page)).toBe(1)
    expect(await seen(page)).toEqual(['ready'])
    expect(complaints).toEqual([])
  })

  it('gives the element a function by a property binding', async () => {
    const page = await open('/vue.js', { own: true })
    expect(await seen(page)).toEqual(['asked', 'ready'])
    expect(asked).toBe(1)
    expect(complaints).toEqual([])
  })
})
