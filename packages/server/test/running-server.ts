import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { readServeConfig } from '../src/config.js'
import { createLogger } from '../src/serve/log.js'
import { startServer, type RunningServer, type StartOptions } from '../src/serve/server.js'
import { secret, secretsIn } from './secrets.js'

export const EVENT = '0csUJYzAHfe3PcyMEVScmQ'
export const SITE_ORIGIN = 'https://www.example.com'

export interface TestKey {
  kid: string
  pem: string
  publicKey: KeyObject
}

export function makeKey(bits = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return {
    kid: `test-${randomUUID()}`,
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey,
  }
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; server: Server; close: () => Promise<void> }> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A site with sessions. `/me` returns the user of a cookie. */
export async function startSite() {
  const sessions = new Map<string, { id: string | number; name: string }>()
  const { url, close } = await listen((request, response) => {
    const session = /(?:^|;\s*)sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    const user = sessions.get(session)
    response.writeHead(user ? 200 : 401, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(user ?? { error: 'not signed in' }))
  })
  return {
    url,
    close,
    /** Signs in a visitor and returns the `Cookie` header of their browser. */
    signIn(id: string | number, name: string): string {
      const session = secret(randomUUID())
      sessions.set(session, { id, name })
      return `sid=${session}`
    },
  }
}

export interface TestServer extends RunningServer {
  log: string[]
}

/** Starts the real server on a free port. On close, its log is searched for secrets. */
export async function startTestServer(
  env: Record<string, string>,
  options: StartOptions = {},
): Promise<TestServer> {
  const log: string[] = []
  const logger = createLogger('debug', { write: (line) => void log.push(line) })
  const config = readServeConfig({
    PORT: '0',
    CHAT_ADMIN_PORT: '0',
    CHAT_EVENTS: EVENT,
    CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
    ...env,
  })
  const server = await startServer(config, { logger, ...options })
  return {
    ...server,
    log,
    async close() {
      await server.close()
      expect(secretsIn(log.join('\n'))).toEqual([])
    },
  }
}

/** The environment of a server that identifies visitors by a site. */
export function forwardEnv(siteUrl: string, { kid, pem }: TestKey): Record<string, string> {
  return {
    CHAT_IDENTITY: 'forward',
    CHAT_IDENTITY_URL: `${siteUrl}/me`,
    CHAT_PRIVATE_KEY: pem,
    CHAT_KEY_ID: kid,
  }
}

/** Requests a token as the element does. */
export function askToken(
  url: string,
  headers: Record<string, string> = {},
  body: unknown = { event_id: EVENT },
): Promise<Response> {
  return fetch(`${url}/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: SITE_ORIGIN, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
