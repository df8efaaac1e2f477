import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { askToken, EVENT, listen, makeKey, startSite } from '../running-server.js'
import { secret, secretsIn } from '../secrets.js'
import { freePort, runServe, untilListening, type Spawned } from './spawned.js'

const PAGE = fileURLToPath(new URL('../../docs/reading-the-log.md', import.meta.url))
const ORIGIN = 'https://www.school.example'
const { pem } = makeKey()
const open: { close(): unknown }[] = []
afterAll(async () => {
  for (const one of open) await one.close()
})

async function serverWith(env: Record<string, string>) {
  const port = await freePort()
  const server = await runServe({
    PORT: String(port),
    CHAT_EVENTS: EVENT,
    CHAT_ALLOWED_ORIGINS: ORIGIN,
    CHAT_PRIVATE_KEY: pem,
    CHAT_KEY_ID: '20261125-R4f1JA_2CQSm9GZg',
    UV_THREADPOOL_SIZE: '64',
    ...env,
  })
  open.push({ close: () => server.child.kill('SIGKILL') })
  await untilListening(server, port)
  const ask = async (headers: Record<string, string>, body?: unknown) =>
    (await askToken(`http://127.0.0.1:${port}`, { Origin: ORIGIN, ...headers }, body)).status
  return { server, ask }
}

/** Stops a server and returns its complete log. */
async function logOf({ child, ended, output }: Spawned): Promise<string[]> {
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(secretsIn(output())).toEqual([])
  return output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
}

const SECRET = secret('a-secret-of-the-site-for-this-page-9184')
function identityToken(sub: string, key = SECRET): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 600
  const text = `${part({ alg: 'HS256' })}.${part({ aud: 'kinescope-chat', sub, name: 'Visitor', exp })}`
  return `Bearer ${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

const STORIES: Record<string, () => Promise<string[]>> = {
  async 'a good day'() {
    const site = await startSite()
    open.push(site)
    const { server, ask } = await serverWith({
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `${site.url}/me`,
    })
    for (const name of ['Ann', 'Ben']) expect(await ask({ Cookie: site.signIn(name, name) })).toBe(200)
    expect(await ask({ Cookie: 'sid=of-nobody' })).toBe(401)
    return logOf(server)
  },

  async 'a mistake'() {
    const page = '<!doctype html><title>Sign in</title>'
    const site = await listen((_request, response) =>
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(page),
    )
    open.push(site)
    const { server, ask } = await serverWith({
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `${site.url}/me`,
    })
    for (let visitor = 1; visitor <= 40; visitor++) {
      const headers = { Cookie: `sid=${visitor}`, 'X-Forwarded-For': `203.0.113.${visitor}` }
      expect(await ask(headers)).toBe(503)
    }
    expect(await ask({ Origin: 'https://news.school.example' })).toBe(403)
    expect(await ask({ Cookie: 'sid=1' }, { event_id: 'tomorrow' })).toBe(403)
    return logOf(server)
  },

  async 'an attack'() {
    const { server, ask } = await serverWith({
      CHAT_IDENTITY: 'jwt',
      CHAT_IDENTITY_SECRET: SECRET,
      CHAT_RATE_LIMIT: '3,3000',
      CHAT_TRUSTED_PROXIES: '127.0.0.1',
    })
    const from = (address: string, more: Record<string, string> = {}) => ({
      'X-Forwarded-For': address,
      Authorization: identityToken('visitor'),
      ...more,
    })
    for (let index = 0; index < 200; index++) {
      const forged = identityToken('admin', `a-guess-${index}`)
      expect(await ask(from('198.51.100.9', { Authorization: forged }))).toBe(401)
    }
    const evil = { Origin: 'https://evil.example' }
    for (let index = 0; index < 50; index++) {
      expect(await ask(from('203.0.113.7', evil))).toBe(403)
      expect(await ask(from(`2001:db8:1:2::${index + 1}`, evil))).toBe(403)
    }
    for (let index = 0; index < 20; index++) {
      expect(await ask(from('203.0.113.80'))).toBe(index < 3 ? 200 : 429)
    }
    return logOf(server)
  },
}

/** Replaces the values that differ between runs. */
function alike(line: string): string {
  return line
    .replace(/"time":"[^"]+"/, '"time":"2026-11-25T09:00:00.000Z"')
    .replace(/[\da-f]{8}-[\da-f-]{27}/g, '3f6c1c9e-5f0a-4c57-9d43-1f2a7f6f0c11')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:8080')
}

it('docs/reading-the-log.md shows a real log and explains each line (UPDATE_DOCS=1 writes it)', async () => {
  let page = readFileSync(PAGE, 'utf8')
  for (const [name, live] of Object.entries(STORIES)) {
    const lines = (await live()).map(alike)
    const [start, end] = [`<!-- log: ${name} -->\n`, '<!-- end -->\n']
    const at = page.indexOf(start) + start.length
    const until = page.indexOf(end, at)
    const made = `\n\`\`\`json\n${lines.join('\n')}\n\`\`\`\n\n`
    if (process.env['UPDATE_DOCS']) page = page.slice(0, at) + made + page.slice(until)
    else expect(page.slice(at, until)).toBe(made)
    if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, page)
    // the prose has one item for each line, up to the next section
    const [prose = ''] = page.slice(page.indexOf(end, at) + end.length).split('\n## ')
    expect(prose.match(/^\d+\. /gm), name).toHaveLength(lines.length)
  }
}, 120_000)
