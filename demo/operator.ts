import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import type { StreamEvent } from './emulator/seed-events.js'
import { runCommand } from './run-command.js'

export interface OperateOptions {
  keyDir: string
  api: { url: string; token: string }
  /** Origin of the site whose visitors use the chat. */
  site: string
  /** The stream to set up. */
  event: StreamEvent
  /** Ids of all streams that the token server allows. */
  allowed: readonly string[]
  /** The token server's port. 0 for any free port. */
  port: number
  /** Additional settings of the token server. */
  settings?: Record<string, string> | undefined
  logLevel: 'error' | 'silent'
  report: (step: string) => void
}

/** The running token server, and the operator's actions on it. */
export interface Operated {
  /** Origin of the token server, as a browser should visit it. */
  tokenServer: string
  /** Replaces the signing key. Resolves when the server signs with the new key. */
  rotateKeys: () => Promise<void>
  /** Stops the server as an orchestrator does, and starts a new one on the same port. */
  restart: () => Promise<void>
  /** Starts one more server, with these settings changed, on any free port; returns its address. */
  serveAlso: (changes: Record<string, string>) => Promise<string>
  /** Runs the command line with these settings changed. */
  command: (args: readonly string[], changes?: Record<string, string>) => Promise<string>
  close: () => Promise<void>
}

/** Sets up the key and the stream with the operator's own command, and starts the token server. */
export async function operate(options: OperateOptions): Promise<Operated> {
  const { keyDir, api, site, event, allowed, port, settings, logLevel, report } = options
  const shared = { CHAT_KEY_DIR: keyDir, KINESCOPE_API_URL: api.url, KINESCOPE_CHAT_ORIGIN: api.url }
  const command: Operated['command'] = (args, changes) =>
    runCommand(args, { ...shared, KINESCOPE_API_TOKEN: api.token, ...changes })

  const setup = ['setup', '--event', event.publicId, '--url', `http://localhost:${port}`]
  const said = await command(setup)
  // only the first paragraph, about the completed steps: the next one is for real operators
  const [done = ''] = said.trim().split('\n\n')
  report(`kinescope-chat-server ${setup.join(' ')}\n\n${done.replace(/^/gm, '    ')}\n`)

  // the running server needs no API token
  const env = {
    ...shared,
    CHAT_LOG_LEVEL: logLevel,
    CHAT_EVENTS: allowed.join(','),
    CHAT_IDENTITY: 'forward',
    CHAT_IDENTITY_URL: `${site.replace('localhost', '127.0.0.1')}/me`,
    CHAT_ALLOWED_ORIGINS: site,
    ...settings,
  }
  const servers: RunningServer[] = []
  const serve = async (changes: Record<string, string>) => {
    const server = await startServer(readServeConfig({ ...env, ...changes }))
    servers.push(server)
    return server
  }
  let main = await serve({ PORT: String(port) })
  const tokenServer = main.url.replace('127.0.0.1', 'localhost')
  report(`kinescope-chat-server serve: token server on ${tokenServer}`)
  return {
    tokenServer,
    command,
    async rotateKeys() {
      // `--force` rotates also in the hour during which the last rotation is unfinished
      await command(['keys', 'rotate', '--propagation', '0', '--force'])
      await main.reload()
    },
    async restart() {
      await main.close()
      servers.splice(servers.indexOf(main), 1)
      main = await serve({ PORT: new URL(main.url).port })
    },
    serveAlso: async (changes) => (await serve({ PORT: '0', ...changes })).url,
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  }
}
