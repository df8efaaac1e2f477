/** Limits how often something may be done. */
export interface RateLimit {
  /** Counts one use; returns 0, or the whole seconds to wait. */
  spend(key: string): Promise<number>
}

/** Tokens a minute, for one visitor and for one address (a school may share one), by default. */
export const DEFAULT_RATES = { visitor: 20, address: 3000 } as const
export const WINDOW_MS = 60_000
/** About 20 MB at most, however many addresses there are. */
const MAX_KEYS = 100_000

export interface LocalLimitOptions {
  /** Times a minute. */
  points: number
  /** How many are counted at once; beyond them the oldest is forgotten. */
  maxKeys?: number
  /** Milliseconds on a clock that only goes forward. */
  clock?: () => number
}

/** The two limits of a server. */
export interface RateLimiter {
  visitor: RateLimit
  address: RateLimit
  close(): void
}

interface Window {
  count: number
  endsAt: number
}

/**
 * Counts in this process alone, in bounded memory and without timers. Windows are kept in the order they began, so
 * that what has ended lies at the front.
 */
export function localLimit({
  points,
  maxKeys = MAX_KEYS,
  clock = () => performance.now(),
}: LocalLimitOptions): RateLimit & { readonly size: number } {
  const windows = new Map<string, Window>()

  function forget(now: number): void {
    for (const [key, { endsAt }] of windows) {
      if (endsAt > now && windows.size < maxKeys) return
      windows.delete(key)
    }
  }

  return {
    get size() {
      return windows.size
    },
    spend(key) {
      const now = clock()
      let window = windows.get(key)
      if (!window || window.endsAt <= now) {
        windows.delete(key)
        forget(now)
        windows.set(key, (window = { count: 0, endsAt: now + WINDOW_MS }))
      }
      if (window.count >= points) return Promise.resolve(Math.ceil((window.endsAt - now) / 1000))
      window.count++
      return Promise.resolve(0)
    },
  }
}
