import { describe, expect, it } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import { DEFAULT_RATES, localLimit } from '../../src/endpoint/rate-limit.js'

describe('limits counted in this process', () => {
  it('allow the configured number of requests, and reset after a minute', async () => {
    let now = 0
    const limit = localLimit({ points: 2, clock: () => now })
    const spend = (key: string) => limit.spend(key)
    expect([await spend('a'), await spend('a'), await spend('a'), await spend('b')]).toEqual([0, 0, 60, 0])
    now = 59_001
    expect(await spend('a')).toBe(1)
    now = 60_000
    expect(await spend('a')).toBe(0)
  })

  it('keep a bounded number of entries, and drop the oldest first', async () => {
    let now = 0
    const limit = localLimit({ points: 1, maxKeys: 100, clock: () => now })
    for (let visitor = 0; visitor < 10_000; visitor++) await limit.spend(`v-${visitor}`)
    expect(limit.size).toBe(100)
    expect(await limit.spend('v-9999')).toBeGreaterThan(0)
    expect(await limit.spend('v-0')).toBe(0)
    now = 60_000
    await limit.spend('later')
    expect(limit.size).toBe(1)
  })

  it('are the same in code as in serve', () => {
    const env = {
      CHAT_EVENTS: 'stream',
      CHAT_IDENTITY: 'guest',
      CHAT_IDENTITY_SECRET: 'a-secret-of-thirty-two-bytes-and-more',
    }
    expect(readServeConfig(env).rateLimit).toEqual(DEFAULT_RATES)
  })
})
