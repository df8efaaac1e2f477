import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { chatOn } from './page-facts.js'
import { Site } from './site.js'
import { startTokenServer, type TokenServer } from './token-server.js'

/** The code blocks of a chapter of a document. */
function blocks(path: string, chapter: string): string[] {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const [, body = ''] = text.split(`\n## ${chapter}\n`)
  return [...body.split('\n## ')[0]!.matchAll(/```\w*\n([\s\S]*?)\n```/g)].map(([, code]) => code!)
}

describe('a page with a strict policy', () => {
  const [snippet = '', policy = ''] = blocks('docs/embedding.md', 'Strict policies: CSP, SRI, Trusted Types')
  let site: Site
  let tokenServer: TokenServer
  let browser: Browser
  beforeAll(async () => {
    site = await new Site().listen()
    ;[tokenServer, browser] = await Promise.all([
      startTokenServer({ CHAT_ALLOWED_ORIGINS: site.url() }),
      launchBrowser(),
    ])
  })
  afterAll(async () => {
    await browser.close()
    await Promise.all([site.close(), tokenServer.close()])
  })

  /** What a document shows, with the addresses of this test; the page's own, as its author would put them. */
  const here = (text: string) =>
    text
      .replaceAll('https://chat.example.com', tokenServer.server.url)
      .replaceAll('https://kinescope.io', tokenServer.chatOrigin)
      .replaceAll('0csUJYzAHfe3PcyMEVScmQ', EVENT)

  async function open(markup: string, csp?: string): Promise<{ page: Page; violations: string[] }> {
    const identity = jwt.sign({ sub: 'user-1', name: 'Ann' }, tokenServer.secret, {
      audience: 'kinescope-chat',
      expiresIn: '1h',
    })
    const body = here(markup).replace(
      '<kinescope-chat',
      `<kinescope-chat identity="${identity}" chat-origin="${tokenServer.chatOrigin}"`,
    )
    site.pages.set('/', {
      html: `<!doctype html><html lang="en"><head><title>Page</title></head><body>${body}</body></html>`,
      ...(csp === undefined ? {} : { headers: { 'content-security-policy': csp } }),
    })
    const page = await browser.newPage()
    const violations: string[] = []
    await page.exposeFunction('violated', (what: string) => violations.push(what))
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
        void (globalThis as { violated?: (what: string) => void }).violated?.(
          `${effectiveDirective} ${blockedURI}`,
        )
      })
    })
    await page.goto(site.url())
    return { page, violations }
  }

  it('shows the chat, styled, by the hash-checked tag and under the policy of the documents', async () => {
    const { page, violations } = await open(snippet, here(policy.replaceAll('\n', ' ')))
    const { state, claims } = await chatOn(page)
    expect(state).toBe('ready')
    expect(claims).toMatchObject({ username: 'Ann' })
    expect(await page.locator('kinescope-chat').evaluate((chat) => chat.getBoundingClientRect().height)).toBe(
      600,
    )
    expect(violations).toEqual([])
    await page.close()
  })

  it('runs no script whose bytes are others than those of the hash', async () => {
    const { page } = await open(snippet.replace(/sha384-..../, 'sha384-AAAA'))
    expect(await page.evaluate(() => customElements.get('kinescope-chat') === undefined)).toBe(true)
    await page.close()
  })

  it('shows the chat by the README’s own snippet', async () => {
    const [readme] = blocks('README.md', 'Put it on a page')
    const { page } = await open(readme!)
    expect((await chatOn(page)).state).toBe('ready')
    await page.close()
  })
})
