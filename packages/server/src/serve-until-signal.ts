import type { ServeConfig } from './config.js'
import { startServer, type RunningServer, type StartOptions } from './serve.js'

/**
 * Runs the token server as a process does: until SIGTERM or SIGINT, then answers what is in flight. SIGHUP looks at the
 * key ring at once.
 * @param onReady called once the server listens
 */
export async function serveUntilSignal(
  config: ServeConfig,
  { onReady, ...options }: StartOptions & { onReady?: (server: RunningServer) => void } = {},
): Promise<void> {
  const server = await startServer(config, options)
  const reload = () => void server.reload()
  process.on('SIGHUP', reload)
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  onReady?.(server)
  await stopped
  await server.close()
  process.off('SIGHUP', reload)
}
