import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { KinescopeChatElement } from 'kinescope-chat'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { startTokenServer, type TokenServer } from './token-server.js'
import { freePort, PASSWORD, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const missing = whyNoWordPress()
if (missing) console.log(`Skipped: the WordPress plugin is not tried in a real WordPress: ${missing}.`)

const LINK = `https://kinescope.io/chat/${EVENT}`
/** Every way in which an author may ask for the chat. */
const CONTENT = `<p>Before</p>

[kinescope_chat event="${EVENT}" height="500" label="First"]

${LINK}

<kinescope-chat event-id="${EVENT}" label="Third"></kinescope-chat>

<div data-kinescope-chat="${EVENT}"></div>

<p><a href="${LINK}#kinescope-chat">Open the chat</a></p>`

describe.skipIf(missing)('the WordPress plugin', () => {
  let wordpress: WordPress
  let tokenServer: TokenServer
  let browser: Browser
  const people: Record<string, Page> = {}

  beforeAll(async () => {
    browser = await launchBrowser()
    const port = await freePort()
    tokenServer = await startTokenServer({ CHAT_ALLOWED_ORIGINS: `http://localhost:${port}` })
    wordpress = await startWordPress(port, tokenServer.chatOrigin)
    await wordpress.php(
      `update_option('kinescope_chat', ['server' => $argv[1], 'secret' => $argv[2]]);`,
      tokenServer.server.url,
      tokenServer.secret,
    )
    for (const name of ['boss', 'writer']) people[name] = await signIn(name)
    people['stranger'] = await (await newContext()).newPage()
  })
  afterAll(async () => {
    await browser?.close()
    await wordpress?.close()
    await tokenServer?.close()
  })

  const newContext = (): Promise<BrowserContext> => browser.newContext()

  async function signIn(name: string): Promise<Page> {
    const page = await (await newContext()).newPage()
    await page.goto(`${wordpress.url}/wp-login.php`)
    await page.fill('#user_login', name)
    await page.fill('#user_pass', PASSWORD)
    await Promise.all([page.waitForURL(/wp-admin/), page.click('#wp-submit')])
    return page
  }

  /** Saves a post the way the editor does, by the REST API, as the person whose page it is. Returns its address. */
  async function publish(person: string, content: string): Promise<string> {
    const { link } = await people[person]!.evaluate(async (content) => {
      const nonce = await (await fetch('/wp-admin/admin-ajax.php?action=rest-nonce')).text()
      const reply = await fetch('/?rest_route=/wp/v2/posts', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-WP-Nonce': nonce },
        body: JSON.stringify({ title: 'Lecture', status: 'publish', content }),
      })
      return (await reply.json()) as { link: string }
    }, content)
    return link
  }

  /** What each chat on the page has come to, after the last of them has. */
  async function chatsAt(person: string, url: string) {
    const page = people[person]!
    await page.goto(url)
    await page.waitForFunction(() =>
      [...document.querySelectorAll<KinescopeChatElement>('kinescope-chat')].every(({ state }) =>
        ['ready', 'error'].includes(state),
      ),
    )
    return page.evaluate(() =>
      [...document.querySelectorAll<KinescopeChatElement>('kinescope-chat')].map((chat) => ({
        state: chat.state,
        code: chat.problem?.code,
        signin: chat.signinUrl,
        user: chat.diagnostics().claims?.['user_id'],
        name: chat.diagnostics().claims?.['username'],
      })),
    )
  }

  it('is set up on its settings page, which takes no weak secret and shows none', async () => {
    const page = people['boss']!
    const fill = async (server: string, secret: string) => {
      await page.goto(`${wordpress.url}/wp-admin/options-general.php?page=kinescope_chat`)
      await page.fill('#kinescope-chat-server', server)
      await page.fill('#kinescope-chat-secret', secret)
      await Promise.all([page.waitForURL(/settings-updated/), page.click('#submit')])
      return JSON.parse(await wordpress.php(`echo json_encode(get_option('kinescope_chat'));`)) as object
    }
    const { secret, server } = { secret: tokenServer.secret, server: tokenServer.server.url }
    expect(await fill(`${server}/`, 'short')).toEqual({ server: `${server}/`, secret })
    expect(await page.locator('.settings-error, .notice-error').count()).toBeGreaterThan(0)
    const other = 'x'.repeat(32)
    expect(await fill(server, other)).toEqual({ server, secret: other })
    expect(await page.content()).not.toContain(other)
    expect(await fill(server, secret)).toEqual({ server, secret })
    // an empty field keeps it
    expect(await fill(server, '')).toEqual({ server, secret })
  })

  for (const [person, name] of [
    ['writer', 'Жанна "Ж" & Co'],
    ['boss', 'Boss'],
  ] as const)
    it(`shows what the ${person} wrote, in every way there is, as a chat in the visitor’s name`, async () => {
      const url = await publish(person, CONTENT)
      const chats = await chatsAt(person, url)
      expect(chats.map(({ state, name }) => [state, name])).toEqual(Array(5).fill(['ready', name]))
      expect(new Set(chats.map(({ user }) => user)).size).toBe(1)
      expect(String(chats[0]!.user)).toMatch(/^[0-9a-f]{32}$/)
      const strangers = await chatsAt('stranger', url)
      expect(strangers).toHaveLength(5)
      for (const { state, code } of strangers) expect([state, code]).toEqual(['error', 'sign-in-required'])
      expect(strangers[0]!.signin).toContain('/wp-login.php?redirect_to=')
    })

  it('lets nothing that an author writes carry a statement to another server', async () => {
    const url = await publish(
      'writer',
      `<kinescope-chat event-id="${EVENT}" token-url="https://example.com/token" chat-origin="https://example.com"></kinescope-chat>
      <div data-kinescope-chat="${EVENT}" data-token-url="https://example.com/token"></div>
      <div data-kinescope-chat="${EVENT}" data-chat-origin="https://example.com"></div>`,
    )
    const html = await (await people['boss']!.request.get(url)).text()
    const [, content = ''] = /<main>([\s\S]*?)<\/main>/.exec(html) ?? []
    const [tag, ...divs] = content.match(/<(kinescope-chat|div)\b[^>]*>/g) ?? []
    expect(tag).toContain(' identity=')
    expect(tag).not.toContain('example.com')
    expect(divs).toHaveLength(2)
    for (const div of divs) expect(div).not.toContain('identity')
  })

  it('escapes whatever is written into its shortcode', async () => {
    const url = await publish(
      'writer',
      `[kinescope_chat event='x"><img src=x onerror=alert(1)>' label='" onmouseover="alert(1)']`,
    )
    const page = people['writer']!
    await page.goto(url)
    const tags = await page.evaluate(() =>
      [...document.querySelectorAll('main *')].flatMap((element) => [
        element.localName,
        ...element.getAttributeNames(),
      ]),
    )
    expect(tags).not.toContain('img')
    expect(tags.filter((name) => name.startsWith('on'))).toEqual([])
  })

  it('opens no chat where a commenter puts the link', async () => {
    const url = await publish('writer', `[kinescope_chat ${EVENT}]`)
    await wordpress.php(
      `parse_str(parse_url($argv[1], PHP_URL_QUERY), $query);
      wp_insert_comment(['comment_post_ID' => $query['p'], 'comment_approved' => 1, 'comment_content' => '<a href="${LINK}#kinescope-chat">Look</a>']);`,
      url,
    )
    expect(await chatsAt('writer', url)).toHaveLength(1)
    expect(await people['writer']!.locator('#comments a').count()).toBe(1)
  })

  it('gives feeds a plain link', async () => {
    await publish('writer', `[kinescope_chat ${EVENT}]`)
    const feed = await (await people['writer']!.request.get(`${wordpress.url}/?feed=rss2`)).text()
    expect(feed).toContain(LINK)
    expect(feed).not.toContain('identity=')
  })

  it('puts its script once into the header, and leaves nothing when it is deleted', async () => {
    const html = await (await people['stranger']!.request.get(wordpress.url)).text()
    const [head = ''] = html.split('</head>')
    expect(head.split('/kinescope-chat.js').length).toBe(2)
    expect(html).not.toContain('PLUGIN FAULT')
    const left = await wordpress.php(`
      require_once ABSPATH . 'wp-admin/includes/plugin.php';
      deactivate_plugins('kinescope-chat.php');
      uninstall_plugin('kinescope-chat.php');
      global $wpdb;
      echo $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE '%kinescope%' AND option_name NOT LIKE '\\\\_%'");`)
    expect(left).toBe('0')
  })
})
