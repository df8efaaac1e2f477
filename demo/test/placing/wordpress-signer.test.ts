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
      const { html: forSignedOut } = await people.read('signed-out', link)
      // WordPress adds a bar and nonces for a signed-in user: only the chat's markup is the same for all
      const chatOf = (html: string) => /<kinescope-chat[^]*?<\/kinescope-chat>/.exec(html)![0]
      expect(chatOf(bytes)).toBe(chatOf(forSignedOut))
      expect(chatOf(bytes)).not.toMatch(/identity|eyJ|Boss/)
      expect(forSignedOut).not.toMatch(/eyJ|Boss|Reader|wordpress_logged_in|no-store/)
      const frozen = `${wordpress.url}/frozen.html`
      await writeFile(join(wordpress.folder, 'frozen.html'), forSignedOut)

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
          `use Live_Chat_For_Kinescope_Streams as Chat; add_filter('option_home', function () { return 'https://staging.example.com'; }, 99); ${code}`,
        )
      const signs = `echo strlen(Chat\\Connection::keys()->signer()[0]), Chat\\Findings::key_problem();`
      expect(await asCopy(signs)).toBe('25copy-of-a-site')
      await asCopy(`Chat\\Upkeep::run();`)
      expect(await registered()).toEqual(listed)
      const asks = `wp_set_current_user(1); require_once ABSPATH . 'wp-admin/includes/template.php'; ob_start(); Chat\\Setup_Page::show(); echo strpos(ob_get_clean(), 'lcks-moved') > 0;`
      expect(await asCopy(asks)).toBe('1')
    })

    /** Runs code as the administrator, and returns what it prints. `act()` performs an action of the settings page. */
    const asOwner = (code: string, ...args: string[]) =>
      wordpress.php(
        `use Live_Chat_For_Kinescope_Streams as Chat; wp_set_current_user(1); require_once ABSPATH . 'wp-admin/includes/template.php';
        function act($action, $fields = []) { $_POST = ['live_chat_for_kinescope_streams_do' => $action] + $fields; $_REQUEST['_wpnonce'] = wp_create_nonce('live_chat_for_kinescope_streams_do'); Chat\\Setup_Page::act(); }
        function page() { ob_start(); Chat\\Setup_Page::show(); return ob_get_clean(); }
        ${code}`,
        ...args,
      )

    it('asks a site that has moved, and has new salts too, whether it is a copy before it asks for an API token', async () => {
      const shown = await asOwner(
        `add_filter('option_home', function () { return 'https://new.example.com'; }, 99);
        $store = new Chat\\Option_Store(); $ring = $store->read('ring'); $other = preg_replace('/"sealed":"/', '$0other', $ring); $store->swap('ring', $ring, $other);
        $see = function () { $html = page(); return [Chat\\Findings::key_problem(), Chat\\Findings::local()[0]['level'], strpos($html, 'value="moved"') > 0, strpos($html, 'lcks-token') > 0]; };
        $found = [$see()]; act('moved'); $found[] = $see(); $store->swap('ring', $store->read('ring'), $ring); echo json_encode($found);`,
      )
      expect(JSON.parse(shown)).toEqual([
        ['copy-of-a-site', 'fail', true, false],
        ['seal-changed', 'fail', false, true],
      ])
    })

    it('is no copy of itself in another language', async () => {
      const address = await asOwner(
        `add_filter('home_url', function ($url, $path) { return get_option('home') . '/ru' . $path; }, 10, 2); echo Chat\\Findings::key_problem(), Chat\\Token_Route::address();`,
      )
      expect(address).toBe('/kinescope-chat/token')
    })

    it('asks for a new API token or key while the old ones still work', async () => {
      const shown = await asOwner(`
        $store = new Chat\\Option_Store(); $found = [];
        $see = function () use (&$found) { $html = page(); $found[] = [Chat\\Findings::warning(), strpos($html, 'lcks-token') > 0, strpos($html, 'lcks-by-hand') > 0, in_array('fail', array_column(Chat\\Findings::local(), 'level'), true)]; };
        $see();
        update_option(Chat\\Upkeep::PROBLEM, 'api-token-refused'); $see(); delete_option(Chat\\Upkeep::PROBLEM);
        $ring = $store->read('ring'); $soon = json_decode($ring, true); foreach ($soon['keys'] as &$key) $key['expiresAt'] = time() + 20 * 86400;
        $store->swap('ring', $ring, json_encode($soon)); $see(); $store->swap('ring', json_encode($soon), $ring);
        $token = $store->read('api_token'); $store->swap('api_token', $token, null); $see(); $store->swap('api_token', null, $token);
        echo json_encode($found);`)
      expect(JSON.parse(shown)).toEqual([
        ['', false, false, false],
        ['api-token-refused', true, true, false],
        ['key-ends-soon', true, true, false],
        ['', true, true, false],
      ])
    })

    it('requires sign-in for each stream, although one of them has finished', async () => {
      const { finished, second } = SEED
      const html = await asOwner(
        `act('streams', ['streams' => array_slice($argv, 1), 'require' => '1']); echo page();`,
        SEED.live.id,
        finished.id,
        second.id,
      )
      expect(html).toContain(`${finished.name}: `)
      const open = await asOwner(
        `foreach (Chat\\Connection::api()->events() as $event) if (in_array($event['id'], array_column(Chat\\Streams::chosen(), 'id'), true) && !$event['jwtRequired']) echo $event['id'];`,
      )
      expect(open).toBe(finished.id)
    })

    it('keeps chosen streams that are not among the newest hundred', async () => {
      const values = await asOwner(
        `add_filter('pre_http_request', function () {
          $rows = []; for ($at = 0; $at < 150; $at++) $rows[] = ['id' => "id$at", 'play_link' => "https://kinescope.io/p$at", 'name' => 'N'];
          return ['headers' => [], 'body' => json_encode(['data' => $rows]), 'response' => ['code' => 200]]; });
        update_option(Chat\\Streams::OPTION, [['id' => '', 'public_id' => 'p149', 'name' => ''], ['id' => 'id120', 'public_id' => '', 'name' => '']]);
        preg_match_all('/name="streams\\[\\]" value="(\\w+)" checked/', page(), $found); echo implode(' ', $found[1]);`,
      )
      expect(values).toBe('id120 id149')
      await asOwner(`act('streams', ['streams' => [$argv[1]]]);`, SEED.live.id)
    })

    it('checks a stream that was added by hand', async () => {
      const codes = await asOwner(
        `update_option(Chat\\Streams::OPTION, [['id' => '', 'public_id' => 'no-such-stream', 'name' => '']]); echo implode(' ', array_column(Chat\\Findings::all(), 'code')); act('streams', ['streams' => [$argv[1]]]);`,
        SEED.live.id,
      )
      expect(codes).toContain('event-not-found')
    })

    it('says that a key is invalid only if Kinescope no longer has any copy of it', async () => {
      const invalid = 'The old key is invalid'
      const before = await ours()
      // all requests fail
      const failed = await asOwner(
        `add_filter('pre_http_request', function () { return ['headers' => [], 'body' => '', 'response' => ['code' => 403]]; }); act('revoke'); echo page();`,
      )
      expect(failed).not.toContain(invalid)
      expect(failed).not.toContain('wp-config.php have changed')
      expect(await ours()).toEqual(before)
      expect(await asOwner(`act('revoke'); echo page();`)).toContain(invalid)
      const after = await ours()
      expect(after).toHaveLength(1)
      expect(before.map(({ kid }) => kid)).not.toContain(after[0]!.kid)
    })

    it('shows the line for wp-config.php if it has no secret', async () => {
      const config = join(wordpress.folder, 'wp-config.php')
      const before = await readFile(config, 'utf8')
      await writeFile(config, before.replace(/^define\( 'LIVE_CHAT_FOR_KINESCOPE_STREAMS_SEAL'.*$/m, ''))
      const line = /define\( &#039;LIVE_CHAT_FOR_KINESCOPE_STREAMS_SEAL&#039;/
      expect(await asOwner(`echo page();`)).toMatch(line)
      const ring = await asOwner(
        `$store = new Chat\\Option_Store(); echo $ring = $store->read('ring'); $store->swap('ring', $ring, null);`,
      )
      // nothing may be written
      const connecting = `add_filter('filesystem_method', function () { return 'ftpext'; }); act('connect', ['api_token' => $argv[1]]); echo page();`
      const shown = await asOwner(connecting, kinescope.emulator.apiToken)
      await writeFile(config, before)
      await asOwner(`(new Chat\\Option_Store())->swap('ring', null, $argv[1]);`, ring)
      expect(shown).toMatch(line)
    })

    it('writes no secret into a wp-config.php that must begin with a declaration', async () => {
      const config = join(wordpress.folder, 'wp-config.php')
      const before = await readFile(config, 'utf8')
      const strict = before
        .replace(/^define\( 'LIVE_CHAT_FOR_KINESCOPE_STREAMS_SEAL'.*$/m, '')
        .replace('<?php', '<?php declare(strict_types=1);')
      await writeFile(config, strict)
      const written = await wordpress.php(
        `$write = new ReflectionMethod('Live_Chat_For_Kinescope_Streams\\Sealing', 'write_constant'); $write->setAccessible(true); echo json_encode($write->invoke(null, 'secret'));`,
      )
      expect([written, await readFile(config, 'utf8')]).toEqual(['false', strict])
      await writeFile(config, before)
    })

    it('writes one secret, although two requests prepare the site at once', async () => {
      const config = join(wordpress.folder, 'wp-config.php')
      const before = await readFile(config, 'utf8')
      const secrets = await wordpress.php(
        `$call = function ($name, $argument) { $method = new ReflectionMethod('Live_Chat_For_Kinescope_Streams\\Sealing', $name); $method->setAccessible(true); return $method->invoke(null, $argument); };
        $option = Live_Chat_For_Kinescope_Streams\\Sealing::FILE_OPTION; $read = [];
        foreach (['first', 'second'] as $secret) { delete_site_option($option); $call('write_file', $secret); $read[] = file_get_contents(get_site_option($option)); }
        unlink(get_site_option($option)); delete_site_option($option);
        echo json_encode([$call('write_constant', 'another'), strpos($read[0], 'first') > 0, $read[0] === $read[1]]);`,
      )
      const after = await readFile(config, 'utf8')
      await writeFile(config, before)
      expect([JSON.parse(secrets), after]).toEqual([[true, true, true], before])
    })

    it('recovers from damaged keys by the remedy that it shows', async () => {
      const shown = await asOwner(
        `$store = new Chat\\Option_Store(); $ring = $store->read('ring'); $token = $store->read('api_token'); $store->swap('ring', $ring, 'damaged');
        echo Chat\\Findings::key_problem(), ' '; act('disconnect'); act('connect', ['api_token' => $argv[1]]); echo Chat\\Findings::key_problem();
        act('disconnect'); $store->swap('ring', null, $ring); $store->swap('api_token', null, $token);`,
        kinescope.emulator.apiToken,
      )
      expect(shown).toBe('key-ring-unreadable ')
    })

    it('names the command that deletes a key at Kinescope if it can’t delete the key itself', async () => {
      const disconnecting = `$store = new Chat\\Option_Store(); $ring = $store->read('ring'); $token = $store->read('api_token'); $store->swap('api_token', $token, null);
        $store->swap('ring', $ring, $known = $argv[1] === 'yes' ? $ring : preg_replace('/"remoteId":"[^"]*"/', '"remoteId":null', $ring));
        act('disconnect'); echo html_entity_decode(page(), ENT_QUOTES); $store->swap('ring', null, $ring); $store->swap('api_token', null, $token);`
      const address = `${kinescope.chatOrigin}/v1/jwk`
      const [key] = await ours()
      expect(await asOwner(disconnecting, 'yes')).toContain(
        `: curl --request DELETE ${address}/${key!.id} --header`,
      )
      const shown = await asOwner(disconnecting, 'no')
      expect(shown).toContain(`: curl ${address} --header`)
      expect(shown).toContain(`; curl --request DELETE ${address}/ID --header`)
    })

    it('names the error of the database that doesn’t store a change of the keys', async () => {
      const shown = await asOwner(
        `$GLOBALS['wpdb']->suppress_errors(); add_filter('query', function ($sql) { return strpos($sql, 'INSERT IGNORE') === 0 ? 'SELECT no_such_column' : $sql; });
        act('new_key'); echo page();`,
      )
      expect(shown).toContain('didn’t store the change')
      expect(shown).toContain('no_such_column')
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
      // a copy on the same server reads the original's file
      const file = join(wordpress.folder, 'seal-of-the-original.php')
      await writeFile(file, '<?php return "x";')
      const left = await wordpress.php(
        `update_site_option('live_chat_for_kinescope_streams_seal_file', $argv[1]); require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';
        $plugin = 'live-chat-for-kinescope-streams/live-chat-for-kinescope-streams.php';
        deactivate_plugins($plugin); delete_plugins([$plugin]);
        global $wpdb; echo implode(' ', $wpdb->get_col("SELECT option_name FROM $wpdb->options WHERE option_name LIKE '%stream%chat%' OR option_name LIKE 'live%chat%'")), wp_next_scheduled('live_chat_for_kinescope_streams_upkeep') ? 'cron' : '';`,
        file,
      )
      expect(left).toBe('')
      expect(await readFile(file, 'utf8')).toContain('return')
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

    async function registered(): Promise<{ id: string; kid: string }[]> {
      const reply = await fetch(`${kinescope.chatOrigin}/v1/jwk`, {
        headers: { authorization: `Bearer ${kinescope.emulator.apiToken}` },
      })
      return ((await reply.json()) as { data: { id: string; kid: string }[] }).data
    }
  })
})
