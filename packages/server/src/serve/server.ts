import { setTimeout } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { ServeConfig } from '../config.js'
import { configWarnings } from '../config-warnings.js'
import { eventLookup, type AllowedEvent, type TokenOutcome } from '../endpoint/request.js'
import { notFound } from '../endpoint/refusal.js'
import { mountToken, send, tokenCall, visitorAddress } from '../adapters/fastify.js'
import { SigningQueue, AdmissionQueue } from '../endpoint/admission.js'
import { createTokenEndpoint } from '../endpoint/handler.js'
import { openIdentity } from '../identity/open-identity.js'
import { cutAddress } from '../net/addresses.js'
import { addressesIn, loggedPath, pathOf, traceparentOf } from '../net/request-facts.js'
import { packageVersion } from '../package-version.js'
import { sharedLogOutput, type LogOutput } from './log-output.js'
import { createLogger } from './log.js'
import { RefusalLog } from './refusal-log.js'
import { openLimiter, openAuditLog, openKeySource, openWatch, reportKey } from './parts.js'
import { ReportSampling } from '../endpoint/page-report.js'
import { RehearsalSecret } from '../endpoint/rehearsal.js'
import { lostAt, mountEmbed, ownAddressBy } from '../routes/embed.js'
import { mountRehearsal } from '../routes/rehearsal.js'
import { mountReport } from '../routes/report.js'
import { PageMetrics } from './page-metrics.js'
import { mountAdmin, mountHealth } from './admin.js'
import { Metrics } from './metrics.js'
import { loadScripts, mountScripts } from '../routes/scripts.js'
import {
  addressOf,
  buildApp,
  closeOnce,
  limitStarts,
  loadOf,
  observeRequests,
  warnOfUnknownProxy,
  type OnRefused,
} from './app.js'

/**
 * The most connections that wait to be accepted; the kernel limits it (`net.core.somaxconn`). The first second of a
 * stream overflows Node's 511, and rejected clients retry after one, three, seven seconds.
 */
const BACKLOG = 4096

export interface StartOptions {
  logger?: FastifyBaseLogger
  /** Writes the lines of the log, and of an audit log with `-`. Standard output by default. */
  output?: LogOutput
  /** How often the server requests Kinescope's state, if it has an API token. */
  watchMs?: number
  keyPollMs?: number
}

export interface RunningServer {
  app: FastifyInstance
  /** Origin and base path, such as `http://127.0.0.1:8080/chat`. */
  url: string
  /** The address of the admin port; null without one. */
  adminUrl: string | null
  /** Reads the key ring now, and reopens the audit log. */
  reload(): Promise<void>
  /** Finishes the requests in flight and ends, in under five seconds. */
  close(): Promise<void>
}

/**
 * Starts the token server.
 * @throws OperatorProblem, ConfigProblem if keys or the element's files can't be used; or the port's own error
 */
