import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import type { StreamEvent } from './emulator/seed-events.js'
import { runCommand } from './run-command.js'

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
  /** Settings of the token server, beside these. */
  settings?: Record<string, string> | undefined
  logLevel: 'error' | 'silent'
  report: (step: string) => void
}

/** What the operator has brought up. */
export interface Operated {
  /** Origin of the token server, as a browser should visit it. */
  tokenServer: string
  /** Replaces the signing key; resolves when the server signs with the new one. */
  rotateKeys: () => Promise<void>
  /** Ends the server as an orchestrator does, and starts it anew in its place. */
  restart: () => Promise<void>
  /** Starts one more server, with these settings changed, on any free port; returns its address. */
  serveAlso: (changes: Record<string, string>) => Promise<string>
  /** Runs the command line with these settings changed. */
  command: (args: readonly string[], changes?: Record<string, string>) => Promise<string>
  close: () => Promise<void>
}

/** Does what an operator does, with the operator's own command: sets up the key and the stream, then serves. */
export async function operate(options: OperateOptions): Promise<Operated> {
  const { keyDir, api, site, event, allowed, port, settings, logLevel, report } = options
  const shared = { CHAT_KEY_DIR: keyDir, KINESCOPE_API_URL: api.url, KINESCOPE_CHAT_ORIGIN: api.url }
  const command: Operated['command'] = (args, changes) =>
    runCommand(args, { ...shared, KINESCOPE_API_TOKEN: api.token, ...changes })

  const setup = ['setup', '--event', event.publicId, '--url', `http://localhost:${port}`]
  const said = await command(setup)
  // what it did; what it would say next is for operators of their own
  const [done = ''] = said.trim().split('\n\n')
  report(`kinescope-chat-server ${setup.join(' ')}\n\n${done.replace(/^/gm, '    ')}\n`)

  // the running server gets no API token: it needs none
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
      // also where the last rotation isn't finished, as it is for an hour: whoever presses a button means it
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
