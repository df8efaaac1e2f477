import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embedPage } from '../../src/routes/embed-page.js'
import {
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startTestServer,
  type TestServer,
} from '../running-server.js'

const IDENTITY_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJlLW9mLXRoZS1zaXRl'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ ...forwardEnv('http://127.0.0.1:1', makeKey()), CHAT_BASE_PATH: '/chat' })
})
afterAll(() => server.close())

const policyOf = (response: Response) =>
  Object.fromEntries(
    response.headers
      .get('content-security-policy')!
      .split('; ')
      .map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1)]),
  ) as Record<string, string[]>

describe('/embed/:eventId', () => {
  it('is a page with only the element and same-origin files, and the listed sites can frame it', async () => {
    const response = await fetch(`${server.url}/embed/${EVENT}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const policy = policyOf(response)
    expect(policy).toMatchObject({
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'connect-src': ["'self'"],
      'frame-src': ['https://kinescope.io'],
      'frame-ancestors': ["'self'", SITE_ORIGIN],
    })
    const html = await response.text()
    expect(html).toContain(`<kinescope-chat event-id="${EVENT}"`)
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
    const sources = [...html.matchAll(/(?:src|href)="(\.\.[^"]+)"/g)].map(([, source]) => source!)
    expect(sources).toHaveLength(3)
    for (const source of sources) {
      const file = await fetch(new URL(source, `${server.url}/embed/${EVENT}`))
      expect(file.status, source).toBe(200)
    }
  })

  it('omits a pattern for preview deployments from frame-ancestors, where it is invalid', async () => {
    const env = forwardEnv('http://127.0.0.1:1', makeKey())
    const origins = `${SITE_ORIGIN},https://my-app-*.example.app,capacitor://localhost`
    const previewed = await startTestServer({ ...env, CHAT_ALLOWED_ORIGINS: origins })
    try {
      const response = await fetch(`${previewed.url}/embed/${EVENT}`)
      expect(policyOf(response)['frame-ancestors']).toEqual(["'self'", SITE_ORIGIN, 'capacitor://localhost'])
    } finally {
      await previewed.close()
    }
  })

  it('passes a signed link’s identity token to the element, and no other value', async () => {
    const page = async (query: string) => (await fetch(`${server.url}/embed/${EVENT}${query}`)).text()
    expect(await page(`?identity=${IDENTITY_TOKEN}`)).toContain(`identity="${IDENTITY_TOKEN}"`)
    for (const query of [
      '',
      '?identity=',
      '?identity=%22%3E%3Cscript%3Ealert(1)%3C/script%3E',
      `?identity=${IDENTITY_TOKEN}&identity=x`,
      '?identity=a.b',
    ]) {
      expect(await page(query), query).not.toContain('identity=')
    }
  })

  it('is 404 for a stream outside the list, for any name', async () => {
    for (const id of ['another', '%3Cscript%3E', '..%2F..%2Fetc', 'x'.repeat(400)]) {
      const response = await fetch(`${server.url}/embed/${id}`)
      expect(response.status, id).toBe(404)
      expect(await response.text(), id).not.toContain('<script>')
    }
  })

  it('escapes all its values', () => {
    const nasty = `"'><img src=x onerror=alert(1)>&`
    const html = embedPage({
      eventId: nasty,
      identity: nasty,
      pageUrl: nasty,
      oembedUrl: nasty,
      chatOrigin: nasty,
    })
    expect(html).not.toContain('<img')
    expect(html.match(/&quot;&#39;&gt;&lt;img/g)).toHaveLength(6)
  })
})

describe('/oembed', () => {
  const ask = (url: string, more = '') => fetch(`${server.url}/oembed?url=${encodeURIComponent(url)}${more}`)

  it('is linked by the page and returns the code that embeds it', async () => {
    const html = await (await fetch(`${server.url}/embed/${EVENT}`)).text()
    const link = /type="application\/json\+oembed" href="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
    const response = await fetch(link!)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const answer = (await response.json()) as { html: string }
    expect(answer).toMatchObject({ version: '1.0', type: 'rich', width: 400, height: 600 })
    expect(answer.html).toContain(`src="${server.url}/embed/${EVENT}"`)
  })

  it('respects the requested size', async () => {
    const answer = await (await ask(`${server.url}/embed/${EVENT}`, '&maxwidth=300&maxheight=200')).json()
    expect(answer).toMatchObject({ width: 300, height: 200 })
  })

  it('rejects addresses of other servers, other streams and XML', async () => {
    const answers = await Promise.all([
      ask(`https://evil.test/embed/${EVENT}`),
      ask(`${server.url}/embed/another`),
      ask(`${server.url}.evil.test/embed/${EVENT}`),
      ask(`${server.url}/embed/%E0%A4%A`),
      ask(''),
      ask(`${server.url}/embed/${EVENT}`, '&format=xml'),
    ])
    const problems = (await Promise.all(answers.map((answer) => answer.json()))) as { status: number }[]
    for (const list of [answers, problems]) {
      expect(list.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 501])
    }
  })

  it('never repeats an identity token', async () => {
    const answer = await (await ask(`${server.url}/embed/${EVENT}?identity=${IDENTITY_TOKEN}`)).text()
    expect(answer).not.toContain(IDENTITY_TOKEN)
  })
})

describe('the server’s own address', () => {
  const linksIn = async (response: Response) =>
    [...(await response.text()).matchAll(/https?:[^"&\s]+/g)].map(([link]) => link)

  it('is CHAT_PUBLIC_URL if it is set, for any request and any trusted proxy', async () => {
    const { url, close } = await startTestServer({
      ...forwardEnv('http://127.0.0.1:1', makeKey()),
      CHAT_BASE_PATH: '/chat',
      CHAT_PUBLIC_URL: 'https://chat.example.com/chat',
      CHAT_TRUSTED_PROXIES: '127.0.0.1',
    })
    const lies = { 'X-Forwarded-Host': 'evil.test', 'X-Forwarded-Proto': 'javascript' }
    const page = await fetch(`${url}/embed/${EVENT}`, { headers: lies })
    const links = await linksIn(page)
    expect(links).not.toEqual([])
    for (const link of links.filter((one) => !one.startsWith('https://kinescope.io')))
      expect(link).toMatch(/^https:\/\/chat\.example\.com\/chat\//)
    const asked = encodeURIComponent(`https://chat.example.com/chat/embed/${EVENT}`)
    const oembed = await fetch(`${url}/oembed?url=${asked}`, { headers: lies })
    expect(((await oembed.json()) as { html: string }).html).toContain(
      'src="https://chat.example.com/chat/embed/',
    )
    await close()
  })

  it('never links to another place because of forwarded headers', async () => {
    const trusting = await startTestServer({
      ...forwardEnv('http://127.0.0.1:1', makeKey()),
      CHAT_TRUSTED_PROXIES: '127.0.0.1',
    })
    const spoofed: Record<string, string>[] = [
      { 'X-Forwarded-Proto': 'javascript' },
      { 'X-Forwarded-Proto': 'javascript:alert(1)//' },
      { 'X-Forwarded-Proto': 'data' },
      { 'X-Forwarded-Host': '"><script>alert(1)</script>' },
      { 'X-Forwarded-Host': 'user@evil.test' },
      { 'X-Forwarded-Host': 'evil.test/path?' },
      { 'X-Forwarded-Host': 'evil.test\\@chat.example.com' },
      { 'X-Forwarded-Host': 'a b' },
      { 'X-Forwarded-Host': 'evil.test:99999999' },
    ]
    for (const headers of spoofed) {
      const page = await fetch(`${trusting.url}/embed/${EVENT}`, { headers })
      const html = await page.text()
      expect(html, JSON.stringify(headers)).not.toMatch(/javascript:|evil\.test|<script>|href="data:/)
    }
    await trusting.close()
    // only a listed proxy is trusted
    const untrusting = await fetch(`${server.url}/embed/${EVENT}`, {
      headers: { 'X-Forwarded-Host': 'evil.test', 'X-Forwarded-Proto': 'https' },
    })
    expect(await untrusting.text()).not.toContain('evil.test')
  })
})

describe('a missing page', () => {
  it('has a text in the visitor’s language, and neither JSON nor a script', async () => {
    for (const path of ['embed/another', `embed/${'x'.repeat(600)}`, 'embed/%zz', 'embed/', 'embed/a/b']) {
      const response = await fetch(`${server.url}/${path}`, {
        headers: { 'Accept-Language': 'ru-RU,en;q=0.5' },
      })
      expect(response.status, path).toBe(404)
      expect(response.headers.get('content-type'), path).toBe('text/html; charset=utf-8')
      expect(policyOf(response)['frame-ancestors'], path).toEqual(["'self'", SITE_ORIGIN])
      const html = await response.text()
      expect(html, path).toContain('<html lang="ru">')
      expect(html, path).not.toMatch(/<script|\{"/)
    }
  })
})

describe('the sizes that an oEmbed consumer requests', () => {
  it.each([
    ['', 400, 600],
    ['&maxwidth=320&maxheight=200', 320, 200],
    ['&maxwidth=100000&maxheight=100000', 400, 600],
    ['&maxwidth=0&maxheight=-5', 400, 600],
    ['&maxwidth=1e2&maxheight=0x10', 400, 600],
    ['&maxwidth=NaN&maxheight=Infinity', 400, 600],
    ['&maxwidth=12.5&maxheight=%22%3E', 400, 600],
    ['&maxwidth=300&maxwidth=1', 400, 600],
    ['&maxwidth=99999999999999999999', 400, 600],
  ])('%s: %i by %i', async (query, width, height) => {
    const asked = encodeURIComponent(`${server.url}/embed/${EVENT}`)
    const response = await fetch(`${server.url}/oembed?url=${asked}${query}`)
    expect(await response.json()).toMatchObject({
      width,
      height,
      html: expect.stringContaining(`width="${width}" height="${height}"`) as string,
    })
  })
})
