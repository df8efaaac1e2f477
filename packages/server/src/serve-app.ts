import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { answerClientError } from './endpoint/client-error.js'
import { notFound, send } from './endpoint/fastify-token-route.js'
import type { TokenAnswer } from './endpoint/token-call.js'
import { Turns } from './endpoint/turns.js'
import type { AddressTest } from './identity/proxy-header.js'
import { pathOf } from './log.js'

/** A client has this long to send its request. Ours is 4 KiB at most. */
const REQUEST_TIMEOUT_MS = 5000
/** Longer than nginx keeps its side (60 s), so that it is never ours that closes under a request. */
const KEEP_ALIVE_MS = 65_000
const MAX_CONNECTIONS = 20_000
/** What is in flight at SIGTERM gets this long; then it is answered with a 503, and then cut. */
const FINISH_MS = 3000
const CLOSE_MS = 3500

export interface AppOptions {
  isTrusted: AddressTest
  logger: FastifyBaseLogger
  /** Pages that may read why their request was none. */
  allowedOrigins: readonly string[]
  /** The answer where there is nothing, by path. */
  notFoundAt?: (requestId: string, path: string, language: string) => TokenAnswer
}

/** A Fastify that slow clients, proxies' headers and errors can't hurt. */
export function buildApp({
  isTrusted,
  logger,
  allowedOrigins,
  notFoundAt = notFound,
}: AppOptions): FastifyInstance {
  const origins = new Set(allowedOrigins)
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
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
    frameworkErrors: (_error, request, reply) =>
      void send(
        reply,
        notFoundAt(request.id, pathOf(request.url), String(request.headers['accept-language'] ?? '')),
      ),
    // a logger of its own for each request costs a thirtieth of a token; lines name their request themselves
    childLoggerFactory: (shared) => shared,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, origins),
  }) as unknown as FastifyInstance
  // more would end in EMFILE, which takes the log and the key ring along
  app.server.maxConnections = MAX_CONNECTIONS
  // Node would answer by itself, without our headers; RFC 9110, section 10.1.1 lets us pass over what we don't know
  app.server.on('checkExpectation', (request, response) => app.routing(request, response))
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
 * Whatever is asked for begins in portions, too: a script that everybody loads at the start of a stream, an address that isn't
 * there. The token endpoint has a line of its own: whoever waits in it keeps nobody from hearing that the server lives.
 */
export function beginInPortions(app: FastifyInstance, tokenPath: string): void {
  const turns = new Turns()
  app.addHook('onRequest', ({ url }, _reply, done) => {
    if (pathOf(url) === tokenPath) done()
    else turns.enter(() => done())
  })
}

/**
 * Ends without losing anybody: what is in flight is answered with `Connection: close`, idle keep-alive connections are
 * closed as they fall idle (Node alone would wait for their timeout), and after the deadline all of them.
 */
export function closeOnce(
  app: FastifyInstance,
  { giveUp, cleanUp }: { giveUp: () => void; cleanUp: () => Promise<void> },
): () => Promise<void> {
  let closing: Promise<void> | null = null
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('Connection', 'close')
    done(null, payload)
  })
  return () =>
    (closing ??= (async () => {
      const idle = setInterval(() => app.server.closeIdleConnections(), 50)
      const late = setTimeout(giveUp, FINISH_MS)
      const deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS)
      try {
        await app.close()
      } finally {
        clearInterval(idle)
        clearTimeout(late)
        clearTimeout(deadline)
        await cleanUp()
      }
    })())
}

/**
 * A proxy that nobody named makes all visitors one: one address, one rate limit. Said once, and only of peers that can
 * be a proxy of ours; a stranger may write any header.
 */
export function warnOfUnknownProxy(
  app: FastifyInstance,
  isTrusted: AddressTest,
  logger: FastifyBaseLogger,
): void {
  let said = false
  app.addHook('onRequest', ({ raw, headers }, _reply, done) => {
    const peer = raw.socket.remoteAddress
    if (!said && headers['x-forwarded-for'] !== undefined && !isTrusted(peer) && isNear(peer)) {
      said = true
      const todo = `If it is your proxy, write CHAT_TRUSTED_PROXIES=${peer}: until then all its visitors count as one.`
      logger.warn({ peer, todo }, 'a peer forwards for others and is not trusted')
    }
    done()
  })
}

/** Loopback, private and link-local addresses (RFC 1918, RFC 4193, RFC 4291). */
const isNear = (address = ''): boolean =>
  /^(::ffff:)?(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254)\.|^(::1$|f[cd]|fe80)/i.test(address)

/** Where it listens, such as `http://127.0.0.1:8080`. */
export function addressOf(app: FastifyInstance): string {
  const address = app.server.address()
  if (address === null || typeof address === 'string') return String(address)
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
