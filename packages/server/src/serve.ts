import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { ServeConfig } from './config.js'
import { configWarnings } from './config-warnings.js'
import { eventLookup, type AllowedEvent } from './endpoint/event-list.js'
import { mountToken, notFound, send, tokenCall } from './endpoint/fastify-token-route.js'
import { createRateLimiter } from './endpoint/rate-limiter.js'
import { registrationAt } from './endpoint/registration-source.js'
import { RegistrationWatch } from './endpoint/registration-watch.js'
import { SigningQueue } from './endpoint/signing-queue.js'
import type { TokenOutcome } from './endpoint/token-call.js'
import { createTokenEndpoint } from './endpoint/token-endpoint.js'
import { identitySource } from './identity/configured-identity.js'
import { pseudonymWith } from './identity/identity.js'
import { addressesIn } from './identity/proxy-header.js'
import { KinescopeApi } from './kinescope/api-client.js'
import { daysLeft, endsSoon } from './keys/key-end.js'
import { openKeys, type OpenKeys } from './keys/open-keys.js'
import { createLogger, pathOf } from './log.js'
import { mountEmbed } from './routes/embed.js'
import { mountHealth } from './routes/health.js'
import { Metrics } from './routes/metrics.js'
import { loadScripts, mountScripts } from './routes/scripts.js'
import { addressOf, buildApp, closeOnce } from './serve-app.js'

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
  const logger: FastifyBaseLogger = options.logger ?? createLogger(config.logLevel)
  for (const { name, message, remediation } of configWarnings(config))
    logger.warn({ setting: name, remediation }, `${name} ${message}`)
  const scripts = await loadScripts()

  const queue = new SigningQueue(() => performance.now())
  const metrics = new Metrics()
  const keys = await openKeys(config, {
    pollMs: options.keyPollMs,
    onReload: (result) => {
      metrics.keyRingReload(result.ok ? 'ok' : 'failed')
      if (result.ok) logger.info({ revision: result.revision }, 'the key ring has changed')
      else
        logger.error(
          { err: result.error },
          'the key ring cannot be followed: the last good state signs, and it is tried at each look',
        )
    },
  })
  const reportKey = () => {
    const choice = keys.current(Date.now())
    const days = daysLeft(choice, Date.now())
    if ('problem' in choice) logger.error({ code: choice.problem }, 'there is no key to sign with')
    else if (endsSoon(choice, Date.now()))
      logger.warn({ kid: choice.key.kid, daysLeft: days }, 'the signing key ends soon')
  }
  const daily = setInterval(reportKey, 86_400_000).unref()
  const findEvent = eventLookup(config.events)
  const events =
    config.events === '*' ? [] : config.events.map((e) => (typeof e === 'string' ? { id: e } : e))
  const eventIds = events.map(({ id }) => id)
  const stale = () => keys.notes().some(({ code }) => code === 'key-ring-stale')
  metrics.observe({ keys, stale, pending: () => queue.pending, eventIds })
  const limiter = openLimiter(config, metrics, logger)
  const watch = openWatch(config, events, keys, metrics, logger, options.watchMs)

  const endpoint = createTokenEndpoint<FastifyRequest>({
    identify: identitySource(config),
    pseudonym: config.userIdSecret === undefined ? undefined : pseudonymWith(config.userIdSecret),
    allowedOrigins: config.allowedOrigins,
    events: config.events,
    keys,
    tokenTtl: config.tokenTtl,
    notBefore: config.notBefore,
    limits: limiter ?? undefined,
    registration: watch ?? undefined,
    queue,
    onOutcome: (outcome) => {
      metrics.outcome(outcome)
      logOutcome(logger, outcome)
    },
  })

  const app = buildApp(addressesIn(config.trustedProxies), logger, new Set(config.allowedOrigins))
  await app.register(
    (scope, _options, done) => {
      mountToken(scope, endpoint)
      mountScripts(scope, scripts)
      mountEmbed(scope, { ...config, findEvent })
      mountHealth(scope, { keys, metrics, notes: () => [...keys.notes(), ...(watch?.notes() ?? [])] })
      done()
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

  const lastCall = () => endpoint.close()
  const close = closeOnce(app, lastCall, () => {
    clearInterval(daily)
    keys.close()
    limiter?.close()
    watch?.close()
  })
  try {
    await app.listen({ port: config.port, host: config.host })
  } catch (error) {
    await close()
    throw error
  }
  void watch?.look()
  reportKey()
  return { app, url: addressOf(app) + config.basePath, reload: () => keys.reload(), close }
}

function openLimiter({ rateLimit, redisUrl }: ServeConfig, metrics: Metrics, logger: FastifyBaseLogger) {
  if (rateLimit === null) return null
  return createRateLimiter({
    ...rateLimit,
    redisUrl,
    onFallback: (error) => {
      metrics.rateLimitFallback()
      logger.warn({ err: error }, 'Redis does not answer: limits are counted here for now')
    },
    onReturn: () => logger.info('Redis answers again: limits are shared'),
  })
}

/** With an API token, the server also watches Kinescope's side. */
function openWatch(
  { apiToken, apiUrl }: ServeConfig,
  events: readonly AllowedEvent[],
  keys: OpenKeys,
  metrics: Metrics,
  logger: FastifyBaseLogger,
  pollMs: number | undefined,
): RegistrationWatch | null {
  if (apiToken === undefined) return null
  return new RegistrationWatch({
    source: registrationAt(new KinescopeApi({ url: apiUrl, token: apiToken })),
    events,
    currentKid: () => {
      const choice = keys.current(Date.now())
      return 'key' in choice ? choice.key.kid : null
    },
    ...(pollMs === undefined ? {} : { pollMs }),
    onCheck: (result) => {
      metrics.upstreamCheck(result.ok ? 'ok' : 'failed')
      if (!result.ok) logger.warn({ err: result.error }, 'the check at Kinescope failed')
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
