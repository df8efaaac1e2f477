import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT, startKinescope, type Kinescope } from './kinescope.js'
import { blockOf, PLACEHOLDER, ROOT } from './page-blocks.js'
import { startTokenServer, type TokenServer } from './token-server.js'
import { startDatabase, type Database } from './wordpress-database.js'
import { WordPressOwner } from './wordpress-owner.js'
import { People } from './wordpress-people.js'
import { freePort, releases, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const PAGE = 'docs/wordpress.md'
const missing = whyNoWordPress()
if (missing) console.log(`Skipped: ${PAGE} is not followed in a real WordPress. ${missing}`)

/** The content for each way in the page's table. The table has only the address of a link, so this adds the tag. */
async function ways(): Promise<string[]> {
  const text = await readFile(join(ROOT, PAGE), 'utf8')
  const cell = (way: string) => new RegExp(`^\\| ${way} \\| (.*) \\|$`, 'm').exec(text)![1]!
  const codes = (way: string) => [...cell(way).matchAll(/`([^`]*)`/g)].map(([, code]) => code!)
  const [address] = codes('address')
  const [shortcode] = codes('shortcode')
  const [link] = codes('link')
  const [tag, div] = codes('tag, div')
  const embedding = await readFile(join(ROOT, 'docs/embedding.md'), 'utf8')
  const indented = /^(?: {4})?(\[kinescope_chat.*)\n(?: {4})?(https:.*)$/m.exec(embedding)!
  return [
    shortcode!,
    shortcode!.replace(']', ' height="70vh" language="ru" loading="lazy" refresh="hold" help]'),
    address!,
    `<p><a href="${link}">Open the chat</a></p>`,
    `${tag}</kinescope-chat>`,
    `${div}</div>`,
    ...indented.slice(1),
  ]
}

describe.skipIf(missing)(`the WordPress plugin, set up by ${PAGE}`, () => {
  let database: Database
  let browser: Browser
  let wordpress: WordPress
  let kinescope: Kinescope
  let tokenServer: TokenServer | undefined
  let people: People
  let owner: WordPressOwner
  let server: string

  beforeAll(async () => {
    ;[database, browser, kinescope] = await Promise.all([startDatabase(), launchBrowser(), startKinescope()])
    server = `http://localhost:${await freePort()}`
    const [, folder] = releases().at(-1)!
    wordpress = await startWordPress({ folder, database, chatOrigin: kinescope.chatOrigin, plugin: false })
    people = new People(wordpress, browser)
    owner = new WordPressOwner(people)
  })
  afterAll(async () => {
    await wordpress?.close()
    await tokenServer?.close()
    await kinescope?.emulator.close()
    await browser?.close()
    await database?.close()
  })

  async function serve(lines: Record<string, string>) {
    await tokenServer?.close()
    tokenServer = await startTokenServer({ PORT: new URL(server).port, ...lines }, kinescope)
  }

  it('connects to the token server after the four steps', async () => {
    await owner.upload()
    await owner.save(server)
    const shown = await owner.makeSecret()
    const onPage = (await blockOf(PAGE, 'sh', 'CHAT_IDENTITY_SECRET')).matchAll(/^ *(\w+)=(.*)$/gm)
    const lines = Object.fromEntries([...onPage].map(([, name, value]) => [name!, value!]))
    expect(Object.keys(lines)).toEqual(Object.keys(shown))
    expect(lines['CHAT_IDENTITY']).toBe(shown['CHAT_IDENTITY'])
    // settings that the page can't know
    await serve({
      ...lines,
      CHAT_IDENTITY_SECRET: shown['CHAT_IDENTITY_SECRET']!,
      CHAT_ALLOWED_ORIGINS: wordpress.url,
      CHAT_EVENTS: EVENT,
    })
    expect(await owner.testConnection(EVENT)).toBe('ok')
  })

  it('shows the chat for every way in the table, with the signed-in visitor’s name', async () => {
    const written = (await ways()).map((way) =>
      way
        .replaceAll(PLACEHOLDER, EVENT)
        .replaceAll(/\bID\b/g, EVENT)
        // an address on its own line is Kinescope's, and the emulator replaces Kinescope
        .replace(/^https:\/\/kinescope\.io/, kinescope.chatOrigin),
    )
    // two pages, since a browser opens six connections to an origin and each emulated chat page uses one
    for (const content of [written.slice(0, 4), written.slice(4)]) {
      const { link } = await people.write('author', content.join('\n\n'))
      const chats = await people.chats('subscriber', link)
      expect(chats.map(({ state, code, name }) => [state, code, name])).toEqual(
        content.map(() => ['ready', undefined, 'Reader']),
      )
      const [signedOut] = await people.chats('signed-out', link)
      expect(signedOut!.signin).toContain('/wp-login.php')
    }
  })

  it('reads the secret from wp-config.php, and omits the integrity hash if a filter says so', async () => {
    const { link } = await people.write('author', `[kinescope_chat event="${EVENT}"]`)
    expect((await people.read('subscriber', link)).html).toContain('integrity="sha384')
    const secret = crypto.randomUUID() + crypto.randomUUID()
    const constant = (await blockOf(PAGE, 'php', 'SECRET')).replace('…', secret)
    const config = join(wordpress.folder, 'wp-config.php')
    await writeFile(config, (await readFile(config, 'utf8')).replace('<?php ', `<?php ${constant} `))
    const always = join(wordpress.folder, 'wp-content/mu-plugins/no-hash.php')
    await appendFile(always, `<?php ${await blockOf(PAGE, 'php', 'kinescope_integrity')}`)
    await serve({ CHAT_IDENTITY_SECRET: secret, CHAT_ALLOWED_ORIGINS: wordpress.url })
    // PHP may cache a compiled file for two seconds
    await expect
      .poll(async () => (await people.chats('subscriber', link)).map(({ state, name }) => [state, name]), {
        timeout: 15_000,
        interval: 500,
      })
      .toEqual([['ready', 'Reader']])
    expect((await people.read('subscriber', link)).html).not.toContain('integrity="sha384')
  })
})
