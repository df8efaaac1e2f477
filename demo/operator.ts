import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import type { StreamEvent } from './emulator/seed-events.js'
import { makeKey } from './site/craft-token.js'
import type { PageFacts } from './src/page-facts.js'

export interface OperateOptions {
  keyDir: string
  api: { url: string; token: string }
  /** Origin of the site whose visitors the chat is for. */
  site: string
  events: readonly StreamEvent[]
  /** The token server's; 0 for any free one. */
  port: number
  report: (step: string) => void
}

/** What the operator has brought up. */
export interface Operated {
  /** Origin of the token server, as a browser should visit it. */
  tokenServer: string
  otherEndpoints: PageFacts['otherEndpoints']
  rotateKeys: () => Promise<void>
  close: () => Promise<void>
}

/** Does what an operator does, by the same code as the command line: set up the key and the stream, then serve. */
export async function operate(options: OperateOptions): Promise<Operated> {
  const { api, site, events, port, report } = options
  // TEMPORARY until setup is there
  const key = makeKey('temporary')
  await fetch(`${api.url}/v1/jwk`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}` },
    body: JSON.stringify(key.registration),
  })
  for (const event of events) event.jwtRequired = true
  const env = {
    CHAT_PRIVATE_KEY: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    CHAT_KEY_ID: key.kid,
    CHAT_LOG_LEVEL: 'silent',
    CHAT_EVENTS: events.flatMap(({ id, publicId }) => [id, publicId]).join(','),
    CHAT_IDENTITY: 'forward',
    CHAT_IDENTITY_URL: `${site.replace('localhost', '127.0.0.1')}/me`,
    CHAT_ALLOWED_ORIGINS: site,
    KINESCOPE_API_URL: api.url,
    KINESCOPE_CHAT_ORIGIN: api.url,
  }
  const servers: RunningServer[] = []
  const serve = async (changes: Record<string, string>) => {
    const server = await startServer(readServeConfig({ ...env, ...changes }))
    servers.push(server)
    return server.url.replace('127.0.0.1', 'localhost')
  }
  const close = async () => void (await Promise.all(servers.map((server) => server.close())))
  try {
    const tokenServer = await serve({ PORT: String(port) })
    report(`Token server on ${tokenServer}`)
    const otherEndpoints = {
      'other-origin': `${await serve({ PORT: '0', CHAT_ALLOWED_ORIGINS: 'https://another.example' })}/token`,
      'low-limit': `${await serve({ PORT: '0', CHAT_RATE_LIMIT: '2,100' })}/token`,
    }
    return { tokenServer, otherEndpoints, rotateKeys: () => Promise.resolve(), close }
  } catch (error) {
    await close()
    throw error
  }
}
