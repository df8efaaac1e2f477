import { readServeConfig } from '../config.js'
import { SETTINGS } from '../settings.js'
import { settingFlags, type Command } from './command.js'

export const serve: Command = {
  name: 'serve',
  summary: 'run the token server until SIGTERM or Ctrl-C',
  settings: SETTINGS.map(({ name }) => name),
  notes: [
    'Serves POST /token, /kinescope-chat.js, /embed/ID, /healthz and /readyz, and /metrics on CHAT_ADMIN_PORT. Follows changes of the key directory without a restart; SIGHUP reloads it at once. Logs JSON lines to standard output.',
  ],
  async run(call) {
    const config = readServeConfig(call.env, settingFlags(call))
    // the other commands start faster without the web framework
    const { serveUntilSignal } = await import('../serve/shutdown.js')
    let url = ''
    await serveUntilSignal(config, {
      onReady: (server) => {
        url = server.url
        call.terminal.printError(`kinescope-chat-server listens on ${url}`)
      },
    })
    return { exit: 0, data: { url, stopped: true }, text: '' }
  },
}
