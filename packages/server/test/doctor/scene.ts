import { cpSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import type { Finding } from '../../src/doctor/finding.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { listen, startTestServer, type TestServer } from '../running-server.js'
import { visit } from './visit.js'

export const EVENT_ID = SEED.live.publicId
export const COOKIE = 'sid=anna'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** The changes that the proxy before the token server makes. */
export interface Proxy {
  request: (headers: Headers) => void
  answer: (headers: Headers) => void
  /** Responds in place of the token server. */
  instead: Handler | null
  /** Caches the first response to a POST and returns it to every visitor. */
  caches: boolean
  /** The path that leads to the token server. */
  path: string
}

/** A site, a proxy, a token server with a key, and Kinescope, all without a fault. Tests inject faults. */
export interface Scene {
  bench: Workbench
  kid: string
  site: { origin: string; me: Handler; page: Record<string, string> }
  proxy: Proxy & { url: string }
  /** The server's settings. The server starts with them at the first request. */
  env: Record<string, string>
  /** Starts the server behind the proxy: the token server, unless a test replaces it. */
  serve: () => Promise<Pick<TestServer, 'url' | 'close'>>
  /** The doctor runs on another machine, without the server's settings and keys. */
  away: boolean
  /** Gives the server a copy of the key directory, so that the doctor's machine doesn't see changes to it. */
  keysApart: () => string
  /** The visitor's headers, and the doctor's flags for them. */
  visitor: { headers: Record<string, string>; flags: string[] }
  /** The token server's address in the page. */
  serverUrl: string
  /** The page's origin. */
  origin: string
  eventId: string
  chatOrigin: string
  /** The result for a visitor. */
  visit: () => Promise<string>
  /** The doctor's findings, with every flag that an operator can give. */
  doctor: () => Promise<{ exit: number; findings: Finding[] }>
  file: (name: string, text: string) => string
  close: () => Promise<void>
}

const json = (response: ServerResponse, status: number, value: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

export async function scene(): Promise<Scene> {
  const bench = await workbench({ variants: { keyFields: 'full' } })
  const { data } = await bench.json('setup', '--event', SEED.live.id)
  const page: Record<string, string> = {}
  let server: Pick<TestServer, 'url' | 'close'> | null = null
  let started = false

  const site = {
    page,
    me: ((request, response) =>
      request.headers.cookie?.includes(COOKIE)
        ? json(response, 200, { id: 7, name: 'Анна' })
        : json(response, 401, {})) as Handler,
  }
  const siteHost = await listen((request, response) => {
    if (request.url === '/me') return site.me(request, response)
    if (request.url === '/kinescope-chat.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end('')
      return
    }
    response.writeHead(200, { 'content-type': 'text/html', ...page }).end(
      `<!doctype html><script src="/kinescope-chat.js" data-token-url="${made.serverUrl}/token"></script>
      <kinescope-chat event-id="${made.eventId}"></kinescope-chat>`,
    )
  })

  const proxy: Proxy = {
    request: () => undefined,
    answer: () => undefined,
    instead: null,
    caches: false,
    path: '',
  }
  const proxyHost = await listen((request, response) => void passOn(request, response))
  let kept: { status: number; headers: [string, string][]; body: Buffer } | null = null
  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk as Buffer)
    if (proxy.instead) return proxy.instead(request, response)
    const { url = '/', method = 'GET' } = request
    if (!server || !url.startsWith(`${proxy.path}/`)) {
      return void response.writeHead(server ? 404 : 502, { 'content-type': 'text/html' }).end('<h1>nothing')
    }
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers))
      if (!['host', 'connection', 'content-length', 'transfer-encoding'].includes(name))
        headers.set(name, String(value))
    proxy.request(headers)
    const cacheable = proxy.caches && method === 'POST'
    if (!cacheable || !kept) {
      const answer = await fetch(new URL(server.url).origin + url.slice(proxy.path.length), {
        method,
        headers,
        redirect: 'manual',
        ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
      })
      const changed = new Headers(answer.headers)
      for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) changed.delete(name)
      proxy.answer(changed)
      const fresh = {
        status: answer.status,
        headers: [...changed] as [string, string][],
        body: Buffer.from(await answer.arrayBuffer()),
      }
      if (cacheable && answer.status === 200) kept = fresh
      return void response.writeHead(fresh.status, fresh.headers.flat()).end(fresh.body)
    }
    response.writeHead(kept.status, kept.headers.flat()).end(kept.body)
  }

  const made: Scene = {
    bench,
    kid: data.kid as string,
    site: { origin: siteHost.url, ...site },
    proxy: Object.assign(proxy, { url: proxyHost.url }),
    env: {
      CHAT_KEY_DIR: bench.keyDir,
      CHAT_EVENTS: EVENT_ID,
      CHAT_ALLOWED_ORIGINS: siteHost.url,
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `${siteHost.url}/me`,
    },
    serve: () => startTestServer(made.env, { keyPollMs: 50 }),
    away: false,
    keysApart() {
      const dir = join(bench.folder, 'keys-of-the-server')
      cpSync(bench.keyDir, dir, { recursive: true })
      made.env['CHAT_KEY_DIR'] = dir
      return dir
    },
    visitor: { headers: { cookie: COOKIE }, flags: [] },
    serverUrl: proxyHost.url,
    origin: siteHost.url,
    eventId: EVENT_ID,
    chatOrigin: bench.emulator.url,
    async visit() {
      await start()
      const { serverUrl, origin, eventId, visitor, chatOrigin } = made
      return visit({ tokenUrl: `${serverUrl}/token`, origin, eventId, headers: visitor.headers, chatOrigin })
    },
    async doctor() {
      await start()
      if (made.away) delete bench.env['CHAT_KEY_DIR']
      else Object.assign(bench.env, made.env, made.env['CHAT_KEY_DIR'] ? { CHAT_KEY_DIR: bench.keyDir } : {})
      const flags = ['--event', made.eventId, '--url', made.serverUrl, '--origin', made.origin]
      const { exit, data } = await bench.json('doctor', ...flags, ...made.visitor.flags)
      return { exit, findings: (data as { findings: Finding[] }).findings }
    },
    file(name, text) {
      const path = join(bench.folder, name)
      writeFileSync(path, text, { mode: 0o600 })
      return path
    },
    async close() {
      await server?.close()
      await Promise.all([siteHost.close(), proxyHost.close(), bench.close()])
    },
  }
  made.visitor.flags = ['--cookie-file', made.file('cookie', COOKIE)]
  // a test may replace `site.me` later
  Object.defineProperty(made.site, 'me', {
    get: () => site.me,
    set: (handler: Handler) => (site.me = handler),
  })

  async function start(): Promise<void> {
    if (started) return
    started = true
    // a setting that prevents the start is a fault too
    server = await made.serve().catch(() => null)
  }
  return made
}
