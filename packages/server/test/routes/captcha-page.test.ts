import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { launchBrowser } from '../../../../demo/test/e2e/browser.js'
import { ringDirectory, ringEntry, writeRing } from '../ring-directory.js'
import { listen } from '../running-server.js'
import { secret } from '../secrets.js'

const page = readFileSync(new URL('../../docs/guest-captcha.md', import.meta.url), 'utf8')

/** The first code block of one language under a heading. */
function blockOf(heading: string, kind: string): string {
  const section = page.split(`${heading}\n`)[1] ?? ''
  const [, text] = new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(section) ?? []
  expect(text, `${kind} under ${heading}`).toBeDefined()
  return text!
}

/** The page's table of replacements for another service. */
const REPLACED = [...page.matchAll(/^\| `([^`]+)` \| `([^`]+)` \|$/gm)].map(
  ([, from, to]) => [from!, to!] as const,
)
const otherService = (text: string) =>
  REPLACED.reduce((replaced, [from, to]) => replaced.replaceAll(from, to), text)

const captchaSecret = secret(randomUUID())

/** Each service's verification, as documented, and its widget. */
const SERVICES = {
  '### Cloudflare Turnstile': {
    of: (text: string) => text,
    verifies: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
    answer: (form: URLSearchParams, isHuman: boolean) =>
      form.get('secret') === captchaSecret && form.get('remoteip') === '127.0.0.1'
        ? { success: isHuman && form.get('response') === 'solved', 'error-codes': [] }
        : { success: false, 'error-codes': ['invalid-input-secret'] },
    script: 'https://challenges.cloudflare.com/turnstile/v0/api.js',
    widget: widget('turnstile', '.cf-turnstile', 'cf-turnstile-response'),
  },
  '### Yandex SmartCaptcha': {
    of: otherService,
    verifies: 'https://smartcaptcha.cloud.yandex.ru/validate',
    answer: (form: URLSearchParams, isHuman: boolean) =>
      form.get('secret') === captchaSecret && form.get('ip') === '127.0.0.1'
        ? { status: isHuman && form.get('token') === 'solved' ? 'ok' : 'failed', message: '' }
        : { status: 'failed', message: 'Authentication failed. Secret has not provided.' },
    script: 'https://smartcaptcha.cloud.yandex.ru/captcha.js',
    widget: widget('smartCaptcha', '.smart-captcha', 'smart-token'),
  },
}

/** A widget that any visitor passes: it adds a hidden field. */
function widget(name: string, place: string, field: string): string {
  return `
    const field = document.createElement('input')
    Object.assign(field, { type: 'hidden', name: '${field}', value: 'solved' })
    document.querySelector('${place}').append(field)
    window.${name} = { resets: 0, reset() { this.resets++ } }`
}

describe('docs/guest-captcha.md', { timeout: 120_000 }, () => {
  let browser: Browser
  let chatPage: Awaited<ReturnType<typeof listen>>
  /** The names in the tokens that the chat page received. */
  let entered: string[]
  let server: Server
  const { dir, remove } = ringDirectory()
  const folder = mkdtempSync(join(tmpdir(), 'captcha-'))

  beforeAll(async () => {
    writeRing(dir, 1, [ringEntry()])
    vi.stubEnv('CHAT_KEY_DIR', dir)
    vi.stubEnv('CHAT_GUEST_SECRET', secret(randomUUID() + randomUUID()))
    vi.stubEnv('CAPTCHA_SECRET', captchaSecret)
    chatPage = await listen(({ url = '' }, response) => {
      const token = new URL(url, 'http://localhost').searchParams.get('token')
      if (token) {
        const claims = Buffer.from(token.split('.')[1]!, 'base64url').toString()
        entered.push((JSON.parse(claims) as { username: string }).username)
      }
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Chat</title>')
    })
    browser = await launchBrowser()
  }, 60_000)
  afterEach(() => {
    vi.unstubAllGlobals()
    server.close()
    server.closeAllConnections()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await browser.close()
    await chatPage.close()
    remove()
    rmSync(folder, { recursive: true })
  })

  /** The app with the page's routes and its verification module. */
  async function appOf(heading: string): Promise<Express> {
    const mine = mkdtempSync(join(folder, 'app-'))
    writeFileSync(join(mine, 'captcha.mjs'), blockOf(heading, 'js'))
    const built = new URL('../../dist/index.js', import.meta.url).href
    const routes = blockOf('### The routes', 'js').replace("'kinescope-chat-server'", JSON.stringify(built))
    writeFileSync(join(mine, 'chat.mjs'), routes)
    const { addChat } = (await import(/* @vite-ignore */ pathToFileURL(join(mine, 'chat.mjs')).href)) as {
      addChat: (app: Express) => Promise<void>
    }
    const app = express()
    await addChat(app)
    return app
  }

  it.each(Object.entries(SERVICES))(
    '%s: a guest passes the captcha and then gets a name',
    async (heading, service) => {
      entered = []
      let state: 'machine' | 'away' | 'human' = 'machine'
      const reach = fetch
      vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
        const request = new Request(input, init)
        if (request.url !== service.verifies) return reach(input, init)
        if (state === 'away') throw new TypeError('fetch failed')
        return Response.json(service.answer(new URLSearchParams(await request.text()), state === 'human'))
      })
      const app = await appOf(heading)
      const element = readFileSync(new URL('../../../element/dist/kinescope-chat.js', import.meta.url))
      app.get('/kinescope-chat.js', (_request, response) => void response.type('js').send(element))
      const markup = service
        .of(blockOf('## The page', 'html'))
        .replace('<kinescope-chat ', `<kinescope-chat chat-origin="${chatPage.url}" `)
      const script = service.of(blockOf('## The page', 'js'))
      app.get('/', (_request, response) => {
        response.send(`<!doctype html><title>Page</title>${markup}<script type="module">${script}</script>`)
      })
      server = createServer(app)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const context = await browser.newContext()
      try {
        await context.route(service.script, (route) =>
          route.fulfill({ contentType: 'text/javascript', body: service.widget }),
        )
        const tab = await context.newPage()
        await tab.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
        const form = tab.locator('#guest')
        await form.waitFor()
        expect(await tab.locator('kinescope-chat').isVisible()).toBe(false)
        const join = form.getByRole('button', { name: 'Join chat' })
        const problemText = form.locator('[role=alert]')
        await form.getByLabel('Your name').fill('Anna')
        await join.click()
        await problemText.filter({ hasText: 'captcha' }).waitFor()
        state = 'away'
        await join.click()
        await problemText.filter({ hasNotText: 'captcha' }).filter({ hasText: /\w/ }).waitFor()
        state = 'human'
        await form.getByLabel('Your name').fill('Moderator')
        await join.click()
        await problemText.filter({ hasText: 'reserved' }).waitFor()
        expect(entered).toEqual([])
        await form.getByLabel('Your name').fill('Anna')
        await join.click()
        await form.waitFor({ state: 'hidden' })
        await expect.poll(() => entered).toEqual(['Anna · guest'])
        // the next time, the cookie is sufficient
        await tab.reload()
        await expect.poll(() => entered).toEqual(['Anna · guest', 'Anna · guest'])
        expect(await form.isVisible()).toBe(false)
      } finally {
        await context.close()
      }
    },
  )
})
