import oldChromium from '@sparticuz/chromium'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { everyNth } from '../../../scripts/test-tier.js'
import { EVENT } from './kinescope.js'
import { startChatSite, type ChatSite } from './site.js'

/** The oldest Chromium that the README names, carried by an npm package. */
const FLOOR = 109

let chatSite: ChatSite
let browser: Browser
beforeAll(async () => {
  chatSite = await startChatSite()
  browser = await chromium.launch({
    executablePath: await oldChromium.executablePath(),
    // it has its own ideas for machines without memory, of which one page too many ends the browser
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
})
afterAll(async () => {
  await browser.close()
  await chatSite.close()
})

const LINK = `https://kinescope.io/chat/${EVENT}#kinescope-chat`
const CHAT = `<kinescope-chat event-id="${EVENT}"><a slot="placeholder" href="${LINK}">Open the chat</a></kinescope-chat>`

async function open(
  script: string,
  body: string,
  before?: string,
): Promise<{ page: Page; errors: string[] }> {
  chatSite.site.pages.set('/old', {
    html: `<!doctype html><html lang="en"><head><title>Page</title><link rel="icon" href="data:,">
      <${script} src="/kinescope-chat.js" data-chat-origin="${chatSite.chatOrigin}" data-upgrade="main"></script></head><body><main>${body}</main></body></html>`,
  })
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  if (before) await page.addInitScript(before)
  await page.goto(`${chatSite.site.url()}/old`)
  return { page, errors }
}

const chatIsReady = () => document.querySelector('kinescope-chat')?.state === 'ready'
const linkIsSeen = () => [...document.querySelectorAll('a')].some((link) => link.getClientRects().length > 0)

describe(`a Chromium of the floor, ${FLOOR}`, () => {
  it('is no newer than that', () => {
    expect(Number.parseInt(browser.version())).toBeLessThanOrEqual(FLOOR)
  })

  for (const script of ['script type="module"', 'script', 'script async'])
    for (const [what, body] of [
      ['the tag', CHAT],
      ['a marked link', `<a href="${LINK}">Open the chat</a>`],
      ['a marked div', `<div data-kinescope-chat="${EVENT}">Loading</div>`],
    ] as const)
      it(`shows the chat by <${script}>: ${what}`, async () => {
        const { page, errors } = await open(script, body)
        await page.waitForFunction(chatIsReady)
        const { height, frames } = await page.evaluate(() => {
          const chat = document.querySelector('kinescope-chat')!
          return {
            height: chat.getBoundingClientRect().height,
            frames: chat.shadowRoot!.querySelectorAll('iframe').length,
          }
        })
        expect({ height, frames }).toEqual({ height: 600, frames: 1 })
        await page.waitForFunction(`!(${String(linkIsSeen)})()`)
        expect(errors).toEqual([])
        await page.close()
      })

  it.each(
    everyNth(3, [
      ['customElements', 'delete window.customElements'],
      ['attachInternals', 'delete HTMLElement.prototype.attachInternals'],
      [
        'adoptedStyleSheets',
        'delete Document.prototype.adoptedStyleSheets; delete ShadowRoot.prototype.adoptedStyleSheets',
      ],
      ['CSSStyleSheet as a constructor', 'window.CSSStyleSheet = undefined'],
      ['replaceSync', 'delete CSSStyleSheet.prototype.replaceSync'],
      ['IntersectionObserver', 'delete window.IntersectionObserver'],
      ['ReportingObserver', 'delete window.ReportingObserver'],
      ['AbortSignal.timeout', 'delete AbortSignal.timeout'],
      ['userActivation', 'delete Navigator.prototype.userActivation'],
      ['clipboard', 'delete Navigator.prototype.clipboard'],
      ['Intl.RelativeTimeFormat', 'delete Intl.RelativeTimeFormat'],
      ['structuredClone', 'delete window.structuredClone'],
      ['crypto', 'delete window.crypto'],
      ['Array.prototype.at', 'delete Array.prototype.at'],
      ['Object.hasOwn', 'delete Object.hasOwn'],
      ['slot.assign', 'delete HTMLSlotElement.prototype.assign'],
      [
        'replaceChildren',
        'delete Element.prototype.replaceChildren; delete DocumentFragment.prototype.replaceChildren',
      ],
      ['ResizeObserver', 'delete window.ResizeObserver'],
      ['scripts', 'document.open = 0; throw new Error("blocked")'],
    ]),
  )('shows the chat or the link without %s', async (_, before) => {
    for (const body of [CHAT, `<a href="${LINK}">Open the chat</a>`]) {
      const { page } = await open('script', body, before)
      await page.waitForFunction(`(${String(chatIsReady)})() || (${String(linkIsSeen)})()`)
      await page.close()
    }
  })

  it('would be found to show neither: the control', async () => {
    const { page } = await open(
      'script',
      CHAT,
      `addEventListener('load', () => document.body.replaceChildren())`,
    )
    await page.waitForFunction(`document.readyState === 'complete' && !document.querySelector('main')`)
    expect(await page.evaluate(linkIsSeen)).toBe(false)
    expect(await page.evaluate(chatIsReady)).toBe(false)
  })
})

describe('without scripts', () => {
  it('the link in the tag and the marked link are seen, and lead to the chat', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    chatSite.site.pages.set('/plain', {
      html: `<!doctype html><title>Page</title>${CHAT}<a href="${LINK}">Open</a>`,
    })
    await page.goto(`${chatSite.site.url()}/plain`)
    for (const link of await page.locator('a').all()) {
      expect(await link.isVisible()).toBe(true)
      expect(await link.getAttribute('href')).toBe(LINK)
    }
    await context.close()
  })
})
