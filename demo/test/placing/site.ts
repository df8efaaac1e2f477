import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNodeHandler, fixedKeySource, importSigningKey, type ChatUser } from 'kinescope-chat-server'
import { EVENT, startKinescope, type Kinescope } from './kinescope.js'

export interface SitePage {
  html: string
  headers?: Record<string, string>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** A web site on its own port. Its addresses at `localhost` and at `127.0.0.1` are two different sites. */
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

export interface ChatSite extends Kinescope {
  site: Site
  close(): Promise<void>
}

/** Starts a site with a chat, and with a token endpoint at `/token` that signs each token for the same visitor. */
export async function startChatSite(user: ChatUser = { id: 'u-1', name: 'Жанна' }): Promise<ChatSite> {
  const kinescope = await startKinescope()
  const signingKey = await importSigningKey({ kid: kinescope.key.kid, privateKey: kinescope.key.pem })
  const site = await new Site().listen()
  site.handlers.set(
    '/token',
    createNodeHandler({
      limits: null, // the test's one visitor opens more pages than a real one
      keys: fixedKeySource(signingKey),
      events: [EVENT],
      authenticate: () => user,
    }),
  )
  const close = async () => void (await Promise.all([site.close(), kinescope.emulator.close()]))
  return { ...kinescope, site, close }
}
