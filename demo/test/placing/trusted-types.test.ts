import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { bundle } from './bundle.js'
import { EVENT } from './kinescope.js'
import { startChatSite, type ChatSite } from './site.js'

let chatSite: ChatSite
let browser: Browser
beforeAll(async () => {
  const [site, started, lit] = await Promise.all([
    startChatSite(),
    launchBrowser(),
    bundle('./other-lit-entry.js'),
  ])
  ;[chatSite, browser] = [site, started]
  const headers = { 'content-type': 'text/javascript' }
  site.site.pages.set('/other-lit.js', { html: lit, headers })
  // the page's own way to draw, under its own policy
  site.site.pages.set('/again/kinescope-chat.js', {
    html: readFileSync(
      new URL('../../node_modules/kinescope-chat/dist/kinescope-chat.js', import.meta.url),
      'utf8',
    ),
    headers,
  })
})
afterAll(async () => {
  await browser.close()
  await chatSite.close()
})

async function open(
  scripts: string,
  policies: string,
): Promise<{ page: Page; violations: string[]; errors: string[] }> {
  chatSite.site.pages.set('/', {
    html: `<!doctype html><html lang="en"><head><title>Page</title></head><body><other-lit></other-lit><kinescope-chat event-id="${EVENT}" debug help></kinescope-chat>${scripts}</body></html>`,
    headers: {
      'content-security-policy': `require-trusted-types-for 'script'; trusted-types ${policies}`,
    },
  })
  const page = await browser.newPage()
  const violations: string[] = []
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.exposeFunction('violated', (what: string) => violations.push(what))
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, sample }) =>
      (globalThis as unknown as { violated(what: string): void }).violated(`${effectiveDirective} ${sample}`),
    ),
  )
  await page.goto(chatSite.site.url())
  return { page, violations, errors }
}

const OURS = () => `<script src="/kinescope-chat.js" data-chat-origin="${chatSite.chatOrigin}"></script>`
const AGAIN = () => `<script type="module" src="/again/kinescope-chat.js"></script>`
const LIT = '<script src="/other-lit.js"></script>'

describe('a page that demands trusted types', () => {
  for (const [what, scripts, policies] of [
    ['our file alone', () => OURS(), 'default kinescope-chat'],
    ['our file as a module', () => OURS().replace('src', 'type="module" src'), 'default kinescope-chat'],
    ['our file twice', () => OURS() + AGAIN(), 'default kinescope-chat'],
    ['another lit before ours', () => LIT + OURS(), 'default kinescope-chat lit-html'],
    ['another lit after ours', () => OURS() + LIT, 'default kinescope-chat lit-html'],
    ['another lit between two of ours', () => OURS() + LIT + AGAIN(), 'default kinescope-chat lit-html'],
  ] as const)
    it(`shows the chat without a violation: ${what}`, async () => {
      const { page, violations, errors } = await open(scripts(), policies)
      await page.waitForFunction(() => document.querySelector('kinescope-chat')?.state === 'ready')
      if (scripts().includes(LIT))
        await page.waitForFunction(() =>
          document.querySelector('other-lit')?.shadowRoot?.textContent.includes('drawn'),
        )
      expect({ violations, errors }).toEqual({ violations: [], errors: [] })
      await page.close()
    })

  it('would be seen to refuse a second policy: the control', async () => {
    const { page, violations, errors } = await open(LIT + OURS(), 'default kinescope-chat')
    await page.waitForFunction(() => document.querySelector('kinescope-chat')?.state === 'ready')
    expect(violations).toEqual(['trusted-types lit-html'])
    expect(errors).toHaveLength(1)
    await page.close()
  })
})
