import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT } from './kinescope.js'
import { startDatabase, type Database } from './wordpress-database.js'
import { releases, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const missing = whyNoWordPress()
if (missing)
  console.log(`Skipped: the WordPress plugin is not tried behind a page cache and on a network. ${missing}`)

/** The newest installed WordPress release. */
const [release, folder] = (missing ? [] : releases()).at(-1) ?? ['', '']
const IDENTITY_TOKEN = /identity="(eyJ[\w-]+\.[\w-]+\.[\w-]+)"/

/**
 * The simplest page cache, which serves one copy to all visitors, also to signed-in ones. It obeys one of two signals
 * at a time: the constant (WP Super Cache, W3 Total Cache, WP Rocket, LiteSpeed) or the header (proxies).
 */
const CACHE = `<?php
$obeys = $_SERVER['HTTP_X_OBEYS'];
$kept = WP_CONTENT_DIR . "/kept-$obeys-" . md5($_SERVER['REQUEST_URI']);
if ($_SERVER['REQUEST_METHOD'] === 'GET' && is_file($kept)) { header('X-Kept: yes'); readfile($kept); exit; }
ob_start(function ($page) use ($kept, $obeys) {
  $by_header = (bool) preg_grep('/^cache-control:.*(no-store|private)/i', headers_list());
  $forbidden = $obeys === 'constant' ? defined('DONOTCACHEPAGE') && DONOTCACHEPAGE : $by_header;
  if (http_response_code() === 200 && !$forbidden) file_put_contents($kept, $page);
  return $page;
});`

const SIGN_IN = `$user = get_user_by('login', $argv[1])->ID; $end = time() + 9999; $token = WP_Session_Tokens::get_instance($user)->create($end);
  echo LOGGED_IN_COOKIE . '=' . urlencode(wp_generate_auth_cookie($user, $end, 'logged_in', $token));`
const SET_UP = `update_option('stream_chat_for_kinescope', ['server' => 'https://chat.example.com', 'hours' => 6]); update_option('stream_chat_for_kinescope_secret', $argv[1]);`
const secret = () => crypto.randomUUID() + crypto.randomUUID()

describe.skipIf(missing)(`the WordPress plugin in WordPress ${release}`, () => {
  let database: Database
  beforeAll(async () => void (database = await startDatabase()))
  afterAll(() => database?.close())

  const claims = (html: string) => {
    const identityToken = IDENTITY_TOKEN.exec(html)?.[1]
    return identityToken
      ? (JSON.parse(Buffer.from(identityToken.split('.')[1]!, 'base64url').toString()) as { name: string })
      : null
  }

  describe('behind a page cache', () => {
    let wordpress: WordPress
    const cookies: Record<string, string> = {}
    beforeAll(async () => {
      wordpress = await startWordPress({
        folder,
        database,
        chatOrigin: '',
        config: { WP_CACHE: true },
        dropIns: { 'advanced-cache.php': CACHE },
      })
      await wordpress.php(SET_UP, secret())
      for (const name of ['boss', 'subscriber']) cookies[name] = await wordpress.php(SIGN_IN, name)
    })
    afterAll(() => wordpress?.close())

    const publish = (content: string, type = 'post') =>
      wordpress.php(
        `kses_remove_filters(); echo wp_insert_post(['post_title' => 'Chat', 'post_status' => 'publish', 'post_type' => $argv[2], 'post_content' => wp_slash($argv[1])]);`,
        content,
        type,
      )
    const visit = async (path: string, obeys: string, who?: string) => {
      const headers = { cookie: who ? cookies[who]! : '', 'x-obeys': obeys }
      const response = await fetch(`${wordpress.url}${path}`, { headers })
      return { kept: response.headers.get('x-kept'), html: await response.text() }
    }

    const OBEYS = ['constant', 'header']

    it.each(OBEYS)(
      'never serves a visitor’s identity token to another visitor if the cache obeys only the %s',
      async (obeys) => {
        const pattern = await publish(`[kinescope_chat ${EVENT}]`, 'wp_block')
        for (const content of [
          `[kinescope_chat ${EVENT}]`,
          `https://kinescope.io/chat/${EVENT}`,
          `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`,
          `<!-- wp:stream-chat-for-kinescope/chat {"event":"${EVENT}"} /-->`,
          `<!-- wp:block {"ref":${pattern}} /-->`,
        ]) {
          const id = await publish(content)
          for (const path of [`/?p=${id}`, `/?s=Chat&x=${id}`]) {
            expect(claims((await visit(path, obeys, 'boss')).html)?.name, content).toBe('Boss')
            expect(claims((await visit(path, obeys, 'subscriber')).html)?.name, content).toBe('Reader')
            const signedOut = await visit(path, obeys)
            expect(claims(signedOut.html)).toBeNull()
            expect(signedOut.html).toContain('signin-url=')
          }
        }
      },
    )

    it.each(OBEYS)(
      'allows caching of pages without a chat, and of a signed-out visitor’s chat page (%s)',
      async (obeys) => {
        const id = await publish('<p>No chat</p>')
        await visit(`/?p=${id}`, obeys)
        expect((await visit(`/?p=${id}`, obeys)).kept).toBe('yes')
        const chat = await publish(`[kinescope_chat ${EVENT}]`)
        await visit(`/?p=${chat}`, obeys)
        const { kept, html } = await visit(`/?p=${chat}`, obeys)
        expect(kept).toBe('yes')
        expect(claims(html)).toBeNull()
      },
    )
  })

  describe('on a network of sites', () => {
    let wordpress: WordPress
    beforeAll(async () => {
      wordpress = await startWordPress({ folder, database, chatOrigin: '', network: true })
    })
    afterAll(() => wordpress?.close())

    it('needs a set-up on each site, and gives a user the same pseudonym on all sites', async () => {
      const cookie = await wordpress.php(SIGN_IN, 'boss')
      const page = async (path: string) => {
        const html = await (await fetch(`${wordpress.url}${path}`, { headers: { cookie } })).text()
        return html
      }
      const ids: string[] = []
      for (const site of [1, 2])
        ids.push(
          await wordpress.php(
            `switch_to_blog(${site}); ${site === 1 ? SET_UP : ''} echo wp_insert_post(['post_title' => 'Chat', 'post_status' => 'publish', 'post_author' => 1, 'post_content' => '[kinescope_chat ${EVENT}]']);`,
            secret(),
          ),
        )
      expect(claims(await page(`/?p=${ids[0]}`))?.name).toBe('Boss')
      expect(claims(await page(`/two/?p=${ids[1]}`))).toBeNull()
      expect(await page(`/two/?p=${ids[1]}`)).toContain('<kinescope-chat')
      await wordpress.php(`switch_to_blog(2); ${SET_UP}`, secret())
      const [first, second] = [await page(`/?p=${ids[0]}`), await page(`/two/?p=${ids[1]}`)].map(claims)
      expect(second?.name).toBe('Boss')
      // users belong to the network, and so do their pseudonyms: a ban applies on all sites
      expect((first as { sub?: string }).sub).toBe((second as { sub?: string }).sub)
    })

    it('leads back to the page after sign-in, without a visitor’s parameters', async () => {
      await wordpress.php(`switch_to_blog(2); switch_theme('plain');`)
      const html = await (await fetch(`${wordpress.url}/two/?email=ann&s=Chat`)).text()
      expect(html).toMatch(/redirect_to=http%3A%2F%2Flocalhost%3A\d+%2Ftwo%2F%3Fs%3DChat"/)
    })

    it('leads the administrator of the network to the settings after its activation', async () => {
      const cookie = await wordpress.php(
        `${SIGN_IN}
        echo '; ' . AUTH_COOKIE . '=' . urlencode(wp_generate_auth_cookie($user, $end, 'auth', $token));
        delete_option('stream_chat_for_kinescope');`,
        'boss',
      )
      const page = async (path: string) =>
        (await fetch(`${wordpress.url}/wp-admin/network/${path}`, { headers: { cookie } })).text()
      const settings = /href="[^"]*\/wp-admin\/options-general\.php\?page=live-chat-for-kinescope-streams"/g
      expect(await page('index.php')).toContain('The live chat isn’t set up yet.')
      expect((await page('plugins.php')).match(settings)).toHaveLength(2)
    })

    it('warns of a bad API token on each site until it has another one', async () => {
      const shown = await wordpress.php(`
        use Live_Chat_For_Kinescope_Streams as Chat; $seen = [];
        $see = function () use (&$seen) { foreach ([1, 2] as $site) { switch_to_blog($site); $seen[] = Chat\\Findings::warning(); restore_current_blog(); } };
        Chat\\Sealing::prepare(); $store = new Chat\\Option_Store(); Chat\\Connection::keys()->addByHand(); Chat\\Connection::keys()->confirmByHand();
        $store->swap('api_token', null, Chat\\Sealing::seal()->close('0a1b2c3d-0000-4000-8000-000000000001', 'api_token'));
        add_filter('pre_http_request', function () { return ['headers' => [], 'body' => '', 'response' => ['code' => 401]]; });
        switch_to_blog(2); Chat\\Upkeep::run(); restore_current_blog(); $see();
        Chat\\Connection::disconnect(); $see(); echo implode(' ', $seen);`)
      expect(shown).toBe('api-token-refused api-token-refused  ')
    })

    it('removes its options from all sites when it is deleted', async () => {
      const count = `$left = 0; foreach (get_sites(['fields' => 'ids']) as $site) { switch_to_blog($site); $left += $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE '%stream\\\\_chat%'"); restore_current_blog(); } echo $left;`
      expect(Number(await wordpress.php(`global $wpdb; ${count}`))).toBeGreaterThanOrEqual(4)
      const left = await wordpress.php(`
        require_once ABSPATH . 'wp-admin/includes/plugin.php'; require_once ABSPATH . 'wp-admin/includes/file.php';
        $plugin = 'live-chat-for-kinescope-streams/live-chat-for-kinescope-streams.php';
        deactivate_plugins($plugin, false, true); delete_plugins([$plugin]); global $wpdb; ${count}`)
      expect(left).toBe('0')
    })
  })
})
