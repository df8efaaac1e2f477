import type { Browser, Page } from 'playwright-core'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchWholeBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { chatOn } from './page-facts.js'
import { Site } from './site.js'
import { startTlsFront, whyNoTls } from './tls-front.js'
import { startTokenServer, type TokenServer } from './token-server.js'

const missing = whyNoTls()
if (missing) console.log(`Skipped: third-party cookies are not tried: ${missing}.`)

/** The site's page is on `localhost`, the token server on `127.0.0.1`: to a browser, two sites. */
describe.skipIf(missing)(
  'a token server on another site, where the browser blocks third-party cookies',
  () => {
    let site: Site
    let tokenServer: TokenServer
    let front: Awaited<ReturnType<typeof startTlsFront>>
    let browser: Browser
    let page: Page

    const identityToken = () =>
      jwt.sign({ sub: 'user-1', name: 'Ann' }, tokenServer.secret, {
        algorithm: 'HS256',
        audience: 'kinescope-chat',
        expiresIn: '1h',
      })

    beforeAll(async () => {
      site = await new Site().listen()
      ;[tokenServer, browser] = await Promise.all([
        startTokenServer({ CHAT_ALLOWED_ORIGINS: site.url(), CHAT_IDENTITY_COOKIE: 'session' }),
        launchWholeBrowser(),
      ])
      front = await startTlsFront(tokenServer.server.url)
      page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
      // a visitor signed in at the token server's own site, by a cookie that is made to go along from any other
      await page
        .context()
        .addCookies([
          { name: 'session', value: identityToken(), url: front.url, sameSite: 'None', secure: true },
        ])
    })
    afterAll(async () => {
      await browser.close()
      await front.close()
      await Promise.all([site.close(), tokenServer.close()])
    })

    const open = async (attributes: string) => {
      site.pages.set('/', {
        html: `<!doctype html><html lang="en"><head><title>Page</title>
        <script type="module" src="${front.url}/kinescope-chat.js" data-chat-origin="${tokenServer.chatOrigin}"></script>
        </head><body><kinescope-chat event-id="${EVENT}" ${attributes}></kinescope-chat></body></html>`,
      })
      await page.goto(site.url())
      return chatOn(page)
    }

    it('ends the cookie way in sign-in-required, and says why', async () => {
      const { state, problem } = await open('')
      expect(state).toBe('error')
      expect(problem).toMatchObject({ code: 'sign-in-required', status: 401, retryInMs: null })
      expect(problem!.remediation).toMatch(/cookie/i)
      expect(problem!.remediation).toContain('identity')
    })

    it('lets the identity way work', async () => {
      const { state, claims } = await open(`identity="${identityToken()}"`)
      expect(state).toBe('ready')
      expect(claims).toMatchObject({ user_id: 'user-1', username: 'Ann' })
    })

    it('lets the cookie way work on a page of the token server’s own site', async () => {
      await page.goto(`${front.url}/embed/${EVENT}`)
      const { state, claims } = await chatOn(page)
      expect(state).toBe('ready')
      expect(claims).toMatchObject({ user_id: 'user-1', username: 'Ann' })
    })
  },
)

describe.skipIf(missing)('a guest who chooses a name, at a token server on another site', () => {
  let site: Site
  let tokenServer: TokenServer
  let front: Awaited<ReturnType<typeof startTlsFront>>
  let browser: Browser

  beforeAll(async () => {
    site = await new Site().listen()
    const settings = { CHAT_IDENTITY: 'guest', CHAT_GUEST_NAMES: 'ask', CHAT_ALLOWED_ORIGINS: site.url() }
    ;[tokenServer, browser] = await Promise.all([startTokenServer(settings), launchWholeBrowser()])
    front = await startTlsFront(tokenServer.server.url)
    site.pages.set('/', {
      html: `<!doctype html><html lang="en"><head><title>Page</title>
      <script async src="${front.url}/kinescope-chat.js" data-chat-origin="${tokenServer.chatOrigin}"></script>
      </head><body><kinescope-chat event-id="${EVENT}"></kinescope-chat></body></html>`,
    })
  })
  afterAll(async () => {
    await browser.close()
    await front.close()
    await Promise.all([site.close(), tokenServer.close()])
  })

  /** Enters a name, and reloads the chat: the guest's ids before and after. */
  async function enter(page: Page): Promise<{ first: unknown; again: unknown }> {
    await page.goto(site.url())
    await page.getByLabel('Your name').fill('Ann')
    await page.keyboard.press('Enter')
    await page.locator('kinescope-chat iframe').waitFor()
    const { claims } = await chatOn(page)
    expect(claims).toMatchObject({ username: 'Ann · guest' })
    await page.evaluate(() => {
      const chat = document.querySelector('kinescope-chat')!
      const isThere = new Promise((resolve) =>
        chat.addEventListener('kinescope-chat-refresh', resolve, { once: true }),
      )
      chat.reload()
      return isThere
    })
    const { state, claims: later } = await chatOn(page)
    expect(state).toBe('ready')
    return { first: claims!['user_id'], again: later!['user_id'] }
  }

  it('is the same guest after a reload of the page, by a cookie for this site alone', async () => {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
    const { first, again } = await enter(page)
    expect(again).toBe(first)
    await page.reload()
    const { state, claims } = await chatOn(page)
    expect([state, claims!['user_id']]).toEqual(['ready', first])
  })

  it('is the same guest while the page is open, where the browser drops the cookie', async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.route(`${front.url}/**`, async (route) => {
      const reply = await route.fetch({ maxRedirects: 0 })
      const { 'set-cookie': dropped, ...headers } = reply.headers()
      await route.fulfill({ response: reply, headers })
      if (dropped) await context.clearCookies()
    })
    const { first, again } = await enter(page)
    expect(again).toBe(first)
    expect(await context.cookies()).toEqual([])
    await page.reload()
    const field = page.getByLabel('Your name')
    await field.waitFor()
    expect(await field.inputValue()).toBe('Ann')
  })
})
