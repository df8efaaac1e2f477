import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import type { StreamEvent } from './emulator/seed-events.js'
import type { PageFacts } from './src/page-facts.js'

export interface OperateOptions {
  keyDir: string
  api: { url: string; token: string }
  /** Origin of the site whose visitors the chat is for. */
  site: string
  /** The stream that is set up. */
  event: StreamEvent
  /** Ids of all streams that tokens are made for. */
  allowed: readonly string[]
  /** The token server's; 0 for any free one. */
  port: number
  /** Seconds; the server's default where unset. */
  tokenTtl?: number | undefined
  logLevel: 'error' | 'silent'
  report: (step: string) => void
}

/** What the operator has brought up. */
export interface Operated {
  /** Origin of the token server, as a browser should visit it. */
  tokenServer: string
  otherEndpoints: PageFacts['otherEndpoints']
  /** Replaces the signing key; resolves when the servers sign with the new one. */
  rotateKeys: () => Promise<void>
  close: () => Promise<void>
}

/** Does what an operator does, with the operator's own command: sets up the key and the stream, then serves. */
export async function operate(options: OperateOptions): Promise<Operated> {
  const { keyDir, api, site, event, allowed, port, tokenTtl, logLevel, report } = options
  const shared = { CHAT_KEY_DIR: keyDir, KINESCOPE_API_URL: api.url, KINESCOPE_CHAT_ORIGIN: api.url }
  const command = (...args: string[]) => runCommand(args, { ...shared, KINESCOPE_API_TOKEN: api.token })

  const setup = ['setup', '--event', event.publicId, '--url', `http://localhost:${port}`]
  const said = await command(...setup)
  report(`kinescope-chat ${setup.join(' ')}\n\n${said.trim().replace(/^(?=.)/gm, '    ')}\n`)

  // the running server gets no API token: it needs none
  const env = {
    ...shared,
    CHAT_LOG_LEVEL: logLevel,
    CHAT_EVENTS: allowed.join(','),
    CHAT_IDENTITY: 'forward',
    CHAT_IDENTITY_URL: `${site.replace('localhost', '127.0.0.1')}/me`,
    CHAT_ALLOWED_ORIGINS: site,
    ...(tokenTtl === undefined ? {} : { CHAT_TOKEN_TTL: String(tokenTtl) }),
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
    report(`kinescope-chat serve: token server on ${tokenServer}`)
    const otherOrigin = await serve({ PORT: '0', CHAT_ALLOWED_ORIGINS: 'https://another.example' })
    const lowLimit = await serve({ PORT: '0', CHAT_RATE_LIMIT: '2,1000' })
    return {
      tokenServer,
      otherEndpoints: { 'other-origin': `${otherOrigin}/token`, 'low-limit': `${lowLimit}/token` },
      async rotateKeys() {
        await command('keys', 'rotate', '--propagation', '0')
        await Promise.all(servers.map((server) => server.reload()))
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Runs `kinescope-chat` as a process of its own, as at a prompt. @throws with what it said, when it fails */
async function runCommand(args: string[], env: Record<string, string>): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('kinescope-chat-server/package.json')
  const main = join(dirname(manifest), 'dist/cli/main.js')
  const { PATH = '' } = process.env
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env: { PATH, ...env } })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`kinescope-chat ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
