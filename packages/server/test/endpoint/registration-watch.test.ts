import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RegistrationWatch, type RegistrationSource } from '../../src/endpoint/registration-watch.js'

const NOW = Date.UTC(2026, 10, 25)
beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

function setUp(change: Partial<RegistrationSource> = {}) {
  const state = {
    kid: 'key-1' as string | null,
    listed: [{ kid: 'key-1', expiresAt: null as string | null }],
    events: { stream: { jwtRequired: true as boolean | null } } as Record<
      string,
      { jwtRequired: boolean | null } | undefined
    >,
    looks: 0,
  }
  const results: boolean[] = []
  const watch = new RegistrationWatch({
    source: {
      look: (ids) => {
        state.looks++
        const events = new Map(ids.map((id) => [id, state.events[id] ?? null]))
        return Promise.resolve({ keys: state.listed, events })
      },
      ...change,
    },
    events: [{ id: 'page-id', claimId: 'stream' }],
    currentKid: () => state.kid,
    pollMs: 300_000,
    onCheck: ({ ok }) => results.push(ok),
  })
  return { watch, state, results }
}

describe('the watch of the registration at Kinescope', () => {
  it('reports no problem before its first check, nor if all is well', async () => {
    const { watch } = setUp()
    expect([watch.keyProblem('key-1'), watch.eventState('page-id')]).toEqual([null, null])
    await watch.look()
    expect([watch.keyProblem('key-1'), watch.eventState('page-id'), watch.notes()]).toEqual([null, null, []])
    watch.close()
  })

  it('reports an unregistered key, an expired key, a missing stream and an unprotected stream', async () => {
    const { watch, state } = setUp()
    state.listed = []
    state.events = {}
    await watch.look()
    expect([watch.keyProblem('key-1'), watch.eventState('page-id')]).toEqual([
      'key-not-registered',
      'missing',
    ])
    expect(watch.notes().map(({ code }) => code)).toEqual(['key-not-registered', 'event-not-found'])

    state.listed = [{ kid: 'key-1', expiresAt: new Date(NOW + 60_000).toISOString() }]
    state.events = { stream: { jwtRequired: false } }
    await watch.look()
    expect([watch.keyProblem('key-1'), watch.eventState('page-id')]).toEqual([null, 'jwt-not-enabled'])
    expect(watch.keyExpiresAt('key-1')).toBe(NOW + 60_000)
    vi.setSystemTime(NOW + 60_000)
    expect(watch.keyProblem('key-1')).toBe('key-expired')
    watch.close()
  })

  it('assumes that a stream is protected if the API doesn’t show its setting', async () => {
    const { watch, state } = setUp()
    state.events = { stream: { jwtRequired: null } }
    await watch.look()
    expect(watch.eventState('page-id')).toBeNull()
    watch.close()
  })

  it('keeps the last known state while the API fails, and reports the failure', async () => {
    let fails = false
    const { watch, state, results } = setUp({
      look: () =>
        fails
          ? Promise.reject(new Error('down'))
          : Promise.resolve({ keys: [], events: new Map([['stream', { jwtRequired: true }]]) }),
    })
    await watch.look()
    fails = true
    state.events = { stream: { jwtRequired: false } }
    await watch.look()
    expect([watch.keyProblem('key-1'), watch.eventState('page-id'), results]).toEqual([
      'key-not-registered',
      null,
      [true, false],
    ])
    expect(watch.notes().map(({ code }) => code)).toContain('kinescope-api')
    watch.close()
  })

  it('doesn’t report a key that is newer than the last check, but checks again soon, once', async () => {
    const { watch, state } = setUp()
    await watch.look()
    state.kid = 'key-2'
    for (let i = 0; i < 1000; i++) expect(watch.keyProblem('key-2')).toBeNull()
    expect(state.looks).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(state.looks).toBe(2)
    expect(watch.keyProblem('key-2')).toBe('key-not-registered')
    watch.close()
  })

  it('checks every five minutes, and every 30 seconds while something is missing', async () => {
    const { watch, state } = setUp()
    await watch.look()
    await vi.advanceTimersByTimeAsync(299_000)
    expect(state.looks).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(state.looks).toBe(2)
    state.listed = []
    await vi.advanceTimersByTimeAsync(300_000)
    expect(state.looks).toBe(3)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(state.looks).toBe(4)
    watch.close()
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(state.looks).toBe(4)
  })
})