export async function startServer(config: ServeConfig, options: StartOptions = {}): Promise<RunningServer> {
  const output = options.output ?? sharedLogOutput()
  const logger: FastifyBaseLogger = options.logger ?? createLogger(config.logLevel, output)
  for (const { name, message, remediation } of configWarnings(config))
    logger.warn({ setting: name, todo: remediation }, `${name} ${message}`)
  const scripts = await loadScripts()

  const metrics = new Metrics()
  const reports = { logger, metrics }
  const queue = new SigningQueue(() => performance.now())
  const keys = await openKeySource(config, options.keyPollMs, reports)
  const audit = await openAuditLog(config.audit, output, reports).catch((error: unknown) => {
    keys.close()
    throw error
  })
  const refusals = new RefusalLog(logger)
  const limiter = await openLimiter(config, reports)
  const daily = setInterval(() => reportKey(keys.current(Date.now()), logger), 86_400_000).unref()
  const events =
    config.events === '*'
      ? []
      : config.events.map((e): AllowedEvent => (typeof e === 'string' ? { id: e } : e))
  const eventIds = events.map(({ id }) => id)
  const watch = openWatch(config, { events, keys, pollMs: options.watchMs }, reports)
  const stale = () => keys.notes().some(({ code }) => code === 'key-ring-stale')
  const admission = new AdmissionQueue()
  const starts = new AdmissionQueue()

  const { rehearsalSecret } = config
  const rehearsal = rehearsalSecret === undefined ? undefined : new RehearsalSecret(rehearsalSecret)
  const sampling = new ReportSampling()
  const identity = openIdentity(config, {
    onKeySet: (event) => {
      metrics.identityKeysFetched(event.ok ? 'ok' : 'failed')
      if (event.ok) return logger.debug({ keysOf: event.name }, 'identity keys fetched')
      const todo =
        'Check the address of the key set from this machine. The last good keys serve for 12 hours.'
      logger.warn(
        { err: event.error, keysOf: event.name, lastGoodMs: event.lastGoodMs, todo },
        'identity keys not fetched',
      )
    },
    onLinkTrouble: (err) =>
      logger.error(
        { err, todo: 'Check CHAT_LINK_DIR and its permissions.' },
        'personal links not read or written',
      ),
  })
  const onOutcome = (outcome: TokenOutcome) => {
    metrics.outcome(outcome)
    refusals.outcome(outcome)
  }
  const endpoint = createTokenEndpoint<FastifyRequest>({
    identify: identity.identify,
    onIdentified: (ms) => metrics.identified(ms),
    guests: identity.guests,
    userIdSecret: config.userIdSecret,
    allowedOrigins: config.allowedOrigins,
    ownOrigin: config.publicUrl && new URL(config.publicUrl).origin,
    events: config.events,
    keys,
    tokenTtl: config.tokenTtl,
    notBefore: config.notBefore,
    limits: limiter,
    registration: watch ?? undefined,
    reportRate: () => sampling.next(performance.now()),
    rehearsal,
    queue,
    admission,
    onOutcome,
    onToken: (issued) => audit?.write(issued),
  })

  const { basePath, allowedOrigins, trustedProxies, admin } = config
  const tokenPath = `${basePath}/token`
  const lost = lostAt(config)
  // a page for a visitor contains text, even if its address can't be read
  const notFoundAt = (requestId: string, path: string, languages: string) =>
    path.startsWith(`${basePath}/embed/`) ? lost(requestId, languages) : notFound(requestId)
  const isTrusted = addressesIn(trustedProxies)
  const probes = [`${basePath}/healthz`, `${basePath}/readyz`]
  const onRefused: OnRefused = (outcome, unrouted) => {
    onOutcome(outcome)
    if (unrouted === undefined) return
    const isToken = unrouted !== null && pathOf(unrouted) === tokenPath
    metrics.request(isToken ? '/token' : 'other', outcome.status, 0)
  }
  const app = buildApp({ isTrusted, logger, allowedOrigins, notFoundAt, probes, onRefused })
  metrics.observe({
    version: packageVersion(),
    keys,
    stale,
    pending: () => queue.pending,
    queued: () => admission.waiting + starts.waiting,
    connections: () => loadOf(app).connections,
    inFlight: () => loadOf(app).inFlight,
    logLost: () => output.lost,
    // a rehearsal's stream is in no list
    eventIds: rehearsal ? [...eventIds, '*'] : eventIds,
  })
  warnOfUnknownProxy(app, isTrusted, logger)
  limitStarts(app, tokenPath, starts, { isTrusted, onRefused })
  const traceOf = ({ raw }: FastifyRequest) => traceparentOf(raw, isTrusted)
  observeRequests(app, basePath, {
    onResponse: (request, route, status, ms) => {
      metrics.request(route, status, ms)
      if (!config.accessLog) return
      const { id: requestId, method, url } = request
      const [path, traceparent] = [loggedPath(url), traceOf(request)]
      const network = cutAddress(visitorAddress(request) ?? '')
      logger.info({ requestId, traceparent, method, route, path, status, ms, network }, 'request')
    },
  })
  let draining = false
  const ownOrigin = config.publicUrl && new URL(config.publicUrl).origin
  const exactOrigins = allowedOrigins.filter((origin) => !origin.includes('*'))
  const pages = new PageMetrics(metrics.registry, [
    ...new Set([...exactOrigins, ...(ownOrigin ? [ownOrigin] : [])]),
  ])
  const health = {
    keys,
    notes: () => [
      ...keys.notes(),
      ...(watch?.notes() ?? []),
      ...identity.failingKeySets().map((name) => ({
        code: 'identity-keys-stale' as const,
        detail: `The keys of ${name} can't be fetched. The last good ones serve for 12 hours.`,
      })),
    ],
    draining: () => draining,
  }
  const factsOf = (request: FastifyRequest) => ({
    address: visitorAddress(request),
    traceparent: traceOf(request),
  })
  await app.register(
    (scope, _options, done) => {
      mountToken(scope, endpoint, factsOf)
      mountScripts(scope, scripts)
      mountReport(scope, {
        allowedOrigins,
        ownOrigin,
        onReport: (report) => pages.report(report),
        onDropped: () => pages.dropped(),
      })
      if (rehearsal) mountRehearsal(scope, rehearsal, config.redisUrl !== undefined)
      mountEmbed(scope, {
        ...config,
        ownAddress: ownAddressBy(config.publicUrl, basePath),
        findEvent: eventLookup(config.events),
      })
      mountHealth(scope, health)
      done()
    },
    { prefix: basePath },
  )
  // a method without routes in Fastify arrives here, and the token endpoint answers any method
  app.setNotFoundHandler(async (request, reply) => {
    const path = pathOf(request.url)
    if (path === tokenPath)
      return send(reply, await endpoint.answer(tokenCall(request, reply, factsOf(request))))
    return send(reply, notFoundAt(request.id, path, String(request.headers['accept-language'] ?? '')))
  })
  const adminApp =
    admin &&
    buildApp({
      isTrusted: () => false,
      logger,
      allowedOrigins: [],
      onRefused: (outcome) => refusals.outcome(outcome),
    })
  if (adminApp) mountAdmin(adminApp, health, metrics)

  const closeNow = closeOnce(app, {
    giveUp: () => endpoint.close(),
    async cleanUp() {
      clearInterval(daily)
      keys.close()
      limiter?.close()
      watch?.close()
      refusals.close()
      adminApp?.server.closeAllConnections()
      await Promise.all([adminApp?.close(), audit?.close()])
    },
  })
  try {
    if (adminApp) await adminApp.listen({ ...admin, listenTextResolver: () => 'admin port listening' })
    await app.listen({ port: config.port, host: config.host, backlog: BACKLOG })
  } catch (error) {
    await closeNow()
    throw error
  }
  void watch?.look()
  const choice = keys.current(Date.now())
  reportKey(choice, logger)
  const adminUrl = adminApp && addressOf(adminApp)
  const url = addressOf(app) + basePath
  const kid = 'key' in choice ? choice.key.kid : null
  // not 'identity': the log redacts a field of that name as an identity token
  logger.info(
    {
      url,
      adminUrl,
      kid,
      identifiedBy: config.identity.map(({ kind }) => kind).join(','),
      events: eventIds.length || '*',
    },
    kid === null ? 'listening, but no key can sign' : 'ready',
  )
  const close = async () => {
    draining = true
    // meanwhile, the admin port and /readyz tell the load balancer
    if (config.shutdownDelay > 0) await setTimeout(config.shutdownDelay * 1000, undefined, { ref: false })
    await closeNow()
  }
  const reload = async () => {
    audit?.reopen()
    await keys.reload()
  }
  return { app, url, adminUrl, reload, close }
}
