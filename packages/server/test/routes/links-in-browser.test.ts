import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest'
import { buildEmulator, type Emulator } from '../../../../demo/emulator/emulator.js'
import { launchBrowser } from '../../../../demo/test/e2e/browser.js'
import { everyNth } from '../../../../scripts/test-tier.js'
import { revokeLinks } from '../../src/identity/link-files.js'
import { linkSigner, type LinkClaims } from '../../src/identity/link.js'
import { listen, makeKey, startTestServer, type TestServer } from '../running-server.js'
import { secret } from '../secrets.js'

const SECOND = 1000
const HOUR = 3_600_000

/** One step in the use of a link. */
type Step =
  | { after: number }
  | 'revoked'
  /** A scanner without scripts, by `fetch`. */
  | 'fetched'
  | {
      /** The browser's name. Each browser has its own storage, except `webview`, which has none. */
      by: string
      /** The link's parts after `/embed/EVENT`, made from the token. */
      as?: (token: string) => string
      /** `ready`, or the code of the problem. */
      ends: string
      /** The visitor then reloads the page, with the same result. */
      reloads?: true
    }

const plain = (token: string) => `#kinescope-chat=${token}`
const open = (by: string, ends: string, as = plain): Step => ({ by, ends, as })

/** The rows about personal links in docs/identity.md. */
const CASES: [what: string, claims: Partial<LinkClaims>, steps: Step[]][] = [
  ['opened once, and reloaded', {}, [{ by: 'phone', ends: 'ready', reloads: true }]],
  ['opened twice', {}, [open('phone', 'ready'), { after: HOUR / 2 }, open('phone', 'ready')]],
  ['forwarded', {}, [open('phone', 'ready'), open('friend', 'ready')]],
  [
    'forwarded, with --device',
    { devices: 1 },
    [
      open('phone', 'ready'),
      { after: 20 * SECOND },
      open('phone', 'ready'),
      open('friend', 'access-denied'),
      open('phone', 'ready'),
    ],
  ],
  [
    'opened with --once, and 12 hours later',
    { devices: 1, once: true },
    [
      open('phone', 'ready'),
      { after: 20 * SECOND },
      open('phone', 'ready'),
      { after: 12 * HOUR },
      open('phone', 'access-denied'),
    ],
  ],
  ['expired', {}, [open('phone', 'ready'), { after: 25 * HOUR }, open('phone', 'access-denied')]],
  ['revoked', {}, [open('phone', 'ready'), 'revoked', { after: 2 * SECOND }, open('phone', 'access-denied')]],
  ['of another stream', { event_id: 'another' }, [open('phone', 'access-denied')]],
  ...(
    [
      ['at its end', (token) => plain(token.slice(0, -5))],
      ['at its last dot', (token) => plain(token.slice(0, token.lastIndexOf('.')))],
      ['to its first word', () => plain('link')],
      ['to nothing', () => plain('')],
    ] satisfies [string, (token: string) => string][]
  ).map(([where, as]): (typeof CASES)[number] => [
    `cut ${where} by a mail client, then opened whole`,
    {},
    [open('phone', 'sign-in-required', as), open('phone', 'ready')],
  ]),
  [
    'changed on its way',
    {},
    [open('phone', 'sign-in-required', (token) => plain(token.replace(/^link\.../, 'link.xx')))],
  ],
  ...everyNth(3, [
    (token: string) => `?utm_source=mail#kinescope-chat=${token}`,
    (token: string) => `#kinescope-chat%3D${token}`,
    (token: string) => `#kinescope-chat=3D${token}`,
    (token: string) => `#kinescope%2Dchat%253D${token}`,
    (token: string) => `#kinescope-chat=${token}.`,
    (token: string) => `#kinescope-chat=${token})`,
    (token: string) => `#kinescope-chat=${token}?utm_source=mail&utm_x=1`,
    (token: string) => `#kinescope-chat=${token.replaceAll('.', '%2E')}`,
    (token: string) => `%23kinescope-chat=${token}`,
    (token: string) => `%23kinescope-chat%3D${token}?utm_source=mail`,
    (token: string) => `%2523kinescope-chat%253D${token}`,
    (token: string) => `%23kinescope-chat=${token.replaceAll('.', '%2e')}`,
  ]).map((as): (typeof CASES)[number] => [
    `rewritten by a click tracker or a mail client: ${as('link.CLAIMS.MAC')}`,
    // long names make long tokens
    { name: 'Ж'.repeat(64), sub: 'x'.repeat(200) },
    [open('phone', 'ready', as)],
  ]),
  [
    'opened first by a scanner that fetches it, with --device',
    { devices: 1 },
    ['fetched', open('phone', 'ready'), { after: 20 * SECOND }, open('phone', 'ready')],
  ],
  [
    'opened in an app without storage, with --device: each opening is another browser',
    { devices: 1 },
    [open('webview', 'ready'), open('webview', 'ready'), open('webview', 'access-denied')],
  ],
  [
    'opened by two scanners and the visitor, with --devices 2',
    { devices: 2 },
    [
      open('scanner', 'ready'),
      open('another scanner', 'ready'),
      open('phone', 'ready'),
      { after: 20 * SECOND },
      open('phone', 'ready'),
    ],
  ],
  [
    'opened first by a scanner that runs scripts, with --device',
    { devices: 1 },
    [
      open('scanner', 'ready'),
      open('phone', 'ready'),
      open('friend', 'access-denied'),
      { after: 20 * SECOND },
      open('phone', 'ready'),
      open('scanner', 'access-denied'),
    ],
  ],
]

