import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNodeHandler, fixedKeySource, importSigningKey, type ChatUser } from 'kinescope-chat-server'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { SEED } from '../../emulator/seed-events.js'
import { makeKey } from '../../site/craft-token.js'

export const EVENT = SEED.live.publicId

export interface SitePage {
  html: string
  headers?: Record<string, string>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** A web site on a port of its own, called by `localhost` or by `127.0.0.1`: the two are different sites. */
export class Site {
  readonly pages = new Map<string, SitePage>()
  readonly handlers = new Map<string, Handler>()
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response))

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  url(host = 'localhost'): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const handler = this.handlers.get(path)
    if (handler) return void (await handler(request, response))
    const page = this.pages.get(path)
    if (page) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...page.headers }).end(page.html)
      return
    }
    try {
      const body = await readFile(fileURLToPath(fileFor(path)))
      const type = TYPES[extname(path)] ?? 'application/octet-stream'
      response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(body)
    } catch {
      response.writeHead(404).end()
    }
  }
}

const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
}

/** The element's files, the examples, and the packages that pages load. */
function fileFor(path: string): URL {
  if (path.startsWith('/lib/')) return new URL(`../../node_modules/${path.slice(5)}`, import.meta.url)
  if (path.startsWith('/examples/')) return new URL(`../../${path.slice(1)}`, import.meta.url)
  return new URL(`../../node_modules/kinescope-chat/dist/${path.slice(1)}`, import.meta.url)
}

export interface ChatSite {
  site: Site
  emulator: Emulator
  /** The origin of the chat page. */
  chatOrigin: string
  close(): Promise<void>
}

/** A site that has a token endpoint at `/token`, which knows every visitor as this one, and a chat to show. */
export async function startChatSite(
  user: ChatUser = { id: 'u-1', name: 'Жанна' },
  allowedOrigins: string[] = [],
): Promise<ChatSite> {
  const emulator = buildEmulator()
  const chatOrigin = await emulator.listen()
  const key = makeKey('placing')
  const registered = await fetch(`${chatOrigin}/v1/jwk`, {
    method: 'POST',
    headers: { authorization: `Bearer ${emulator.apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(key.registration),
  })
  if (!registered.ok) throw new Error(`the emulator refused the key: ${registered.status}`)
  const signingKey = await importSigningKey({
    kid: key.kid,
    privateKey: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  })
  const site = await new Site().listen()
  site.handlers.set(
    '/token',
    createNodeHandler({
      keys: fixedKeySource(signingKey),
      events: [EVENT],
      authenticate: () => user,
      allowedOrigins,
    }),
  )
  const close = async () => void (await Promise.all([site.close(), emulator.close()]))
  return { site, emulator, chatOrigin, close }
}
