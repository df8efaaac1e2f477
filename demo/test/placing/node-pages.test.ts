import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { ChatUser } from 'kinescope-chat-server'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { buildEmulator } from '../../emulator/emulator.js'
import { runCommand } from '../../run-command.js'
import { launchBrowser } from '../e2e/browser.js'
import { EVENT } from './kinescope.js'
import { blockOf, PLACEHOLDER } from './page-blocks.js'
import { replayFolder } from './replayed.js'
import { Site } from './site.js'
import { twoVisitorsTalk } from './two-visitors.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown
type Route = (request: Request, context: object) => Promise<Response>

/** The possible exports of a page's code. */
interface Replayed {
  buildSite?: (userOf: (request: IncomingMessage) => ChatUser | null) => Promise<Handler>
  app?: FastifyInstance
  GET?: Route
  POST?: Route
  OPTIONS?: Route
}

interface Case {
  title: string
  page: string
  language: 'js' | 'ts'
  mark: string
  /** Code that the page leaves to the reader. */
  before?: string
  after?: string
  /** Returns the site's handlers by their path, from the code's exports. */
  mount: (code: Replayed) => Promise<Record<string, Handler>> | Record<string, Handler>
  tag?: string
}

const userOf = (cookie: string | null | undefined): ChatUser | null => {
  const name = /(?:^|; )visitor=(\w+)/.exec(cookie ?? '')?.[1]
  return name ? { id: `user-${name}`, name } : null
}
const USER_OF = `const userOf = ({ headers }) => {
  const name = /visitor=(\\w+)/.exec((headers.get ? headers.get('cookie') : headers.cookie) ?? '')?.[1]
  return name ? { id: name, name } : null
}
`
/** The session of a Fastify application. */
const FASTIFY_SESSION = `
app.decorateRequest('user', null)
app.addHook('onRequest', async (request) => { request.user = userOf(request) })
export { app }`

const mountFastify = async ({ app }: Replayed) => {
  await app!.ready()
  const handle: Handler = (request, response) => app!.routing(request, response)
  return { '/chat/token': handle, '/chat/kinescope-chat.js': handle }
}

const CASES: Case[] = [
  {
    title: 'Express, of docs/embedding.md',
    page: 'docs/embedding.md',
    language: 'ts',
    mark: 'function buildSite',
    mount: async ({ buildSite }) => ({ '/token': await buildSite!(({ headers }) => userOf(headers.cookie)) }),
  },
  {
    title: 'Next.js, of docs/start/nextjs.md',
    page: 'docs/start/nextjs.md',
    language: 'ts',
    mark: 'app/token/route.ts',
    mount: (routes) => ({ '/token': asNextDoes(routes) }),
  },
  {
    title: 'Fastify, of packages/server/README.md',
    page: 'packages/server/README.md',
    language: 'js',
    mark: 'kinescopeChat,',
    before: `${USER_OF}import Fastify from 'fastify'\nconst app = Fastify()\nconst mayWatch = ({ name }) => name !== 'Mallory'\n`,
    after: FASTIFY_SESSION,
    mount: mountFastify,
    tag: '<script type="module" src="/chat/kinescope-chat.js"></script><kinescope-chat event-id="0csUJYzAHfe3PcyMEVScmQ"></kinescope-chat>',
  },
  {
    title: 'Request → Response, of packages/server/README.md',
    page: 'packages/server/README.md',
    language: 'js',
    mark: 'export const POST',
    before: `${USER_OF}const { env } = process\n`,
    mount: (routes) => ({ '/token': asNextDoes(routes) }),
  },
]

/** Calls a file's export for the method, as Next.js does. HEAD uses GET, and a missing method is rejected. */
const asNextDoes =
  (routes: Replayed): Handler =>
  async (request, response) => {
    const method = request.method as 'GET' | 'POST' | 'OPTIONS'
    const route = routes[method] ?? ((method as string) === 'HEAD' ? routes.GET : undefined)
    if (!route) return void response.writeHead(405).end()
    const body = Buffer.concat((await request.toArray()) as Buffer[])
    const asked = new Request(`http://${request.headers.host}${request.url}`, {
      method,
      headers: request.headers as Record<string, string>,
      ...(body.length ? { body } : {}),
    })
    const reply = await route(asked, { params: Promise.resolve({}) })
    response.writeHead(reply.status, Object.fromEntries(reply.headers))
    response.end(Buffer.from(await reply.arrayBuffer()))
  }

describe('the documented code for a reader’s own app', () => {
  let browser: Browser
  let keys: string
  let folder: Awaited<ReturnType<typeof replayFolder>>
  const emulator = buildEmulator()

  beforeAll(async () => {
    await emulator.listen()
    keys = await mkdtemp(join(tmpdir(), 'node-pages-'))
    ;[browser, folder] = await Promise.all([launchBrowser(), replayFolder()])
    await runCommand(['setup', '--event', EVENT], {
      CHAT_KEY_DIR: keys,
      KINESCOPE_API_URL: emulator.url,
      KINESCOPE_CHAT_ORIGIN: emulator.url,
      KINESCOPE_API_TOKEN: emulator.apiToken,
    })
    const { keys: ring } = JSON.parse(await readFile(join(keys, 'keyring.json'), 'utf8')) as {
      keys: { kid: string; file: string }[]
    }
    vi.stubEnv('CHAT_KEY_DIR', keys)
    vi.stubEnv('CHAT_KEY_ID', ring[0]!.kid)
    vi.stubEnv('CHAT_PRIVATE_KEY', await readFile(join(keys, ring[0]!.file), 'utf8'))
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await browser?.close()
    await emulator.close()
    await folder?.remove()
    await rm(keys, { recursive: true, force: true })
  })

  /** Saves the page's code as a file, with the test's stream and keys, and imports it. */
  async function replay({ page, language, mark, before = '', after = '' }: Case, name: string) {
    const code = await blockOf(page, language, mark)
    const own = code.replaceAll(PLACEHOLDER, EVENT).replaceAll(`'./keys'`, `'${keys}'`)
    return (await import(await folder.save(`${name}.${language}`, before + own + after))) as Replayed
  }

  it.each(CASES)('lets two visitors talk: $title', async (code) => {
    const site = await new Site().listen()
    const exports = await replay(code, `app-${CASES.indexOf(code)}`)
    for (const [path, handle] of Object.entries(await code.mount(exports))) site.handlers.set(path, handle)
    const tag =
      code.tag ??
      `<script type="module" src="/kinescope-chat.js"></script>${await blockOf('docs/embedding.md', 'html', 'token-url="/token"')}`
    site.handlers.set('/', (request, response) => {
      const name = new URL(request.url!, 'http://localhost').searchParams.get('as')
      response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': `visitor=${name}; HttpOnly` })
      response.end(
        `<!doctype html><title>App</title>${tag.replace(PLACEHOLDER, EVENT).replace('event-id', `chat-origin="${emulator.url}" event-id`)}`,
      )
    })
    try {
      await twoVisitorsTalk(browser, `${site.url()}/`)
      const signedOut = await fetch(`${site.url()}${code.tag ? '/chat' : ''}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        body: `{"event_id":"${EVENT}"}`,
      })
      expect(signedOut.status).toBe(401)
    } finally {
      await site.close()
      await exports.app?.close()
    }
  })

  it('loads without a key directory, as `next build` loads a route', async () => {
    vi.stubEnv('CHAT_KEY_DIR', join(keys, 'not-there'))
    const next = CASES.find(({ mark }) => mark === 'app/token/route.ts')!
    const { POST } = await replay(next, 'built')
    expect(POST).toBeTypeOf('function')
  })
})
