import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest'
import { buildEmulator, type Emulator } from '../../../../demo/emulator/emulator.js'
import { revokeLinks } from '../../src/identity/link-files.js'
import { linkSigner, type LinkClaims } from '../../src/identity/link.js'
import { listen, makeKey, startTestServer, type TestServer } from '../running-server.js'
import { secret } from '../secrets.js'

const CHROMIUM = '/usr/bin/chromium'
const available = existsSync(CHROMIUM)
if (!available) console.warn(`skipped: links in a browser need ${CHROMIUM} (apt-get install chromium)`)

describe.skipIf(!available)('personal links in a browser', { timeout: 120_000 }, () => {
  let browser: Browser
  let emulator: Emulator
  let server: TestServer
  let site: Awaited<ReturnType<typeof listen>>
  let eventId: string
  let dir: string
  let sign: ReturnType<typeof linkSigner>
  let context: BrowserContext
  /** Whatever left the browser in a request's address or referrer. */
  let seen: string[]
  const siteLog: string[] = []

  beforeAll(async () => {
    emulator = buildEmulator()
    const chatOrigin = await emulator.listen()
    eventId = emulator.state.events[0]!.publicId
    dir = mkdtempSync(join(tmpdir(), 'kinescope-chat-links-'))
    const key = secret(crypto.randomUUID() + crypto.randomUUID())
    sign = linkSigner(key)
    const { kid, pem } = makeKey()
    site = await listen((request, response) => {
      siteLog.push(`${request.url!} ${request.headers.referer ?? ''}`)
      response
        .setHeader('Content-Type', 'text/html')
        .end(
          `<!doctype html><title>site</title><script async src="${server.url}/kinescope-chat.js"></script><kinescope-chat event-id="${eventId}" chat-origin="${chatOrigin}"></kinescope-chat>`,
        )
    })
    server = await startTestServer({
      CHAT_IDENTITY: 'link',
      CHAT_LINK_SECRET: key,
      CHAT_LINK_DIR: dir,
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
      CHAT_EVENTS: eventId,
      CHAT_ALLOWED_ORIGINS: site.url,
      CHAT_ACCESS_LOG: 'on',
      KINESCOPE_CHAT_ORIGIN: chatOrigin,
    })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await server.close()
    await Promise.all([site.close(), emulator.close()])
    rmSync(dir, { recursive: true, force: true })
  })
  beforeEach(async () => {
    seen = []
    context = await newContext()
  })
  afterEach(() => context.close())

  async function newContext(): Promise<BrowserContext> {
    const made = await browser.newContext()
    made.on('request', (request) => seen.push(`${request.url()} ${request.headers()['referer'] ?? ''}`))
    return made
  }
  const make = (claims: Partial<LinkClaims> = {}) =>
    sign({
      id: crypto.randomUUID(),
      sub: 'member-7',
      name: 'Anna',
      event_id: eventId,
      exp: Math.floor(Date.now() / 1000) + 3600,
      ...claims,
    })
  const embed = () => `${server.url}/embed/${eventId}`

  /** What the visitor ends with: `ready`, or the problem's code. */
  const outcome = (page: Page): Promise<string> =>
    vi.waitFor(
      async () => {
        const result = await page.evaluate<string | false>(
          `(() => {
            const { state, problem } = document.querySelector('kinescope-chat')
            return state === 'ready' ? 'ready' : state === 'error' && problem.code
          })()`,
        )
        if (result === false) throw new Error('neither ready nor a problem yet')
        return result
      },
      { timeout: 20_000, interval: 50 },
    )

  async function open(address: string, by = context): Promise<{ page: Page; result: string }> {
    const page = await by.newPage()
    await page.goto(address)
    return { page, result: await outcome(page) }
  }

  it('admits, leaves the token in no address, referrer or log, and survives a reload', async () => {
    const token = await make()
    const mac = token.split('.')[2]!
    for (const address of [
      `${embed()}#kinescope-chat=${token}`,
      `${site.url}/live?a=1#kinescope-chat=${token}`,
    ]) {
      const { page, result } = await open(address)
      expect(result, address).toBe('ready')
      expect(page.url()).toBe(address.split('#')[0])
      await page.reload()
      expect(await outcome(page), `${address} reloaded`).toBe('ready')
      // what was typed into the address bar is the browser's own note
      const { entries } = await (await context.newCDPSession(page)).send('Page.getNavigationHistory')
      expect(entries.filter(({ url }) => url.includes(mac))).toEqual([])
    }
    expect(seen.some((address) => address.includes('/token'))).toBe(true)
    expect([...seen, ...siteLog].filter((text) => text.includes(mac))).toEqual([])
    const log = server.log.join('\n')
    expect(log).toContain('"path":"/token"')
    expect(log).not.toContain(mac)
    expect(log).not.toContain(token.split('.')[1])
  })

  it('admits what click trackers and mail clients make of a link', async () => {
    const forms: ((token: string) => string)[] = [
      (token) => `?utm_source=mail#kinescope-chat=${token}`,
      (token) => `#kinescope-chat%3D${token}`,
      (token) => `#kinescope-chat=3D${token}`,
      (token) => `#kinescope%2Dchat%253D${token}`,
      (token) => `#kinescope-chat=${token}.`,
      (token) => `#kinescope-chat=${token})`,
      (token) => `#kinescope-chat=${token}?utm_source=mail&utm_x=1`,
      (token) => `#kinescope-chat=${token.replaceAll('.', '%2E')}`,
      (token) => `%23kinescope-chat=${token}`,
      (token) => `%23kinescope-chat%3D${token}?utm_source=mail`,
      (token) => `%2523kinescope-chat%253D${token}`,
      (token) => `%23kinescope-chat=${token.replaceAll('.', '%2e')}`,
    ]
    for (const form of forms) {
      // long names make long tokens
      const token = await make({ name: 'Ж'.repeat(64), sub: 'x'.repeat(200) })
      const { page, result } = await open(`${embed()}${form(token)}`)
      expect(result, form('TOKEN')).toBe('ready')
      expect(page.url(), form('TOKEN')).not.toContain('link.')
      await page.close()
    }
    expect(server.log.join('\n')).not.toMatch(/kinescope-chat[=%]|link\.ey/)
  })

  it('refuses a cut, changed, expired or revoked link with a code and a text', async () => {
    const token = await make()
    const id = crypto.randomUUID()
    const revoked = await make({ id })
    revokeLinks(dir, [id])
    const expired = await make({ exp: Math.floor(Date.now() / 1000) - 1 })
    const cases: [string, string][] = [
      [token.slice(0, -5), 'sign-in-required'],
      [token.slice(0, token.indexOf('.', 6)), 'sign-in-required'],
      ['link', 'sign-in-required'],
      ['', 'sign-in-required'],
      [token.replace(/^link\.../, 'link.xx'), 'sign-in-required'],
      [expired, 'access-denied'],
      [revoked, 'access-denied'],
      [await make({ event_id: 'another' }), 'access-denied'],
    ]
    for (const [text, code] of cases) {
      const { page, result } = await open(`${embed()}#kinescope-chat=${text}`, await newContext())
      expect(result, text.slice(0, 8)).toBe(code)
      expect(page.url()).not.toContain('link.')
      const words = await page.evaluate<string>(
        `document.querySelector('kinescope-chat').shadowRoot.textContent`,
      )
      expect(words.trim().length).toBeGreaterThan(20)
      await page.context().close()
    }
  })

  it('keeps a link for one browser to it, and lets a scanner look first', async () => {
    const token = await make({ devices: 1 })
    const address = `${embed()}#kinescope-chat=${token}`
    // a scanner that runs scripts, once, and one that doesn't
    const scanner = await newContext()
    expect((await open(address, scanner)).result).toBe('ready')
    await scanner.close()
    expect((await fetch(address)).status).toBe(200)
    const { page, result } = await open(address)
    expect(result).toBe('ready')
    await page.reload()
    expect(await outcome(page)).toBe('ready')
    // a third browser, while the two above may still come back
    const forwarded = await newContext()
    expect((await open(address, forwarded)).result).toBe('access-denied')
    await forwarded.close()
  })
})
