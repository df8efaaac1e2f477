import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import { configWarnings, type ServeConfig } from './config.js'
import { eventLookup } from './endpoint/event-list.js'
import { mountToken, notFound, send, tokenCall } from './endpoint/fastify-token-route.js'
import { createRateLimiter, type RateLimiter } from './endpoint/rate-limiter.js'
import { SigningQueue } from './endpoint/signing-queue.js'
import { createTokenEndpoint, type TokenOutcome } from './endpoint/token-endpoint.js'
import { identitySource } from './identity/configured-identity.js'
import { pseudonymWith } from './identity/identity.js'
import { addressesIn } from './identity/proxy-header.js'
import { openKeys, type OpenKeys } from './keys/open-keys.js'
import { createLogger, pathOf } from './log.js'
import { mountEmbed } from './routes/embed.js'
import { mountHealth } from './routes/health.js'
import { Metrics } from './routes/metrics.js'
import { loadScripts, mountScripts } from './routes/scripts.js'

/** A client has this long to send its request. Ours is 4 KiB at most. */
const REQUEST_TIMEOUT_MS = 5000
/** Longer than nginx keeps its side (60 s), so that it is never ours that closes under a request. */
const KEEP_ALIVE_MS = 65_000
/** What is in flight at SIGTERM gets this long. */
const CLOSE_MS = 4000

export interface StartOptions {
  logger?: FastifyBaseLogger
  /** How often Kinescope is asked, where an API token is given. */
  watchMs?: number
  keyPollMs?: number
}

export interface RunningServer {
  app: FastifyInstance
  /** Origin and base path, such as `http://127.0.0.1:8080/chat`. */
  url: string
  /** Looks at the key ring now. */
  reload(): Promise<void>
  /** Answers what is in flight and ends, in under five seconds. */
  close(): Promise<void>
}

/**
 * Starts the token server.
 * @throws OperatorProblem, ConfigProblem where keys or the element's files can't be used; or the port's own error
 */
export async function startServer(config: ServeConfig, options: StartOptions = {}): Promise<RunningServer> {
  const logger = options.logger ?? (createLogger(config.logLevel) as FastifyBaseLogger)
  for (const warning of configWarnings(config)) logger.warn(warning)
  const scripts = await loadScripts()

  const queue = new SigningQueue(() => performance.now())
  let metrics: Metrics | undefined
  const keys = await openKeys(config, {
    pollMs: options.keyPollMs,
    onReload: (result) => {
      metrics?.keyRingReload(result.ok ? 'ok' : 'failed')
      if (result.ok) logger.info({ revision: result.revision }, 'the key ring has changed')
      else
        logger.error(
          { err: result.error },
          'the key ring has changed and cannot be used: keeping the last good one',
        )
    },
  })
  const findEvent = eventLookup(config.events)
  const events =
    config.events === '*' ? null : new Set(config.events.map((e) => (typeof e === 'string' ? e : e.id)))
  metrics = new Metrics({ keys, pending: () => queue.pending, events })
  const limiter = openLimiter(config, metrics, logger)

  const endpoint = createTokenEndpoint<FastifyRequest>({
    identify: identitySource(config),
    pseudonym: config.userIdSecret === undefined ? undefined : pseudonymWith(config.userIdSecret),
    allowedOrigins: config.allowedOrigins,
    events: config.events,
    keys,
    tokenTtl: config.tokenTtl,
    notBefore: config.notBefore,
    limits: limiter ?? undefined,
    queue,
    onOutcome: (outcome) => {
      metrics.outcome(outcome)
      logOutcome(logger, outcome)
    },
  })

  const app = buildApp(config, logger)
  await app.register(
    async (scope) => {
      mountToken(scope, endpoint)
      mountScripts(scope, scripts)
      mountEmbed(scope, { ...config, findEvent })
      mountHealth(scope, { keys, metrics, notes: () => [] })
    },
    { prefix: config.basePath },
  )
  // a method Fastify has no routes for arrives here, and the token endpoint has an answer to any
  const tokenPath = `${config.basePath}/token`
  app.setNotFoundHandler(async (request, reply) =>
    send(
      reply,
      pathOf(request.url) === tokenPath ? await endpoint.answer(tokenCall(request)) : notFound(request.id),
    ),
  )

  const close = closeOnce(app, keys, limiter)
  try {
    await app.listen({ port: config.port, host: config.host })
  } catch (error) {
    await close()
    throw error
  }
  return { app, url: addressOf(app) + config.basePath, reload: () => keys.reload(), close }
}

function buildApp({ trustedProxies }: ServeConfig, logger: FastifyBaseLogger): FastifyInstance {
  const isTrusted = addressesIn(trustedProxies)
  const app = Fastify({
    loggerInstance: logger,
    disableRequestLogging: true,
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

function openLimiter({ rateLimit, redisUrl }: ServeConfig, metrics: Metrics, logger: FastifyBaseLogger) {
  if (rateLimit === null) return null
  let said = false
  return createRateLimiter({
    ...rateLimit,
    redisUrl,
    onFallback: (error) => {
      metrics.rateLimitFallback()
      if (!said) logger.warn({ err: error }, 'Redis does not answer: limits are counted here for now')
      said = true
    },
  })
}

function logOutcome(logger: FastifyBaseLogger, outcome: TokenOutcome): void {
  switch (outcome.kind) {
    case 'minted':
      logger.debug(outcome, 'token made')
      return
    case 'preflight':
      return
    case 'refused': {
      const { cause, ...facts } = outcome
      if (outcome.status >= 500) logger.error({ ...facts, err: cause }, 'no token: something is wrong')
      else logger.info(cause === undefined ? facts : { ...facts, err: cause }, 'no token')
    }
  }
}

/**
 * Ends without losing anybody: what is in flight is answered with `Connection: close`, idle keep-alive connections are
 * closed as they fall idle (Node alone would wait for their timeout), and after the deadline all of them.
 */
function closeOnce(app: FastifyInstance, keys: OpenKeys, limiter: RateLimiter | null): () => Promise<void> {
  let closing: Promise<void> | null = null
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('Connection', 'close')
    done(null, payload)
  })
  return () =>
    (closing ??= (async () => {
      const idle = setInterval(() => app.server.closeIdleConnections(), 50)
      const deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS)
      try {
        await app.close()
      } finally {
        clearInterval(idle)
        clearTimeout(deadline)
        keys.close()
        limiter?.close()
      }
    })())
}

function addressOf(app: FastifyInstance): string {
  const address = app.server.address()
  if (address === null || typeof address === 'string') return String(address)
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
