import type { EventEmitter } from 'node:events'
import { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { secretRemover } from '../kinescope/api-client.js'
import { localLimit, WINDOW_MS, type RateLimit, type RateLimiter } from './rate-limit.js'

/** The wait for a count must be shorter than the one for the token. */
const REDIS_BUDGET_MS = 500
/** After Redis has failed once, no request waits for it so long. */
const REDIS_PAUSE_MS = 5000

export interface RedisLimiterOptions {
  /** Requests a minute. */
  visitor: number
  address: number
  /** Where the replicas share their counts. */
  redisUrl: string
  /** Called each time Redis fails: limits are counted here from then on. */
  onFallback?: (error: unknown) => void
  /** Called each time Redis counts again. */
  onReturn?: () => void
  /** Called after each count in Redis, with its duration in milliseconds. */
  onCount?: (ms: number) => void
  /** Milliseconds on a clock that only goes forward. */
  clock?: () => number
}

/** Limits for visitors and addresses, counted in Redis, and here while it is away. */
export function createRedisLimiter(options: RedisLimiterOptions): RateLimiter {
  const { redisUrl, clock = () => performance.now() } = options
  const visitor = localLimit({ points: options.visitor, clock })
  const address = localLimit({ points: options.address, clock })

  const redis = new Redis(redisUrl, {
    commandTimeout: REDIS_BUDGET_MS,
    connectTimeout: 2000,
    // a queue would hold visitors until Redis is back
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 200, 2000),
  })
  const withoutPassword = secretRemover(redis.options.password ?? '')
  let away = false
  let closed = false
  /** The connection is being given up for a new one, and not yet closed. */
  let leaving = false
  let pausedUntil = -Infinity
  const gone = (error: unknown) => {
    if (away || closed) return
    away = true
    // a proxy in front of Redis may quote the command that it rejects; other errors name the host
    if (error instanceof Error && error.name === 'ReplyError') error.message = withoutPassword(error.message)
    options.onFallback?.(error)
  }
  const back = () => {
    if (!away) return
    away = false
    options.onReturn?.()
  }
  const reconnect = () => {
    if (!['connect', 'ready'].includes(redis.status) || leaving) return
    leaving = true
    redis.disconnect(true)
  }
  const onFault = (error: unknown) => {
    gone(error)
    // after a reply to no command, the next ones may answer other commands
    reconnect()
  }
  redis.on('error', onFault)
  // before any data of a connection
  redis.on('connect', () => guardStream((redis as { stream?: EventEmitter }).stream, onFault))
  redis.on('close', () => {
    leaving = false
    gone(new Error('the connection to Redis was closed'))
  })

  const shared = (name: string, points: number, local: RateLimit): RateLimit => {
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `kinescope-chat:${name}`,
      points,
      duration: WINDOW_MS / 1000,
    })
    return {
      async spend(key) {
        if (redis.status !== 'ready' || leaving || clock() < pausedUntil) return local.spend(key)
        const started = clock()
        try {
          const wait = await consume(limiter, key).finally(() => options.onCount?.(clock() - started))
          back()
          return wait
        } catch (error) {
          pausedUntil = clock() + REDIS_PAUSE_MS
          gone(error)
          // the connection may be dead without notice: TCP would find out in a quarter of an hour
          reconnect()
          return local.spend(key)
        }
      },
    }
  }
  return {
    visitor: shared('visitor', options.visitor, visitor),
    address: shared('address', options.address, address),
    close() {
      closed = true
      redis.disconnect()
    },
  }
}

/** @returns 0, or the whole seconds to wait. @throws where the counter itself failed */
async function consume(limiter: RateLimiterRedis, key: string): Promise<number> {
  try {
    const { consumedPoints } = await limiter.consume(key)
    // a reply that is no count would be no limit
    if (!Number.isFinite(consumedPoints)) throw new Error('Redis did not reply with a count')
    return 0
  } catch (result) {
    if (result instanceof RateLimiterRes) return Math.max(1, Math.ceil(result.msBeforeNext / 1000))
    throw result
  }
}

/**
 * Contains what the client throws while it reads its socket, also what it throws again in `process.nextTick`: it would end
 * the process. An unrequested null is enough (ioredis, `DataHandler.dispatch` and `shiftCommand`).
 */
function guardStream(stream: EventEmitter | undefined, onFault: (error: unknown) => void): void {
  if (!stream) return
  const emit = stream.emit.bind(stream)
  stream.emit = (...event: Parameters<EventEmitter['emit']>) => {
    // oxlint-disable-next-line typescript/unbound-method -- it is put back as it was
    const { nextTick } = process
    process.nextTick = <T extends unknown[]>(callback: (...args: T) => unknown, ...args: T) =>
      nextTick(() => {
        try {
          callback(...args)
        } catch (error) {
          onFault(error)
        }
      })
    try {
      return emit(...event)
    } catch (error) {
      onFault(error)
      return true
    } finally {
      process.nextTick = nextTick
    }
  }
}