/** Denies storage, as some apps do for their pages. */
const NO_STORAGE = `for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })`

describe('personal links in a browser', { timeout: 120_000 }, () => {
  let browser: Browser
  let emulator: Emulator
  let server: TestServer
  let site: Awaited<ReturnType<typeof listen>>
  let eventId: string
  let dir: string
  let sign: ReturnType<typeof linkSigner>
  let browsers: Map<string, BrowserContext>
  /** The addresses and referrers of all requests from a browser. */
  let seen: string[]
  const siteLog: string[] = []

  beforeAll(async () => {
    // for the server and the emulator, which run here; the browser has its own clock
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
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
      CHAT_RATE_LIMIT: 'off',
      KINESCOPE_CHAT_ORIGIN: chatOrigin,
    })
    browser = await launchBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await server.close()
    await Promise.all([site.close(), emulator.close()])
    rmSync(dir, { recursive: true, force: true })
    vi.useRealTimers()
  })
  beforeEach(() => {
    seen = []
    browsers = new Map()
  })
  afterEach(async () => {
    for (const context of browsers.values()) await context.close()
  })

  async function browserOf(name: string): Promise<BrowserContext> {
    const known = browsers.get(name)
    if (known) return known
    const made = await browser.newContext()
    made.on('request', (request) => seen.push(`${request.url()} ${request.headers()['referer'] ?? ''}`))
    if (name === 'webview') await made.addInitScript(NO_STORAGE)
    browsers.set(name, made)
    return made
  }
  const make = (claims: Partial<LinkClaims> = {}) =>
    sign({
      id: crypto.randomUUID(),
      sub: 'member-7',
      name: 'Anna',
      event_id: eventId,
      exp: Math.floor(Date.now() / 1000) + 24 * 3600,
      ...claims,
    })
  const embed = () => `${server.url}/embed/${eventId}`

  /** The visitor's result: `ready`, or the problem's code. */
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

  /** Expects the token in no address, referrer, history entry or log. */
  async function expectNoTrace(token: string, page: Page): Promise<void> {
    const [, claims, mac] = token.split('.') as [string, string, string]
    const traces = (texts: string[]) =>
      texts.filter((text) => [claims, mac].some((part) => decodeURIComponent(text).includes(part)))
    expect(page.url()).not.toContain('link.')
    const session = await page.context().newCDPSession(page)
    const { entries } = await session.send('Page.getNavigationHistory')
    expect(traces(entries.map(({ url }) => url))).toEqual([])
    expect(traces(siteLog)).toEqual([])
    expect(server.log.filter((line) => line.includes(claims) || line.includes(mac))).toEqual([])
  }

  it.each(CASES)('a link that is %s', async (what, changes, steps) => {
    const id = crypto.randomUUID()
    const token = await make({ id, ...changes })
    for (const step of steps) {
      if (step === 'revoked') {
        await revokeLinks(dir, [id])
        vi.advanceTimersByTime(1000)
      } else if (step === 'fetched') expect((await fetch(embed() + plain(token))).status).toBe(200)
      else if ('after' in step) vi.advanceTimersByTime(step.after)
      else {
        const { by, ends, as = plain, reloads } = step
        const page = await (await browserOf(by)).newPage()
        await page.goto(embed() + as(token))
        expect(await outcome(page), `${by} of ${what}`).toBe(ends)
        if (reloads) {
          await page.reload()
          expect(await outcome(page), 'reloaded').toBe(ends)
        }
        if (ends !== 'ready') {
          const text = await page.evaluate<string>(
            `document.querySelector('kinescope-chat').shadowRoot.textContent`,
          )
          expect(text.trim().length).toBeGreaterThan(20)
        }
        await expectNoTrace(token, page)
        await page.close()
      }
    }
    // the tracker's own request has an address with an encoded fragment; the page's requests come after it
    const pageRequests = seen.filter((text) => !/kinescope(?:-|%2D)chat[=%]/i.test(text.split(' ')[0]!))
    expect(pageRequests.some((text) => text.includes('/token'))).toBe(true)
    expect(pageRequests.filter((text) => text.includes(token.split('.')[2]!))).toEqual([])
    const log = server.log.join('\n')
    expect(log).toContain('"path":"/token"')
    expect(log).not.toMatch(/kinescope-chat[=%]|link\.ey/)
  })

  it('are needed again after a reload, if the browser has no storage', async () => {
    const page = await (await browserOf('webview')).newPage()
    await page.goto(embed() + plain(await make()))
    expect(await outcome(page)).toBe('ready')
    await page.reload()
    expect(await outcome(page)).toBe('sign-in-required')
  })

  it('leave no trace on the site’s own page', async () => {
    const token = await make()
    const page = await (await browserOf('phone')).newPage()
    await page.goto(`${site.url}/live?a=1${plain(token)}`)
    expect(await outcome(page)).toBe('ready')
    expect(page.url()).toBe(`${site.url}/live?a=1`)
    await page.reload()
    expect(await outcome(page), 'reloaded').toBe('ready')
    await expectNoTrace(token, page)
    expect(seen.filter((text) => text.includes(token.split('.')[2]!))).toEqual([])
  })
})
