import { Redis } from 'ioredis'
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible'
import type { RateLimit } from './token-call.js'

const WINDOW_S = 60
/** A visitor shouldn't wait longer for a count than for the token. */
const REDIS_BUDGET_MS = 500
/** After Redis has failed once, nobody else waits for it so long. */
const REDIS_PAUSE_MS = 5000

export interface RateLimiterOptions {
  /** Requests a minute. */
  visitor: number
  address: number
  /** Shares the counts between replicas. */
  redisUrl?: string | undefined
  onFallback?: (error: unknown) => void
  /** Milliseconds on a clock that only goes forward. */
  clock?: () => number
}

export interface RateLimiter {
  visitor: RateLimit
  address: RateLimit
  close(): void
}

/** Limits for visitors and addresses, counted in Redis where there is one, and here while it is away. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { redisUrl, onFallback, clock = () => performance.now() } = options
  const redis =
    redisUrl === undefined
      ? null
      : new Redis(redisUrl, {
          commandTimeout: REDIS_BUDGET_MS,
          connectTimeout: 2000,
          // a queue would hold visitors until Redis is back
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          retryStrategy: (times) => Math.min(times * 200, 2000),
        })
  redis?.on('error', (error) => onFallback?.(error))
  let pausedUntil = -Infinity

  const limit = (name: string, points: number): RateLimit => {
    const local = new RateLimiterMemory({ keyPrefix: name, points, duration: WINDOW_S })
    const shared =
      redis &&
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix: `kinescope-chat:${name}`,
        points,
        duration: WINDOW_S,
      })
    return {
      async spend(key) {
        if (shared && redis.status === 'ready' && clock() >= pausedUntil) {
          try {
            return await consume(shared, key)
          } catch (error) {
            pausedUntil = clock() + REDIS_PAUSE_MS
            onFallback?.(error)
          }
        }
        return consume(local, key)
      },
    }
  }
  return {
    visitor: limit('visitor', options.visitor),
    address: limit('address', options.address),
    close: () => redis?.disconnect(),
  }
}

/** @returns 0, or the whole seconds to wait. @throws where the counter itself failed */
async function consume(limiter: RateLimiterAbstract, key: string): Promise<number> {
  try {
    await limiter.consume(key)
    return 0
  } catch (result) {
    if (result instanceof RateLimiterRes) return Math.max(1, Math.ceil(result.msBeforeNext / 1000))
    throw result
  }
}
