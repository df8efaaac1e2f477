import { readServeConfig } from '../config.js'
import { SETTINGS } from '../settings.js'
import { settingFlags, type Command } from './command.js'

export const serve: Command = {
  name: 'serve',
  summary: 'run the token server until SIGTERM or Ctrl-C',
  settings: SETTINGS.map(({ name }) => name),
  notes: [
    'Answers POST /token, and serves /kinescope-chat.js, /embed/ID, /healthz and /readyz; /metrics on CHAT_ADMIN_PORT. Follows changes of the key directory without a restart; SIGHUP makes it look at once. Logs are JSON lines on standard output.',
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
