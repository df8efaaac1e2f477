import { mkdirSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT, startKinescope, type Kinescope } from './kinescope.js'
import { startTokenServer, type TokenServer } from './token-server.js'
import { startDatabase, type Database } from './wordpress-database.js'
import { WordPressOwner } from './wordpress-owner.js'
import { People } from './wordpress-people.js'
import { freePort, releases, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const missing = whyNoWordPress()
if (missing) console.log(`Skipped: the WordPress plugin is not tried in a real WordPress. ${missing}`)

const randomSecret = () => crypto.randomUUID() + crypto.randomUUID()

/** The folder for screenshots: `WORDPRESS_PICTURES=folder`. */
const pictures = process.env['WORDPRESS_PICTURES']

describe.skipIf(missing)('the WordPress plugin, from its upload to the chat', () => {
  let database: Database
  let browser: Browser
  beforeAll(async () => {
    ;[database, browser] = await Promise.all([startDatabase(), launchBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    await database?.close()
  })

  describe.each(missing ? [] : releases())('in WordPress %s', (release, folder) => {
    let wordpress: WordPress
    let kinescope: Kinescope
    let tokenServer: TokenServer
    let people: People
    let server: string
    let owner: WordPressOwner
    let settings: string
    /** `CHAT_…` lines as the settings page shows them. */
    let lines: Record<string, string> = {}

    beforeAll(async () => {
      const port = await freePort()
      server = `http://localhost:${port}`
      kinescope = await startKinescope()
      tokenServer = await startTokenServer({ PORT: String(port) }, kinescope)
      wordpress = await startWordPress({
        folder,
        database,
        chatOrigin: tokenServer.chatOrigin,
        plugin: false,
      })
      people = new People(wordpress, browser)
      owner = new WordPressOwner(people)
      ;({ settings } = owner)
    })
    afterAll(async () => {
      await wordpress?.close()
      await tokenServer?.close()
      await kinescope?.emulator.close()
    })

    const picture = async (page: Page, name: string) => {
      if (!pictures) return
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: `${pictures}/${release}-${name}.png`, fullPage: true })
    }
    const faults = async (page: Page) => (await page.content()).match(/PLUGIN FAULT.*/g)
    const inAllWays = () => `<p>Before</p>

[kinescope_chat event=”${EVENT}” height="100%" label=”The first one” help="true"]

[kinescope_chat event="<a href="https://kinescope.io/chat/${EVENT}">https://kinescope.io/chat/${EVENT}</a>"]

${tokenServer.chatOrigin}/chat/${EVENT}

<kinescope-chat event-id="${EVENT}" label="Typed"></kinescope-chat>

<div data-kinescope-chat="${EVENT}" data-label="Div"></div>

<p><a href="https://kinescope.io/chat/${EVENT}/?from=mail#kinescope-chat">Open the chat</a></p>`

    /** Restarts the token server with other settings, at the same address. */
    async function restart(other: Record<string, string>) {
      await tokenServer.close()
      tokenServer = await startTokenServer({ PORT: new URL(server).port, ...other }, kinescope)
    }
    const asShown = () => ({
      CHAT_IDENTITY: lines['CHAT_IDENTITY']!,
      CHAT_IDENTITY_SECRET: lines['CHAT_IDENTITY_SECRET']!,
      CHAT_ALLOWED_ORIGINS: lines['CHAT_ALLOWED_ORIGINS']!,
    })

    const testConnection = (event: string) => owner.testConnection(event)

    it('is uploaded as an archive and activated, and links to its set-up page', async () => {
      const page = await owner.upload()
      await page.click(
        'tr[data-slug="live-chat-for-kinescope-streams"] a[href*="page=live-chat-for-kinescope-streams"]',
      )
      expect(page.url()).toBe(owner.setup)
      expect(await faults(page)).toBeNull()
    })

    it('accepts only a valid address on its settings page, and shows a new secret once', async () => {
      const page = await people.page('boss')
      const kept = async () =>
        JSON.parse(
          await wordpress.php(`echo json_encode(get_option('stream_chat_for_kinescope'));`),
        ) as unknown
      expect(await testConnection(EVENT)).toBe('no-address')
      await owner.save(`${server}/`)
      expect(await kept()).toEqual({ server, hours: 6 })
      for (const bad of ['http://chat.example.com', 'https://chat.example.com/?x=1']) {
        await owner.save(bad)
        expect(
          await page.locator('.settings-error.notice-error, .notice-error.settings-error').count(),
          bad,
        ).toBe(1)
        expect(await kept(), bad).toEqual({ server, hours: 6 })
      }
      expect(await testConnection(EVENT)).toBe('no-secret')

      lines = await owner.makeSecret()
      await picture(page, 'settings-made')
      expect(Object.keys(lines)).toEqual([
        'CHAT_IDENTITY',
        'CHAT_IDENTITY_SECRET',
        'CHAT_ALLOWED_ORIGINS',
        'CHAT_EVENTS',
      ])
      expect(lines['CHAT_ALLOWED_ORIGINS']).toBe(wordpress.url)
      const secret = lines['CHAT_IDENTITY_SECRET']!
      expect(secret).toMatch(/^[0-9a-f]{64}$/)
      // a reload sends the form again, and the secret must stay the same
      await page.reload()
      expect(await page.content()).not.toContain(secret)
      await page.goto(settings)
      expect(await page.content()).not.toContain(secret)
      const stored = await wordpress.php(
        `global $wpdb; foreach ($wpdb->get_results("SELECT option_name, autoload, option_value FROM $wpdb->options WHERE option_name LIKE 'stream\\\\_chat%'") as $row) echo "$row->option_name $row->autoload ", strlen($row->option_value), "\\n";`,
      )
      for (const row of stored.trim().split('\n')) expect(row).toMatch(/ (no|off) /)
      expect(await wordpress.php(`echo get_option('stream_chat_for_kinescope_secret');`)).toBe(secret)
      expect(await faults(page)).toBeNull()
    })

    it('accepts an existing secret of the token server, but rejects a weak one', async () => {
      const page = await people.page('boss')
      const other = randomSecret()
      for (const [given, expected] of [
        ['abcdefgh'.repeat(5), lines['CHAT_IDENTITY_SECRET']],
        [other, other],
        ['', other],
        [lines['CHAT_IDENTITY_SECRET']!, lines['CHAT_IDENTITY_SECRET']],
      ]) {
        await page.goto(settings)
        await page.fill('#live-chat-for-kinescope-streams-secret', given!)
        await Promise.all([page.waitForURL(/settings-updated/), page.click('#submit')])
        expect(await wordpress.php(`echo get_option('stream_chat_for_kinescope_secret');`), given).toBe(
          expected,
        )
      }
    })

    it('shows its settings only to administrators, and requires a nonce', async () => {
      for (const person of ['editor', 'author', 'subscriber'] as const) {
        const { status, html } = await people.read(person, settings)
        expect(status).toBe(403)
        expect(html).not.toContain('stream_chat_for_kinescope_make_secret')
      }
      // a form without the page's nonce has no effect
      const boss = await people.page('boss')
      await boss.request.post(settings, {
        form: { stream_chat_for_kinescope_make_secret: '0000000000000000' },
      })
      expect(await wordpress.php(`echo get_option('stream_chat_for_kinescope_secret');`)).toBe(
        lines['CHAT_IDENTITY_SECRET'],
      )
    })

    it('reports each problem, or success, in a test of the connection', async () => {
      const page = await people.page('boss')
      await restart({ ...asShown(), CHAT_IDENTITY_SECRET: randomSecret() })
      expect(await testConnection(EVENT)).toBe('sign-in-required')
      await picture(page, 'settings-wrong-secret')
      await restart({ ...asShown(), CHAT_IDENTITY_AUDIENCE: 'somebody-else' })
      expect(await testConnection(EVENT)).toBe('sign-in-required')
      await restart({ ...asShown(), CHAT_ALLOWED_ORIGINS: 'https://www.example.com' })
      expect(await testConnection(EVENT)).toBe('origin-not-allowed')
      await restart(asShown())
      expect(await testConnection('another-stream')).toBe('event-not-allowed')
      expect(await testConnection('')).toBe('event-not-allowed')
      expect(await page.locator('.notice-success[data-code]').count()).toBe(1)
      expect(await testConnection(`https://kinescope.io/chat/${EVENT}`)).toBe('ok')
      const set = (address: string) =>
        wordpress.php(
          `update_option('stream_chat_for_kinescope', ['server' => $argv[1]] + get_option('stream_chat_for_kinescope'));`,
          address,
        )
      await set(`${wordpress.url}/index.php`)
      expect(await testConnection(EVENT)).toBe('wrong-address')
      await set(`http://localhost:${await freePort()}`)
      expect(await testConnection(EVENT)).toBe('unreachable')
      await set(server)
      expect(await faults(page)).toBeNull()
    })

    it('shows Russian texts to a user with the Russian locale', async () => {
      await wordpress.php(
        `update_user_meta(1, 'locale', 'ru_RU'); @mkdir(WP_LANG_DIR); touch(WP_LANG_DIR . '/ru_RU.mo'); `,
      )
      const page = await people.page('boss')
      await page.goto(settings)
      expect(await page.locator('#stream_chat_for_kinescope_test_submit').inputValue()).toBe(
        'Проверить связь',
      )
      await testConnection(EVENT)
      await picture(page, 'settings-ru')
      await wordpress.php(`delete_user_meta(1, 'locale');`)
    })

    it('gives an editor a block with a pasted link, a static preview and settings', async () => {
      const page = await people.page('editor')
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.goto(`${wordpress.url}/wp-admin/post-new.php`)
      await page.waitForFunction(() =>
        (
          window as never as { wp: { blocks?: { getBlockType(name: string): unknown } } }
        ).wp.blocks?.getBlockType('stream-chat-for-kinescope/chat'),
      )
      // until then, the editor replaces its blocks by those of the post
      await page.waitForFunction(() =>
        (
          window as never as { wp: { data: { select(store: string): Record<string, () => boolean> } } }
        ).wp.data.select('core/editor')['__unstableIsEditorReady']!(),
      )
      await page.evaluate(() => {
        const { blocks, data } = (window as never as { wp: Wp }).wp
        data
          .dispatch('core/block-editor')
          .insertBlocks([blocks.createBlock('stream-chat-for-kinescope/chat')])
      })
      const canvas = (await page.locator('iframe[name="editor-canvas"]').count())
        ? page.frameLocator('iframe[name="editor-canvas"]')
        : page
      await canvas
        .locator('.live-chat-for-kinescope-streams-form input')
        .fill(` https://kinescope.io/chat/${EVENT} `)
      await picture(page, 'editor-empty')
      await canvas.locator('.live-chat-for-kinescope-streams-form button').click()
      await canvas.locator('.live-chat-for-kinescope-streams-still').waitFor()
      expect(await canvas.locator('.live-chat-for-kinescope-streams-still code').innerText()).toBe(EVENT)
      await canvas.locator('.live-chat-for-kinescope-streams-still').click()
      const height = page.getByRole('textbox', { name: 'Height' })
      if (!(await height.isVisible())) {
        await page.evaluate(() => {
          const { data } = (window as never as { wp: Wp }).wp
          data.dispatch('core/edit-post').openGeneralSidebar('edit-post/block')
        })
      }
      await height.fill('70vh')
      await picture(page, 'editor')
      const link = await page.evaluate(async () => {
        const { data } = (window as never as { wp: Wp }).wp
        data.dispatch('core/editor').editPost({ title: 'Block', status: 'publish' })
        await data.dispatch('core/editor').savePost()
        return data.select('core/editor').getPermalink()
      })
      // a pasted address becomes the block, and so does a pasted shortcode
      const pasted = await page.evaluate((event) => {
        const { blocks } = (window as never as { wp: Wp }).wp
        return [
          `https://kinescope.io/chat/${event}`,
          `[kinescope_chat event="${event}" height="500" help]`,
        ].flatMap((text) =>
          blocks
            .pasteHandler({ HTML: `<p>${text}</p>`, plainText: text, mode: 'BLOCKS' })
            .map(({ name, attributes }) => ({
              name,
              event: attributes['event'],
              help: attributes['help'],
            })),
        )
      }, EVENT)
      expect(pasted).toEqual([
        { name: 'stream-chat-for-kinescope/chat', event: EVENT, help: false },
        { name: 'stream-chat-for-kinescope/chat', event: EVENT, help: true },
      ])
      expect(
        asked.filter(
          (url) =>
            !url.startsWith(wordpress.url) && !/^(data|blob|about):/.test(url) && url.startsWith(server),
        ),
      ).toEqual([])

      await page.goto('about:blank')
      const [chat, ...more] = await people.chats('editor', link)
      expect(chat).toMatchObject({ state: 'ready', name: 'Эдуард' })
      expect(more).toEqual([])
      expect(await page.locator('kinescope-chat').getAttribute('style')).toBe('--kinescope-chat-height:70vh')
      await picture(page, 'published')
    })

    for (const [person, name] of [
      ['author', 'Жанна "Ж" & Co'],
      ['boss', 'Boss'],
    ] as const)
      it(`shows a chat with the visitor’s name for each way that the ${person} used`, async () => {
        const { link } = await people.write(person, inAllWays())
        const chats = await people.chats(person, link)
        expect(chats.map(({ state, name }) => [state, name])).toEqual(Array(6).fill(['ready', name]))
        expect(chats.map(({ label }) => label)).toEqual(['The first one', null, null, 'Typed', 'Div', null])
        expect(new Set(chats.map(({ user }) => user)).size).toBe(1)
        expect(String(chats[0]!.user)).toMatch(/^[0-9a-f]{32}$/)
        expect(await faults(await people.page(person))).toBeNull()
        const subscribers = await people.chats('subscriber', link)
        expect(subscribers.map(({ state, name }) => [state, name])).toEqual(
          Array(6).fill(['ready', 'Reader']),
        )
        expect(subscribers[0]!.user).not.toBe(chats[0]!.user)
        const signedOut = await people.chats('signed-out', link)
        expect(signedOut).toHaveLength(6)
        for (const { state, code } of signedOut) expect([state, code]).toEqual(['error', 'sign-in-required'])
        expect(signedOut[0]!.signin).toContain('/wp-login.php?redirect_to=')
      })

    it('loads its script once and only on pages with a chat, with a hash for signed-in visitors', async () => {
      const { link } = await people.write('author', `[kinescope_chat ${EVENT}] [kinescope_chat ${EVENT}]`)
      const scripts = async (person: 'subscriber' | 'signed-out', path: string) =>
        (await people.read(person, path)).html.match(/<script[^>]*kinescope-chat[^>]*>/g) ?? []
      const [signedIn, ...more] = await scripts('subscriber', link)
      expect(more).toEqual([])
      expect(signedIn).toMatch(/ async(?:="async")?[ >]/)
      expect(signedIn).toMatch(/integrity="sha384-[^"]+"/)
      expect(signedIn).toContain(`data-token-url="${server}/token"`)
      // a cached page must not contain a hash that the next release changes
      const [anonymous] = await scripts('signed-out', link)
      expect(anonymous).toContain(`src="${server}/kinescope-chat.js"`)
      expect(anonymous).not.toContain('integrity')
      const { link: plain } = await people.write('author', '<p>No chat</p>')
      expect(await scripts('subscriber', plain)).toEqual([])
    })

    it('omits the integrity hash if the token server is unreachable', async () => {
      const { link } = await people.write('author', `[kinescope_chat ${EVENT}]`)
      const set = (address: string) =>
        wordpress.php(
          `delete_transient('stream_chat_for_kinescope_script'); update_option('stream_chat_for_kinescope', ['server' => $argv[1]] + get_option('stream_chat_for_kinescope'));`,
          address,
        )
      const unreachable = `http://localhost:${await freePort()}`
      await set(unreachable)
      const { html } = await people.read('subscriber', link)
      expect(html).toContain(`src="${unreachable}/kinescope-chat.js"`)
      expect(html).not.toContain('integrity="sha384')
      await set(server)
    })

    it('shows the chat in a widget, and in the templates of a block theme', async () => {
      const block = `<!-- wp:stream-chat-for-kinescope/chat {"event":"${EVENT}","label":"Side"} /-->`
      await wordpress.php(
        `update_option('widget_block', [2 => ['content' => $argv[1]], '_multiwidget' => 1]); update_option('sidebars_widgets', ['side' => ['block-2'], 'wp_inactive_widgets' => []]);`,
        block,
      )
      const { link } = await people.write('author', '<p>No chat</p>')
      const { html, headers } = await people.read('subscriber', link)
      expect(html.match(/<kinescope-chat[^>]* identity="/g)).toHaveLength(1)
      expect(headers['cache-control']).toContain('no-store')
      await wordpress.php(
        `update_option('sidebars_widgets', ['side' => [], 'wp_inactive_widgets' => ['block-2']]); update_option('widget_block', ['_multiwidget' => 1]);`,
      )

      const theme =
        (await wordpress.php(
          `foreach (['twentytwentyfive', 'twentytwentythree'] as $name) if (wp_get_theme($name)->exists()) { switch_theme($name); echo $name; break; }`,
        )) || null
      expect(theme).not.toBeNull()
      await wordpress.php(
        `kses_remove_filters(); $pattern = wp_insert_post(['post_type' => 'wp_block', 'post_status' => 'publish', 'post_author' => 3, 'post_title' => 'P', 'post_content' => $argv[2]]);
        wp_set_current_user(1);
        $id = wp_insert_post(['post_type' => 'wp_template', 'post_status' => 'publish', 'post_name' => 'single', 'post_title' => 'Single', 'post_content' => $argv[1] . '<!-- wp:block {"ref":' . $pattern . '} /--><!-- wp:post-content /-->']);
        wp_set_post_terms($id, get_stylesheet(), 'wp_theme');`,
        block,
        `<img src='https://evil.example/?${block.replace('Side', 'Hidden')}'>${block.replace('Side', 'Pattern')}`,
      )
      const templated = await people.read('subscriber', link)
      expect(
        templated.html
          .match(/<kinescope-chat[^>]* identity="[^>]*label="[^"]*"/g)
          ?.map((tag) => /label="(.*)"/.exec(tag)![1]),
      ).toEqual(['Side', 'Pattern'])
      expect(templated.headers['cache-control']).toContain('no-store')
      await wordpress.php(`switch_theme('plain');`)
    })

    it('removes its options when it is deleted', async () => {
      const left = await wordpress.php(`
        require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';
        deactivate_plugins('live-chat-for-kinescope-streams/live-chat-for-kinescope-streams.php');
        delete_plugins(['live-chat-for-kinescope-streams/live-chat-for-kinescope-streams.php']);
        global $wpdb; echo $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE '%stream\\\\_chat%'");`)
      expect(left).toBe('0')
    })
  })
})

interface Block {
  name: string
  attributes: Record<string, unknown>
}

/** The parts of `window.wp` that the tests use. */
interface Wp {
  blocks: {
    createBlock(name: string): Block
    pasteHandler(given: { HTML: string; plainText: string; mode: string }): Block[]
  }
  data: {
    dispatch(store: string): Record<string, (...args: unknown[]) => Promise<void>> & {
      insertBlocks(blocks: Block[]): void
      openGeneralSidebar(name: string): void
      editPost(edits: object): void
      savePost(): Promise<void>
    }
    select(store: string): { getPermalink(): string }
  }
}
