import pino from 'pino'
import { describe, expect, it } from 'vitest'
import type { TokenOutcome } from '../../src/endpoint/request.js'
import { createTokenEndpoint } from '../../src/endpoint/handler.js'
import { AdmissionQueue } from '../../src/endpoint/admission.js'
import { limitStarts, buildApp } from '../../src/serve/app.js'

/** An admission queue on a manual event loop and clock. */
function manualQueue() {
  let due: (() => void)[] = []
  const clock = { ms: 0 }
  const queue = new AdmissionQueue({ nextTick: (work) => due.push(work), now: () => clock.ms })
  const tick = () => {
    const now = due
    due = []
    for (const work of now) work()
    return now.length
  }
  /** The runtime drops the scheduled work. */
  const dropTick = () => void (due = [])
  return { queue, tick, dropTick, clock }
}

describe('the admission queue', () => {
  it('admits few requests at once, and schedules only one tick', () => {
    const { queue, tick } = manualQueue()
    const begun: number[] = []
    for (let index = 0; index < 64; index++) queue.admit(() => begun.push(index))
    expect(begun).toHaveLength(64)
    expect(queue.waiting).toBe(0)
    expect([tick(), tick()]).toEqual([1, 0])
  })

  it('admits many requests in batches, in the order of arrival', () => {
    const { queue, tick } = manualQueue()
    const begun: number[] = []
    const enter = (index: number) => queue.admit(() => begun.push(index))
    for (let index = 0; index < 150; index++) enter(index)
    const counts = [begun.length]
    tick()
    counts.push(begun.length)
    enter(150)
    while (tick() > 0) counts.push(begun.length)
    expect(counts).toEqual([64, 128, 151, 151])
    expect(begun).toEqual(Array.from({ length: 151 }, (_, index) => index))
  })

  it('admits one batch per tick, however fast clients return', () => {
    const { queue, tick } = manualQueue()
    let begun = 0
    const again = () => {
      begun++
      queue.admit(again)
    }
    for (let client = 0; client < 200; client++) queue.admit(again)
    const counts = [1, 2, 3].map(() => {
      const before = begun
      tick()
      return begun - before
    })
    expect(counts).toEqual([64, 64, 64])
    expect(queue.waiting).toBe(200)
  })

  it('reports how long each request has waited', () => {
    const { queue, tick, clock } = manualQueue()
    const waited: number[] = []
    for (let index = 0; index < 65; index++) queue.admit((ms) => waited.push(ms))
    clock.ms = 700
    tick()
    expect(waited).toEqual([...Array.from({ length: 64 }, () => 0), 700])
  })

  it('is bounded', () => {
    const { queue } = manualQueue()
    let begun = 0
    for (let index = 0; index < 64 + 8000; index++) queue.admit(() => begun++)
    expect([begun, queue.waiting]).toEqual([64, 8000])
    // outside the queue, this request would overtake the waiting ones
    expect(queue.admit(() => begun++)).toBe(false)
    expect([begun, queue.waiting]).toEqual([64, 8000])
  })

  it('recovers if the runtime drops a tick', () => {
    const { queue, tick, dropTick, clock } = manualQueue()
    let begun = 0
    const enter = (count: number) => {
      for (let index = 0; index < count; index++) queue.admit(() => begun++)
    }
    enter(100)
    dropTick()
    enter(10)
    tick()
    expect(begun).toBe(64)
    clock.ms = 1500
    enter(1)
    while (tick() > 0);
    expect(begun).toBe(111)
  })
})

describe('an event loop that stalls while requests wait', () => {
  it.each([1, 2, 3, 5])('keeps the limit per tick after %d stalls', (stalls) => {
    const { queue, tick, clock } = manualQueue()
    let begun = 0
    for (let index = 0; index < 5000; index++) queue.admit(() => begun++)
    for (let stall = 0; stall < stalls; stall++) {
      clock.ms += 1100
      queue.admit(() => begun++)
      tick()
    }
    const counts = [1, 2, 3].map(() => {
      const before = begun
      tick()
      return begun - before
    })
    expect(counts).toEqual([64, 64, 64])
    while (tick() > 0);
    expect(begun).toBe(5000 + stalls)
  })

  it('keeps the limit with real ticks too', async () => {
    const queue = new AdmissionQueue()
    let begun = 0
    const counts: number[] = []
    for (let index = 0; index < 3000; index++) queue.admit(() => begun++)
    for (let stall = 0; stall < 2; stall++) {
      const until = performance.now() + 1050
      while (performance.now() < until);
      queue.admit(() => begun++)
      await new Promise((resolve) => setImmediate(resolve))
    }
    while (begun < 3002) {
      const before = begun
      await new Promise((resolve) => setImmediate(resolve))
      counts.push(begun - before)
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(64)
  })
})

describe('many rejected requests', () => {
  /** An endpoint that admits no visitor. */
  function endpointWith(queue: AdmissionQueue, onOutcome: (outcome: TokenOutcome) => void = () => undefined) {
    const endpoint = createTokenEndpoint<null>({
      identify: () => Promise.resolve({ refused: 'sign-in-required', reason: 'test' }),
      events: ['stream'],
      keys: { current: () => ({ problem: 'key-unavailable' }) },
      tokenTtl: 3600,
      admission: queue,
      onOutcome,
    })
    return () =>
      endpoint.answer({
        method: 'POST',
        header: (name) => ({ 'content-type': 'application/json', origin: 'https://a.example' })[name] ?? null,
        address: null,
        ownOrigin: 'https://a.example',
        requestId: 'request',
        readBody: () => Promise.resolve({ text: '{"event_id":"stream"}' }),
        request: null,
      })
  }

  it('are rejected in batches, and the event loop runs other work in between', async () => {
    let refused = 0
    const ask = endpointWith(new AdmissionQueue(), () => refused++)
    const crowd = Array.from({ length: 500 }, ask)
    const seen: number[] = []
    while (refused < crowd.length) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(refused)
    }
    const batches = seen.map((count, index) => count - (seen[index - 1] ?? 0))
    expect(Math.max(...batches)).toBeLessThanOrEqual(128)
    expect(new Set((await Promise.all(crowd)).map(({ status }) => status))).toEqual(new Set([401]))
  })

  it('have the same deadline as others, and the time in the queue counts', async () => {
    const { queue, tick, clock } = manualQueue()
    const ask = endpointWith(queue)
    const early = Array.from({ length: 64 }, ask)
    const late = ask()
    clock.ms = 8000
    tick()
    const statuses = (await Promise.all([...early, late])).map(({ status }) => status)
    expect(statuses).toEqual([...Array.from({ length: 64 }, () => 401), 503])
  })

  it('wait in the same queue at every address of `serve`', async () => {
    const app = buildApp({ isTrusted: () => false, logger: pino({ enabled: false }), allowedOrigins: [] })
    limitStarts(app, '/chat/token')
    let begun = 0
    app.get('/page', () => ++begun)
    await app.ready()
    const crowd = Promise.all(Array.from({ length: 500 }, () => app.inject('/page')))
    const seen: number[] = []
    while (begun < 500) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(begun)
    }
    const batches = seen.map((count, index) => count - (seen[index - 1] ?? 0))
    expect(Math.max(...batches)).toBeLessThanOrEqual(128)
    await crowd
    await app.close()
  })
})
