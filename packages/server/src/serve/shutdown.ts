import closeWithGrace from 'close-with-grace'
import type { ServeConfig } from '../config.js'
import { sharedLogOutput } from './log-output.js'
import { createLogger } from './log.js'
import { startServer, type RunningServer, type StartOptions } from './server.js'

/**
 * The process ends after this time, even if something hangs. `close` needs 4 s at most; orchestrators kill after 10 or
 * more.
 */
const MAX_CLOSE_MS = 4500
/** The time for the last lines of the log, after everything is closed. */
const LINGER_MS = 200

/** Signals that don't stop the server: SIGHUP and SIGUSR2 reload, and a fatal signal must end the process at once. */
const NOT_STOPPING = [
  'SIGHUP',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGUSR2',
  'beforeExit',
] as const

/**
 * Runs the token server as a process until SIGTERM or SIGINT, then finishes the requests in flight. A second signal
 * ends it at once. SIGHUP, SIGUSR1 and SIGUSR2 reload the key ring and reopen the audit log, as log rotation expects. Before
 * the server has started, they change nothing, and SIGUSR1 never opens Node's inspector.
 *
 * @param onReady called once the server listens
 */
export async function serveUntilSignal(
  config: ServeConfig,
  { onReady, ...options }: StartOptions & { onReady?: (server: RunningServer) => void } = {},
): Promise<void> {
  const output = sharedLogOutput()
  const logger = options.logger ?? createLogger(config.logLevel, output)
  output.onDrained = (lost) => {
    const todo = 'Check the reader of standard output: it is slower than the log, or its disk is full.'
    logger.warn({ lost, todo }, 'log lines dropped')
  }
  let server: RunningServer | null = null
  const reload = () => void server?.reload()
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, reload)
  const exitAtOnce = (signal: string) => process.exit(signal === 'SIGINT' ? 130 : 143)

  await new Promise<void>((resolve, reject) => {
    const grace = closeWithGrace(
      {
        delay: MAX_CLOSE_MS + config.shutdownDelay * 1000,
        logger: false,
        skip: [...NOT_STOPPING],
        onSecondSignal: exitAtOnce,
        onTimeout: () => process.exit(process.exitCode ?? 0),
      },
      async ({ signal, err }) => {
        // before the end of the start, no request is in flight
        if (signal && server === null) exitAtOnce(signal)
        if (err) logger.error({ err }, 'uncaught error, draining')
        else logger.info({ signal }, `${signal} received, draining`)
        await server?.close()
        logger.info('stopped')
        resolve()
        await new Promise((linger) => setTimeout(linger, LINGER_MS))
      },
    )
    startServer(config, { output, ...options, logger }).then(
      (started) => {
        server = started
        onReady?.(started)
      },
      (error: Error) => {
        grace.uninstall()
        reject(error)
      },
    )
  })
}
