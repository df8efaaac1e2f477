import type { FastifyBaseLogger } from 'fastify'
import { openAudit, type AuditLog, type LineOutput } from '../audit/audit-writer.js'
import type { ServeConfig } from '../config.js'
import type { AllowedEvent } from '../endpoint/request.js'
import { localLimit, type RateLimiter } from '../endpoint/rate-limit.js'
import { registrationAt, RegistrationWatch } from '../endpoint/registration-watch.js'
import { KinescopeApi } from '../kinescope/api-client.js'
import { daysLeft, endsSoon, type KeyChoice } from '../token/signing-key.js'
import { openKeys, type OpenKeys } from '../keys/source/open-keys.js'
import { importWithPeer } from '../problem.js'
import type { Metrics } from './metrics.js'

/** Where a part of the server reports events: the log, with what to do, and the metrics. */
export interface Reports {
  logger: FastifyBaseLogger
  metrics: Metrics
}

/** The key source. Its changes and failures are reported. */
export function openKeySource(
  config: ServeConfig,
  pollMs: number | undefined,
  { logger, metrics }: Reports,
): Promise<OpenKeys> {
  return openKeys(config, {
    pollMs,
    onReload: (result) => {
      metrics.keyRingReload(result.ok ? 'ok' : 'failed')
      if (result.ok) return logger.info({ revision: result.revision, kid: result.kid }, 'key ring reloaded')
      const todo = 'Run kinescope-chat-server keys list on the ring, and fix what it names.'
      logger.error({ err: result.error, todo }, 'key ring not loaded; the last good one, if any, still signs')
    },
    onSigner: (choice) => {
      if ('key' in choice) logger.info({ kid: choice.key.kid }, 'signing key changed')
      reportKey(choice, logger)
    },
  })
}

/** Logs a signing key that ends soon, or that there is none: at the start, at each change and once a day. */
export function reportKey(choice: KeyChoice, logger: FastifyBaseLogger): void {
  const days = daysLeft(choice, Date.now())
  if ('problem' in choice) {
    const todo =
      'Run kinescope-chat-server keys list: it shows what is missing. Until then, no tokens are issued.'
    logger.error({ code: choice.problem, todo }, 'no signing key')
  } else if (endsSoon(choice, Date.now())) {
    const todo = 'Run kinescope-chat-server keys reconcile, and let cron run it daily.'
    logger.warn({ kid: choice.key.kid, daysLeft: days, todo }, 'signing key expires soon')
  }
}

export async function openLimiter(
  { rateLimit, redisUrl }: ServeConfig,
  { logger, metrics }: Reports,
): Promise<RateLimiter | null> {
  if (rateLimit === null) return null
  if (redisUrl === undefined) {
    const visitor = localLimit({ points: rateLimit.visitor })
    const address = localLimit({ points: rateLimit.address })
    return { visitor, address, close: () => undefined }
  }
  // most servers have no Redis, and its client is a tenth of the memory
  const { createRedisLimiter } = await importWithPeer(
    'ioredis',
    'CHAT_REDIS_URL',
    () => import('../endpoint/redis-rate-limit.js'),
  )
  return createRedisLimiter({
    ...rateLimit,
    redisUrl,
    onFallback: (error) => {
      metrics.rateLimitFallback()
      const todo = 'Check Redis (CHAT_REDIS_URL). Until then each replica counts separately.'
      logger.warn({ err: error, todo }, 'redis unavailable; counting rate limits locally')
    },
    onReturn: () => logger.info('redis available; rate limits shared again'),
    onCount: (ms) => metrics.countedInRedis(ms),
  })
}

export async function openAuditLog(
  path: string | undefined,
  output: LineOutput,
  { logger, metrics }: Reports,
): Promise<AuditLog | null> {
  if (path === undefined) return null
  const options = {
    onLost: () => metrics.auditLost(),
    onFailure: (error: unknown) => {
      const todo =
        'Check the disk and the permissions of CHAT_AUDIT. Tokens are still issued; lines are buffered, and lost beyond a limit.'
      logger.error({ err: error, todo }, 'audit log write failed')
    },
    onRecovered: (lost: number) => logger.warn({ lost }, 'audit log write recovered'),
  }
  return openAudit(path, options, output)
}

/** With an API token, the server also watches Kinescope's side. */
export function openWatch(
  { apiToken, apiUrl }: ServeConfig,
  { events, keys, pollMs }: { events: readonly AllowedEvent[]; keys: OpenKeys; pollMs: number | undefined },
  { logger, metrics }: Reports,
): RegistrationWatch | null {
  if (apiToken === undefined) return null
  let failing = false
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
      if (result.ok) {
        if (failing) logger.info('kinescope check recovered')
        failing = false
        return
      }
      // asked again every half a minute: once is enough to know
      if (!failing) {
        const todo = 'Tokens are still issued. If it lasts, check KINESCOPE_API_TOKEN and the network.'
        logger.warn({ err: result.error, todo }, 'kinescope check failed')
      }
      failing = true
    },
  })
}
