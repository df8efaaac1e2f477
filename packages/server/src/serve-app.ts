import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { answerClientError } from './endpoint/client-error.js'
import { notFound, send } from './endpoint/fastify-token-route.js'
import type { AddressTest } from './identity/proxy-header.js'

/** A client has this long to send its request. Ours is 4 KiB at most. */
const REQUEST_TIMEOUT_MS = 5000
/** Longer than nginx keeps its side (60 s), so that it is never ours that closes under a request. */
const KEEP_ALIVE_MS = 65_000
/** What is in flight at SIGTERM gets this long. */
const CLOSE_MS = 4000
/** What still waits for a site or a signer then is told to come back, while there is time to tell it. */
const LAST_CALL_MS = 3000

/** A Fastify that slow clients, proxies' headers and errors can't hurt. */
export function buildApp(
  isTrusted: AddressTest,
  logger: FastifyBaseLogger,
  allowedOrigins: ReadonlySet<string>,
): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // a logger of its own for each request costs a thirtieth of a token; lines name their request themselves
    childLoggerFactory: (shared) => shared,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, allowedOrigins),
    genReqId: () => crypto.randomUUID(),
    trustProxy: (address: string) => isTrusted(address),
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: KEEP_ALIVE_MS,
    // without the interval Node looks for slow clients every thirty seconds only
    http: { connectionsCheckingInterval: 1000, headersTimeout: REQUEST_TIMEOUT_MS },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (_error, request, reply) => void send(reply, notFound(request.id)),
  }) as unknown as FastifyInstance
  app.setErrorHandler((error, request, reply) => {
    logger.error({ err: error, requestId: request.id }, 'a route failed')
    const { body, headers } = notFound(request.id)
    const problem = {
      ...(JSON.parse(body) as object),
      status: 500,
      title: 'Server error',
      detail: 'Something went wrong.',
    }
    return send(reply, { status: 500, headers, body: JSON.stringify(problem) })
  })
  return app
}

/**
 * Ends without losing anybody: what is in flight is answered with `Connection: close`, idle keep-alive connections are
 * closed as they fall idle (Node alone would wait for their timeout), and after the deadline all of them.
 */
export function closeOnce(
  app: FastifyInstance,
  lastCall: () => void,
  cleanUp: () => void,
): () => Promise<void> {
  let closing: Promise<void> | null = null
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('Connection', 'close')
    done(null, payload)
  })
  return () =>
    (closing ??= (async () => {
      const idle = setInterval(() => app.server.closeIdleConnections(), 50)
      const ending = setTimeout(lastCall, LAST_CALL_MS)
      const deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS)
      try {
        await app.close()
      } finally {
        clearInterval(idle)
        clearTimeout(ending)
        clearTimeout(deadline)
        cleanUp()
      }
    })())
}

/** Where it listens, such as `http://127.0.0.1:8080`. */
export function addressOf(app: FastifyInstance): string {
  const address = app.server.address()
  if (address === null || typeof address === 'string') return String(address)
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
