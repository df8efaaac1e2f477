import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../../demo/test/e2e/browser.js'
import { CODE_NOTES } from '../code-notes.js'
import { serveStatically, type StaticSite } from './static-site.js'

const DOCS = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(DOCS, 'dist')

type Browser = Awaited<ReturnType<typeof launchBrowser>>
type Page = Awaited<ReturnType<Browser['newPage']>>

/** What somebody types who has only the site, and the pages that answer it; in Russian, on the Russian pages. */
const QUESTIONS: [home: '/' | '/ru/', words: string, answers: RegExp][] = [
  ['/', 'blank chat', /\/placing#my-chat-is-blank/],
  ['/', 'chat is empty', /\/placing#my-chat-is-blank/],
  ['/', 'iframe only', /\/placing#i-have-only-an-iframe-block/],
  ['/', '403', /\/troubleshooting#/],
  ['/', 'forbidden', /\/troubleshooting#/],
  ['/', 'rotate', /\/server\/operating#/],
  ['/', 'rotate key', /\/server\/operating#/],
  ['/', 'leak', /\/server\/operating#/],
  ['/', 'leaked key', /\/server\/operating#/],
  ['/', 'many viewers', /\/server\/growing#/],
  ['/', 'strict CSP', /\/placing#strict-policies/],
  ['/', 'content security policy', /\/placing#strict-policies/],
  ['/', 'SPA', /\/placing#single-page-apps/],
  ['/', 'single page app', /\/placing#single-page-apps/],
  ['/', 'sign in', /sign-in-required|#who-the-visitor-is/],
  ['/', 'logout', /\/placing#single-page-apps/],
  ['/', 'WordPress', /\/wordpress#/],
  ['/', 'Kubernetes', /\/server\/growing#kubernetes/],
  ['/', 'Next.js', /\/placing#i-have-a-node-backend/],
  ['/ru/', 'пустой чат', /\/ru\/placing#чат-пустой/],
  ['/ru/', 'чат не показывается', /\/ru\/placing#чат-пустой/],
  ['/ru/', 'только iframe', /\/ru\/placing#можно-только-фрейм/],
  ['/ru/', '403', /\/ru\/troubleshooting#/],
  ['/ru/', 'сменить ключ', /\/ru\/operating#смена-ключа/],
  ['/ru/', 'ротация ключей', /\/ru\/operating#смена-ключа/],
  ['/ru/', 'утечка', /\/ru\/operating#утечка-ключа/],
  ['/ru/', 'ключ утёк', /\/ru\/operating#утечка-ключа/],
  ['/ru/', 'много зрителей', /\/ru\/operating#много-зрителей/],
  ['/ru/', 'большая нагрузка', /\/ru\/operating#/],
  ['/ru/', 'строгая CSP', /\/ru\/placing#страница-с-content/],
  ['/ru/', 'SPA', /\/ru\/placing#одностраничное/],
  ['/ru/', 'одностраничные приложения', /\/ru\/placing#одностраничное/],
  ['/ru/', 'просит войти', /\/ru\/troubleshooting#/],
  ['/ru/', 'Битрикс', /\/ru\/placing#редактор-убирает-тег/],
]

/** The same, for somebody who doesn't search: links to follow from the home page, two at most. */
const WALKS: [home: '/' | '/ru/', goal: string, links: string[], heading: RegExp][] = [
  ['/', 'blank chat', ['My chat is blank'], /blank/],
  ['/', 'iframe only', ['An iframe, and who the visitor is in it'], /iframe/],
  ['/', '403', ['Codes by status'], /403/],
  ['/', 'a code', ['All codes, with pictures'], /wrong/],
  ['/', 'rotate', ['Rotation'], /Rotation/],
  ['/', 'leak', ['A key is compromised'], /compromised/],
  ['/', 'many viewers', ['Many viewers: past one machine'], /viewers/],
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

  it('leads nowhere that is not there, anchors included', () => {
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
          if (!/\.(json|png)$/.test(target)) missing.push(`${page}: ${href}`)
        } else if (hash && !html_.includes(`id="${hash}"`)) missing.push(`${page}: ${href}`)
      }
    }
    expect(pages.size).toBeGreaterThan(15)
    expect([...new Set(missing)]).toEqual([])
  })

  /** The first three places that the site's own search finds. */
  async function found(page: Page, words: string): Promise<string[]> {
    const input = page.locator('#localsearch-input')
    if (!(await input.isVisible())) await page.locator('#local-search button').click()
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

  it.each(['/', '/ru/'] as const)('answers by its search what a newcomer types: %s', async (home) => {
    const page = await browser.newPage()
    await page.goto(site.url + home)
    const missed: string[] = []
    for (const [where, words, answers] of QUESTIONS) {
      if (where !== home) continue
      const links = await found(page, words)
      if (!links.some((link) => answers.test(link))) missed.push(`${words}: ${links.join(' ') || 'nothing'}`)
    }
    expect(missed).toEqual([])
    // a control: the search does not find whatever it is asked for
    expect(await found(page, 'xylophone')).toEqual([])
    await page.close()
  })

  it.each([
    ['/', '/troubleshooting'],
    ['/ru/', '/ru/troubleshooting'],
  ])('finds each code by its search first of all: %s', async (home, codes) => {
    const page = await browser.newPage()
    await page.goto(site.url + home)
    const missed: string[] = []
    for (const code of Object.keys(CODE_NOTES)) {
      const links = await found(page, code)
      if (!links.includes(`${codes}#${code}`)) missed.push(`${code}: ${links.join(' ')}`)
    }
    expect(missed).toEqual([])
    await page.close()
  })

  it.each([1280, 375])('leads a newcomer from its home page in two clicks, %s px wide', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 } })
    for (const [home, goal, links, heading] of WALKS) {
      expect(links.length).toBeLessThanOrEqual(2)
      await page.goto(site.url + home)
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
  })
})
