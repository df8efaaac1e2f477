import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../../demo/test/e2e/browser.js'
import { everyNth, testsAll } from '../../scripts/test-tier.js'
import { CODE_NOTES } from '../code-notes.js'
import { serveStatically, type StaticSite } from './static-site.js'

const DOCS = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(DOCS, 'dist')

type Browser = Awaited<ReturnType<typeof launchBrowser>>
type Page = Awaited<ReturnType<Browser['newPage']>>

const HOMES = ['/', '/ru/'] as const

type Question = readonly [home: (typeof HOMES)[number], words: string, answer: RegExp]

/** Searches of readers, and the pages that answer them. */
const QUESTIONS: Question[] = [
  ['/', 'blank chat', /\/embedding#my-chat-is-blank/],
  ['/', 'chat is empty', /\/embedding#my-chat-is-blank/],
  ['/', 'iframe only', /\/embedding#i-have-only-an-iframe-block/],
  ['/', '403', /\/troubleshooting#|\/codes\//],
  ['/', 'forbidden', /\/troubleshooting#|\/codes\//],
  ['/', 'rotate', /\/server\/operating#/],
  ['/', 'rotate key', /\/server\/operating#/],
  ['/', 'leak', /\/server\/operating#/],
  ['/', 'leaked key', /\/server\/operating#/],
  ['/', 'many viewers', /\/server\/growing#/],
  ['/', 'strict CSP', /\/embedding#strict-policies/],
  ['/', 'content security policy', /\/embedding#strict-policies/],
  ['/', 'SPA', /\/embedding#single-page-apps/],
  ['/', 'single page app', /\/embedding#single-page-apps/],
  ['/', 'sign in', /sign-in-required|#who-the-visitor-is/],
  ['/', 'logout', /\/embedding#single-page-apps/],
  ['/', 'WordPress', /\/wordpress/],
  ['/', 'Kubernetes', /\/server\/growing#kubernetes/],
  ['/', 'Next.js', /\/start\/nextjs/],
  ['/ru/', 'пустой чат', /\/ru\/embedding#чат-пустой/],
  ['/ru/', 'чат не показывается', /\/ru\/embedding#чат-пустой/],
  ['/ru/', 'только iframe', /\/ru\/embedding#можно-только-фрейм/],
  ['/ru/', '403', /\/ru\/troubleshooting#|\/ru\/codes\//],
  ['/ru/', 'сменить ключ', /\/ru\/operating#смена-ключа/],
  ['/ru/', 'ротация ключей', /\/ru\/operating#смена-ключа/],
  ['/ru/', 'утечка', /\/ru\/operating#утечка-ключа/],
  ['/ru/', 'ключ утёк', /\/ru\/operating#утечка-ключа/],
  ['/ru/', 'много зрителей', /\/ru\/operating#много-зрителей/],
  ['/ru/', 'большая нагрузка', /\/ru\/operating#/],
  ['/ru/', 'строгая CSP', /\/ru\/embedding#страница-с-content/],
  ['/ru/', 'SPA', /\/ru\/embedding#одностраничное/],
  ['/ru/', 'одностраничные приложения', /\/ru\/embedding#одностраничное/],
  ['/ru/', 'просит войти', /\/ru\/(troubleshooting|codes\/sign-in-required)/],
  ['/ru/', 'Битрикс', /\/ru\/embedding#редактор-убирает-тег/],
]

/** Searches whose first result must be the right page. */
const FIRST: Question[] = [
  ['/', 'troubleshooting', /^\/troubleshooting/],
  ['/', 'CORS', /^\/codes\/origin-not-allowed|^\/troubleshooting/],
  ['/', 'rotate key', /^\/server\/operating#rotat/],
  ['/', 'OBS', /^\/recipes#obs/],
  ['/', 'Cloudflare', /^\/recipes#cloudflare/],
  ['/', 'React Native', /^\/recipes#react-native/],
  ['/', 'Flutter', /^\/recipes#flutter/],
  ['/', 'MooTools', /^\/recipes#mootools/],
  ['/', 'hotkeys', /^\/recipes#hotkeys/],
  ['/', 'WebView', /^\/recipes#webviews/],
  ['/', 'backup', /^\/state/],
  ['/', 'upgrade', /^\/upgrading/],
  ['/', 'glossary', /^\/faq/],
  ['/', 'systemd', /^\/without-docker/],
  [
    '/',
    "Access to fetch at 'https://chat.example.com/token' from origin 'https://www.example.com' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    /^\/codes\/(origin-not-allowed|endpoint-unreachable)/,
  ],
  [
    '/',
    "Refused to frame 'https://kinescope.io/' because it violates the following Content Security Policy directive: \"frame-src 'self'\".",
    /^\/codes\/frame-blocked/,
  ],
  ['/ru/', 'белый экран', /^\/ru\/(embedding#чат-пустой|troubleshooting|faq#почему-белый-экран)/],
  ['/ru/', 'кнопка войти не работает', /^\/ru\/(codes\/sign-in-required|troubleshooting|faq#почему-кнопка)/],
  ['/ru/', 'решение проблем', /^\/ru\/troubleshooting/],
  ['/ru/', 'CORS', /^\/ru\/(codes\/origin-not-allowed|troubleshooting)/],
]

/** Links for a reader who doesn't search: at most two, from the home page. */
const WALKS: [home: '/' | '/ru/', goal: string, links: string[], heading: RegExp][] = [
  ['/', 'blank chat', ['My chat is blank'], /blank/],
  ['/', 'iframe only', ['An iframe, with the visitor’s identity'], /iframe/],
  ['/', '403', ['Codes by status'], /403/],
  ['/', 'a code', ['All codes, with pictures'], /Troubleshooting/],
  ['/', 'rotate', ['Rotation'], /Rotation/],
  ['/', 'leak', ['A key is compromised'], /compromised/],
  ['/', 'many viewers', ['Scaling'], /[Ss]caling|viewers/],
  ['/', 'strict CSP', ['The policy to copy, with SRI'], /CSP/],
  ['/', 'SPA', ['Soft navigation'], /SPA/],
  ['/ru/', 'чат пустой', ['Чат пустой'], /пустой/],
  ['/ru/', 'только iframe', ['Фрейм'], /фрейм/],
  ['/ru/', '403', ['Коды по статусам'], /403/],
  ['/ru/', 'ротация', ['Смена ключа'], /ротация/],
  ['/ru/', 'утечка', ['Утечка ключа'], /Утечка/],
  ['/ru/', 'много зрителей', ['Много зрителей'], /зрителей/],
  ['/ru/', 'CSP', ['Готовая политика'], /CSP/],
  ['/ru/', 'SPA', ['Навигация без загрузки страниц'], /SPA/],
]

const textOf = (html: string) => html.replaceAll(/<[^>]+>/g, '').trim()

describe('the site', () => {
  const pages = new Map<string, string>()
  let site: StaticSite
  let browser: Browser

  beforeAll(async () => {
    await promisify(execFile)('pnpm', ['run', 'build'], { cwd: DOCS })
    for (const name of await readdir(DIST, { recursive: true })) {
      if (name.endsWith('.html')) pages.set(`/${name}`, await readFile(join(DIST, name), 'utf8'))
    }
    ;[site, browser] = await Promise.all([serveStatically(DIST), launchBrowser()])
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  it('has no broken links or anchors', () => {
    const missing: string[] = []
    for (const [page, html] of pages) {
      const links = [...html.matchAll(/<a[^>]* href="([^"]+)"/g)].map(([, href]) => href!)
      for (const href of links) {
        if (/^[a-z]+:/.test(href)) continue
        const [path = '', hash] = decodeURI(href).split('#')
        const target =
          path === ''
            ? page
            : posix.join(
                posix.dirname(page),
                path.startsWith('/') ? posix.relative(posix.dirname(page), path) : path,
              )
        const html_ = [target, `${target}.html`, `${target}/index.html`.replace('//', '/')]
          .map((name) => pages.get(name))
          .find(Boolean)
        if (html_ === undefined) {
          if (!/\.(json|png|txt)$/.test(target)) missing.push(`${page}: ${href}`)
        } else if (hash && !html_.includes(`id="${hash}"`)) missing.push(`${page}: ${href}`)
      }
    }
    expect(pages.size).toBeGreaterThan(15)
    expect([...new Set(missing)]).toEqual([])
  })

  /** Returns the first three results of the site's own search. */
  async function found(page: Page, words: string): Promise<string[]> {
    const input = page.locator('#localsearch-input')
    // a click before the page's scripts have run does nothing
    while (!(await input.isVisible())) {
      await page.locator('#local-search button').click()
      await input.waitFor({ timeout: 2000 }).catch(() => undefined)
    }
    await input.fill('')
    await page.locator('.VPLocalSearchBox .result').first().waitFor({ state: 'detached' })
    await input.fill(words)
    const results = page.locator('.VPLocalSearchBox .result')
    await results
      .first()
      .waitFor({ timeout: 5000 })
      .catch(() => undefined)
    const links = await results.evaluateAll((all) => all.map((link) => link.getAttribute('href')!))
    return links.slice(0, 3).map((link) => decodeURI(link))
  }

  /** Returns the questions of one language that the first `among` results don't answer. */
  async function missed(home: string, questions: readonly Question[], among: number): Promise<string[]> {
    const page = await browser.newPage()
    await page.goto(site.url + home)
    const misses: string[] = []
    for (const [where, words, answer] of questions) {
      if (where !== home) continue
      const links = (await found(page, words)).slice(0, among)
      if (!links.some((link) => answer.test(link))) misses.push(`${words}: ${links.join(' ') || 'nothing'}`)
    }
    await page.close()
    return misses
  }

  it.each(testsAll ? HOMES : HOMES.slice(0, 1))(
    'has a search that answers a newcomer’s questions: %s',
    async (home) => {
      const questions = QUESTIONS.filter(([where]) => where === home)
      expect(await missed(home, everyNth(3, questions), 3)).toEqual([])
      // a control: the search doesn't find a word that isn't on the site
      expect(await missed(home, [[home, 'xylophone', /./]], 3)).toEqual(['xylophone: nothing'])
    },
  )

  it.each(HOMES)('finds the right page first: %s', { tags: ['rare'] }, async (home) => {
    expect(await missed(home, FIRST, 1)).toEqual([])
  })

  it.each(HOMES)('finds each code first: %s', { tags: ['rare'] }, async (home) => {
    const codes = Object.keys(CODE_NOTES)
    const questions = codes.map((code): Question => [home, code, new RegExp(`^${home}codes/${code}`)])
    expect(await missed(home, questions, 1)).toEqual([])
  })

  it(`has no page that scrolls sideways${testsAll ? '' : '; of the codes some'}`, async () => {
    const wide: string[] = []
    // the layout of the pages doesn't need their scripts
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 320, height: 800 },
    })
    // the pages about codes have one layout
    const codes = [...pages.keys()].filter((name) => name.includes('/codes/'))
    const others = [...pages.keys()].filter((name) => !name.includes('/codes/'))
    const names = [...others, ...everyNth(8, codes)]
    await Promise.all(
      [1, 2, 3].map(async () => {
        const page = await context.newPage()
        for (let name = names.pop(); name; name = names.pop()) {
          if (testsAll) await page.setViewportSize({ width: 320, height: 800 })
          await page.goto(`${site.url}${name.replace(/(index)?\.html$/, '')}`)
          for (const width of testsAll ? [320, 390, 1280] : [320]) {
            if (testsAll) await page.setViewportSize({ width, height: 800 })
            const scroll = await page.evaluate(() => document.documentElement.scrollWidth)
            if (scroll > width) wide.push(`${name} at ${width}: ${scroll}`)
          }
        }
      }),
    )
    await context.close()
    expect(wide).toEqual([])
  }, 240_000)

  it('has every page as Markdown, listed in llms.txt', async () => {
    const list = await (await fetch(`${site.url}/llms.txt`)).text()
    const listed = [...list.matchAll(/\]\((\/[^)]+\.md)\)/g)].map(([, path]) => path!)
    for (const page of pages.keys()) {
      if (page === '/404.html') continue
      const path = page.replace(/\.html$/, '.md')
      const text = await (await fetch(site.url + path)).text()
      expect(text, path).not.toContain('<html')
      if (!path.startsWith('/ru/codes/')) expect(listed, path).toContain(path)
    }
  })

  it('names each page of the API by its import specifier', () => {
    const titles = [...pages]
      .filter(([page]) => page.startsWith('/api/'))
      .map(([, html]) => /<title>([^|<]+)/.exec(html)![1]!.trim())
    expect(titles).toContain('kinescope-chat')
    expect(titles).toContain('kinescope-chat-server/web')
    expect(titles.filter((title) => ['index', 'web', 'define', 'contract'].includes(title))).toEqual([])
  })

  it('has the links and the headings that lead a newcomer from its home page in two clicks', () => {
    for (const [home, goal, links, heading] of WALKS) {
      expect(links.length).toBeLessThanOrEqual(2)
      let place = new URL(home, site.url)
      const html = () => pages.get(`${place.pathname.replace(/\/$/, '/index')}.html`)!
      for (const link of links) {
        const content = html().split('class="VPContent')[1]!
        const found = [...content.matchAll(/<a[^>]* href="([^"]+)"[^>]*>(.*?)<\/a>/gs)]
        const href = found.find(([, , text]) => textOf(text!) === link)?.[1]
        expect(href, `${goal}: ${link}`).toBeDefined()
        place = new URL(href!, place)
      }
      const id = decodeURIComponent(place.hash.slice(1))
      const headings = [...html().matchAll(/<h([1-6]) id="([^"]*)"[^>]*>(.*?)<\/h\1>/gs)]
      const reached = headings.find(([, , anchor]) => !id || anchor === id)
      expect(textOf(reached?.[3] ?? ''), goal).toMatch(heading)
    }
  })

  it.each(testsAll ? [1280, 375] : [1280])(
    'leads a newcomer from its home page in two clicks, %s px wide',
    async (width) => {
      const page = await browser.newPage({ viewport: { width, height: 800 } })
      for (const [home, goal, links, heading] of WALKS.filter((_, index) => testsAll || index % 4 === 0)) {
        // a click while the page's scripts start can get lost
        await page.goto(site.url + home, { waitUntil: 'networkidle' })
        for (const link of links)
          await page
            .locator('main a:visible, .VPContent a:visible')
            .getByText(link, { exact: true })
            .first()
            .click()
        const title = page.locator('.vp-doc :is(h1, h2)').filter({ hasText: heading }).first()
        await title.waitFor()
        await expect
          .poll(
            async () => {
              const box = await title.boundingBox()
              return box !== null && box.y >= 0 && box.y < 800
            },
            { message: goal },
          )
          .toBe(true)
      }
      await page.close()
    },
  )
})
