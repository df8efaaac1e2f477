import { mkdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SEED } from '../../emulator/seed-events.js'
import { launchBrowser } from '../e2e/browser.js'
import { casesFor, hold, type Contestant } from '../php/contract.js'
import { startKinescope, type Kinescope } from './kinescope.js'
import { contestant, ringOf } from './wordpress-contestant.js'
import { startDatabase, type Database } from './wordpress-database.js'
import { People } from './wordpress-people.js'
import { WordPressOwner } from './wordpress-owner.js'
import { releases, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const missing = whyNoWordPress()
if (missing) console.log(`Skipped: tokens signed by WordPress. ${missing}`)

const PICTURES = process.env['PICTURES']

describe.skipIf(missing)('a site that signs tokens itself', () => {
  describe.each(missing ? [] : releases())('WordPress %s', (release, folder) => {
    let database: Database
    let browser: Browser
    let kinescope: Kinescope
    let wordpress: WordPress
    let people: People
    let owner: WordPressOwner
    let link: string

    beforeAll(async () => {
      ;[database, browser, kinescope] = await Promise.all([
        startDatabase(),
        launchBrowser(),
        startKinescope(),
      ])
      wordpress = await startWordPress({
        folder,
        database,
        chatOrigin: kinescope.chatOrigin,
        plugin: false,
        config: {
          LIVE_CHAT_FOR_KINESCOPE_STREAMS_API: kinescope.chatOrigin,
          WP_ACCESSIBLE_HOSTS: '127.0.0.1',
        },
      })
      people = new People(wordpress, browser)
      owner = new WordPressOwner(people)
    })
    afterAll(async () => {
      await wordpress?.close()
      await kinescope?.emulator.close()
      await browser?.close()
      await database?.close()
    })

    /** Takes screenshots of the settings in both languages, wide and narrow. */
    async function pictures(page: Page, name: string) {
      if (!PICTURES) return
      mkdirSync(PICTURES, { recursive: true })
      for (const language of ['ru_RU', 'en_US']) {
        await wordpress.php(`update_user_meta(1, 'locale', $argv[1]);`, language)
        await page.goto(owner.setup)
        await page.waitForFunction(() => {
          const chat = document.querySelector('kinescope-chat')
          return !chat || chat.state === 'ready'
        })
        for (const width of [1280, 390]) {
          await page.setViewportSize({ width, height: 900 })
          await page.screenshot({
            path: join(PICTURES, `${release}-${name}-${language}-${width}.png`),
            fullPage: true,
          })
        }
        await page.setViewportSize({ width: 1280, height: 900 })
      }
    }

    it(
      'is set up from the upload to two visitors in one chat, without a terminal',
      { timeout: 180_000 },
      async () => {
        const page = await owner.upload()
        await page.goto(owner.setup)
        await pictures(page, 'step-1')
        await page.fill('#lcks-token', kinescope.emulator.apiToken)
        await page.click('#lcks-connect')
        await page.locator('.lcks-list').waitFor()
        await pictures(page, 'step-2')
        await page.check(`.lcks-stream input[value="${SEED.live.id}"]`)
        await page.click('#lcks-save')
        await page.waitForFunction(() => document.querySelector('kinescope-chat')?.state === 'ready')
        await pictures(page, 'step-3')
        await page.click('#lcks-page')
        await page.waitForURL(/post\.php/)
        const id = new URL(page.url()).searchParams.get('post')!
        await wordpress.php('wp_publish_post((int) $argv[1]);', id)
        link = `${wordpress.url}/?page_id=${id}`
        const [author] = await people.chats('author', link)
        const [subscriber] = await people.chats('subscriber', link)
        expect(author).toMatchObject({ state: 'ready', name: 'Жанна "Ж" & Co' })
        expect(subscriber).toMatchObject({ state: 'ready', name: 'Reader' })
        expect(author!.user).not.toBe(subscriber!.user)
        const { keys } = JSON.parse(await ringOf(wordpress)) as { keys: Record<string, { kid: string }> }
        const listed = await registered()
        expect(listed.filter(({ kid }) => kid in keys)).toHaveLength(1)
      },
    )

    it('shows each visitor their own chat on one static page, as a page cache keeps it', async () => {
      const { html: bytes } = await people.read('boss', link)
      const { html: forStranger } = await people.read('stranger', link)
      // WordPress adds a bar and nonces for a signed-in user: only the chat's markup is the same for all
      const chatOf = (html: string) => /<kinescope-chat[^]*?<\/kinescope-chat>/.exec(html)![0]
      expect(chatOf(bytes)).toBe(chatOf(forStranger))
      expect(chatOf(bytes)).not.toMatch(/identity|eyJ|Boss/)
      expect(forStranger).not.toMatch(/eyJ|Boss|Reader|wordpress_logged_in|no-store/)
      const frozen = `${wordpress.url}/frozen.html`
      await writeFile(join(wordpress.folder, 'frozen.html'), forStranger)

      const context = await browser.newContext()
      const page = await context.newPage()
      const outcome = async () => {
        await page.goto(frozen)
        await page.waitForFunction(() => {
          const chat = document.querySelector('kinescope-chat')
          return chat?.state === 'ready' || chat?.state === 'error'
        })
        return page.evaluate(() => {
          const chat = document.querySelector('kinescope-chat')!
          return [chat.state, chat.problem?.code, chat.diagnostics().claims?.['username']]
        })
      }
      expect(await outcome()).toEqual(['error', 'sign-in-required', undefined])
      const member = await people.page('subscriber')
      await context.addCookies(await member.context().cookies())
      expect(await outcome()).toEqual(['ready', undefined, 'Reader'])
      await context.clearCookies()
      expect(await outcome()).toEqual(['error', 'sign-in-required', undefined])
      await context.close()
    })

    describe.each([
      ['the path', '/kinescope-chat/token'],
      ['the query', '/index.php?kinescope-chat-token'],
    ])('holds the contract at %s', (_name, path) => {
      let server: Contestant
      beforeAll(async () => {
        server = await contestant(wordpress, wordpress.url, path)
      }, 60_000)
      it.each(casesFor(['origins', 'authorization']))('%s', (_name, test) => hold(server, test))
    })

    it('keeps keys and the API token out of options, REST, exports and Site Health', async () => {
      const leaks = await wordpress.php(
        `$secrets = [$argv[1], 'PRIVATE KEY', 'live_chat_for_kinescope_streams_ring', 'live_chat_for_kinescope_streams_api_token', constant('LIVE_CHAT_FOR_KINESCOPE_STREAMS_SEAL')];
        require_once ABSPATH . 'wp-admin/includes/export.php'; require_once ABSPATH . 'wp-admin/includes/class-wp-debug-data.php'; require_once ABSPATH . 'wp-admin/includes/update.php'; require_once ABSPATH . 'wp-admin/includes/misc.php'; require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/theme.php';
        wp_set_current_user(1);
        $rest = rest_do_request(new WP_REST_Request('GET', '/wp/v2/settings'))->get_data();
        ob_start(); export_wp(); $export = ob_get_clean();
        $places = ['autoloaded' => wp_load_alloptions(), 'rest' => $rest, 'export' => $export, 'site health' => [apply_filters('debug_information', []), Live_Chat_For_Kinescope_Streams\\Site_Health::test()]];
        global $wpdb; $places['database'] = array_diff_key($wpdb->get_col("SELECT option_value FROM $wpdb->options"), []);
        foreach ($places as $place => $value) foreach ($secrets as $at => $secret) { if ($place === 'database' && in_array($at, [2, 3], true)) continue; if (strpos(serialize($value), $secret) !== false) echo "$place $at "; }`,
        kinescope.emulator.apiToken,
      )
      expect(leaks).toBe('')
    })

    it('reports changed secrets, and signs with a new key after the administrator enters the API token', async () => {
      const config = join(wordpress.folder, 'wp-config.php')
      const before = await readFile(config, 'utf8')
      const [line] = /^define\( 'LIVE_CHAT_FOR_KINESCOPE_STREAMS_SEAL'.*$/m.exec(before)!
      const secret = crypto.randomUUID() + crypto.randomUUID()
      await writeFile(config, before.replace(line, line.replace(/[0-9a-f]{64}/, secret)))
      const page = await people.page('boss')
      // PHP may use a compiled file for two seconds
      await expect
        .poll(
          async () => {
            await page.goto(owner.setup)
            return page.locator('.notice-error', { hasText: 'wp-config.php' }).count()
          },
          { timeout: 20_000 },
        )
        .toBe(1)
      await expect.poll(() => codeFor('subscriber'), { timeout: 20_000 }).toBe('key-unavailable')
      await page.fill('#lcks-token', kinescope.emulator.apiToken)
      await page.click('#lcks-connect')
      await page.locator('.notice-success').waitFor()
      expect((await people.chats('subscriber', link))[0]).toMatchObject({ state: 'ready', name: 'Reader' })
    })

    it('signs as a copy under another address, changes no key at Kinescope, and asks the administrator', async () => {
      const listed = await registered()
      const asCopy = (code: string) =>
        wordpress.php(
          `use Live_Chat_For_Kinescope_Streams as Chat; add_filter('home_url', function ($url, $path) { return 'https://staging.example.com' . $path; }, 10, 2); ${code}`,
        )
      const signs = `echo strlen(Chat\\Connection::keys()->signer()[0]), Chat\\Findings::key_problem();`
      expect(await asCopy(signs)).toBe('25copy-of-a-site')
      await asCopy(`Chat\\Upkeep::run();`)
      expect(await registered()).toEqual(listed)
      const asks = `wp_set_current_user(1); require_once ABSPATH . 'wp-admin/includes/template.php'; ob_start(); Chat\\Setup_Page::show(); echo strpos(ob_get_clean(), 'lcks-moved') > 0;`
      expect(await asCopy(asks)).toBe('1')
    })

    it('rotates its key after a response if no cron runs', async () => {
      const before = await ours()
      // sets the key's dates back by 800 days
      await wordpress.php(
        `$store = new Live_Chat_For_Kinescope_Streams\\Option_Store(); $old = $store->read('ring'); $ring = json_decode($old, true);
        foreach ($ring['keys'] as $kid => $key) if ($key['signUntil'] === null) foreach (['createdAt', 'publishedAt', 'signFrom'] as $name) $ring['keys'][$kid][$name] -= 800 * 86400;
        $store->swap('ring', $old, json_encode($ring));`,
      )
      expect((await people.chats('subscriber', link))[0]).toMatchObject({ state: 'ready' })
      await expect.poll(async () => (await ours()).length, { timeout: 20_000 }).toBe(before.length + 1)
      expect((await people.chats('author', link))[0]).toMatchObject({ state: 'ready' })
    })

    it('removes its key from Kinescope and all its options when the plugin is deleted', async () => {
      const left = await wordpress.php(
        `require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';
        $plugin = 'live-chat-for-kinescope-streams/live-chat-for-kinescope-streams.php';
        deactivate_plugins($plugin); delete_plugins([$plugin]);
        global $wpdb; echo implode(' ', $wpdb->get_col("SELECT option_name FROM $wpdb->options WHERE option_name LIKE '%stream%chat%' OR option_name LIKE 'live%chat%'")), wp_next_scheduled('live_chat_for_kinescope_streams_upkeep') ? 'cron' : '';`,
      )
      expect(left).toBe('')
      expect(await ours()).toEqual([])
    })

    /** Requests a token as the page does. */
    async function codeFor(person: 'subscriber') {
      const page = await people.page(person)
      await page.goto(link)
      return page.evaluate(async (event) => {
        const body = JSON.stringify({ event_id: event })
        const reply = await fetch('/kinescope-chat/token', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body,
        })
        return ((await reply.json()) as { code?: string }).code
      }, SEED.live.publicId)
    }

    /** The registered keys without the emulator's first one. */
    const ours = async () => (await registered()).filter(({ kid }) => /^\d{8}-/.test(kid))

    async function registered(): Promise<{ kid: string }[]> {
      const reply = await fetch(`${kinescope.chatOrigin}/v1/jwk`, {
        headers: { authorization: `Bearer ${kinescope.emulator.apiToken}` },
      })
      return ((await reply.json()) as { data: { kid: string }[] }).data
    }
  })
})
