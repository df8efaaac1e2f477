import { LogOutput } from './log-output.js'
import { createLogger } from './log.js'
import type { ServeConfig } from './config.js'
import { startServer, type RunningServer, type StartOptions } from './serve.js'

/** Whatever hangs, the process is gone by then. `close` needs 4 s at most; orchestrators kill after 10 or more. */
const LAST_MS = 4500
/** After everything is closed: what is still under way then is nobody's. */
const LINGER_MS = 200

/**
 * Runs the token server as a process does: until SIGTERM or SIGINT, then answers what is in flight. A second signal ends
 * it at once. SIGHUP looks at the key ring and opens the audit anew; before there is a server it changes nothing.
 * @param onReady called once the server listens
 */
export async function serveUntilSignal(
  config: ServeConfig,
  { onReady, ...options }: StartOptions & { onReady?: (server: RunningServer) => void } = {},
): Promise<void> {
  const output = new LogOutput()
  const logger = options.logger ?? createLogger(config.logLevel, output)
  output.onDrained = (lost) => {
    const todo = 'Look at where standard output goes: its reader was slower than the log, or its disk full.'
    logger.warn({ lost, todo }, 'lines of this log were dropped')
  }
  let server: RunningServer | null = null
  const reload = () => void server?.reload()
  process.on('SIGHUP', reload)

  let stop: (signal: NodeJS.Signals) => void
  const stopped = new Promise<NodeJS.Signals>((resolve) => (stop = resolve))
  let told = false
  const onSignal = (signal: NodeJS.Signals) => {
    // before the start is done nothing is in flight; told twice, somebody wants it over with
    if (told || server === null) process.exit(signal === 'SIGINT' ? 130 : 143)
    told = true
    stop(signal)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal)

  server = await startServer(config, { logLost: () => output.lost, ...options, logger })
  onReady?.(server)
  const signal = await stopped
  logger.info({ signal }, 'told to stop: what is in flight is answered')
  endBy(LAST_MS)
  await server.close()
  logger.info('stopped')
  endBy(LINGER_MS)
}

/** Ends the process even if something keeps it alive; doesn't keep it alive itself. */
function endBy(ms: number): void {
  setTimeout(() => process.exit(process.exitCode ?? 0), ms).unref()
}
