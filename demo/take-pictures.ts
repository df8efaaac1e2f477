// Takes the pictures of the documentation: what a visitor sees under each code, and a chat, in both languages.
// Named codes, or `chat`, take those pictures only.
//     pnpm --filter ./demo run pictures [NAME…] && pnpm --filter kinescope-chat-docs run pages
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { startDemo } from './start-demo.js'
import { isAboutCode, SCENARIOS } from './src/scenarios.js'
import { launchBrowser } from './test/e2e/browser.js'
import { pictureTexts, TALKS, THEMES } from '../docs/picture-texts.js'

const FOLDER = fileURLToPath(new URL('../docs/pictures/', import.meta.url))
/** Long enough for the slowest of them to be named, and for a banner to appear. */
const SETTLED_MS = 1800
const AT_ONCE = 4

const start = () =>
  startDemo({
    ports: { site: 0, token: 0, emulator: 0 },
    watch: false,
    logLevel: 'silent',
    report: () => undefined,
  })
let demo = await start()
const browser = await launchBrowser()
await mkdir(FOLDER, { recursive: true })
const named = process.argv.slice(2)
const isWanted = (name: string) => named.length === 0 || named.includes(name)
const texts = JSON.parse(await readFile(`${FOLDER}texts.json`, 'utf8').catch(() => '{}')) as Record<
  string,
  string
>
const wanted = SCENARIOS.filter((scenario) => isAboutCode(scenario) && isWanted(scenario.id)).flatMap(
  (scenario) => (['en', 'ru'] as const).map((language) => ({ scenario, language })),
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
        element.style.setProperty('--kinescope-chat-height', '360px')
      })
      await page.waitForTimeout(SETTLED_MS)
      await chat.screenshot({ path: `${FOLDER}${scenario.id}-${language}.png`, animations: 'disabled' })
      const name = `${scenario.id}-${language}.png`
      texts[name] = pictureTexts()[name]!
      await context.close()
    }
  }),
)
/** Two visitors talk; the picture is what the second one sees. */
for (const [language, talk] of isWanted('chat') ? Object.entries(TALKS) : [])
  for (const theme of THEMES) {
    for (const [name, text] of Object.entries(talk)) {
      const context = await browser.newContext({
        colorScheme: theme,
        viewport: { width: 1000, height: 900 },
        deviceScaleFactor: 2,
      })
      const page = await context.newPage()
      await page.goto(`${demo.site}/?language=${language}&theme=${theme}`)
      await page.locator('kinescope-chat [part=button]').first().click()
      await page.keyboard.type(name)
      await page.keyboard.press('Enter')
      const chat = page.frameLocator('kinescope-chat iframe')
      await chat.locator('#standing.verified').waitFor()
      await chat.locator('#message').fill(text)
      await chat.locator('#message').press('Enter')
      await chat.locator('#log', { hasText: text }).waitFor()
      const element = page.locator('kinescope-chat').first()
      await element.evaluate((chat) => {
        chat.style.width = '420px'
        chat.style.setProperty('--kinescope-chat-height', '440px')
      })
      await element.screenshot({ path: `${FOLDER}chat-${language}-${theme}.png`, animations: 'disabled' })
      await context.close()
    }
    texts[`chat-${language}-${theme}.png`] = pictureTexts()[`chat-${language}-${theme}.png`]!
    // the next picture begins with an empty chat
    await demo.close()
    demo = await start()
  }
await writeFile(
  `${FOLDER}texts.json`,
  `${JSON.stringify(Object.fromEntries(Object.entries(texts).sort()), null, 2)}\n`,
)
await browser.close()
await demo.close()
