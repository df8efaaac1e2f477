// Takes the pictures of docs/troubleshooting.md: what a visitor sees under each code, in both languages.
//     pnpm --filter ./demo run pictures && pnpm --filter kinescope-chat-docs run pages
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startDemo } from './start-demo.js'
import { isAboutCode, SCENARIOS } from './src/scenarios.js'
import { launchBrowser } from './test/e2e/browser.js'

const FOLDER = fileURLToPath(new URL('../docs/pictures/', import.meta.url))
/** Long enough for the slowest of them to be named, and for a banner to appear. */
const SETTLED_MS = 1800
const AT_ONCE = 4

const demo = await startDemo({
  ports: { site: 0, token: 0, emulator: 0 },
  watch: false,
  logLevel: 'silent',
  report: () => undefined,
})
const browser = await launchBrowser()
await mkdir(FOLDER, { recursive: true })
const wanted = SCENARIOS.filter(isAboutCode).flatMap((scenario) =>
  (['en', 'ru'] as const).map((language) => ({ scenario, language })),
)
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = wanted.shift(); next; next = wanted.shift()) {
      const { scenario, language } = next
      const context = await browser.newContext({
        locale: language === 'ru' ? 'ru-RU' : 'en-GB',
        viewport: { width: 1000, height: 900 },
      })
      const page = await context.newPage()
      await page.goto(`${demo.site}/?scenario=${scenario.id}&language=${language}&theme=light`)
      await page.locator('#verdict[data-verdict]').waitFor({ timeout: 60_000 })
      const chat = page.locator('kinescope-chat').first()
      await chat.evaluate((element) => {
        element.style.width = '360px'
        element.style.setProperty('--kinescope-chat-height', '300px')
      })
      await page.waitForTimeout(SETTLED_MS)
      await chat.screenshot({ path: `${FOLDER}${scenario.id}-${language}.png`, animations: 'disabled' })
      await context.close()
    }
  }),
)
await browser.close()
await demo.close()
