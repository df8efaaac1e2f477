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

    const statement = () =>
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
        .addCookies([{ name: 'session', value: statement(), url: front.url, sameSite: 'None', secure: true }])
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
      const { state, claims } = await open(`identity="${statement()}"`)
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
