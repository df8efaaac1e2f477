import pino from 'pino'
import { describe, expect, it } from 'vitest'
import type { TokenOutcome } from '../../src/endpoint/request.js'
import { createTokenEndpoint } from '../../src/endpoint/handler.js'
import { AdmissionQueue } from '../../src/endpoint/admission.js'
import { limitStarts, buildApp } from '../../src/serve/app.js'

/** AdmissionQueue of the loop that come when they are called for. */
function turnsByHand() {
  let due: (() => void)[] = []
  const clock = { ms: 0 }
  const turns = new AdmissionQueue({ nextTick: (work) => due.push(work), now: () => clock.ms })
  const turn = () => {
    const now = due
    due = []
    for (const work of now) work()
    return now.length
  }
  /** The runtime has dropped what was to come. */
  const lose = () => void (due = [])
  return { turns, turn, lose, clock }
}

describe('the turns of requests', () => {
  it('let a handful begin at once, and want no other turn than the next', () => {
    const { turns, turn } = turnsByHand()
    const begun: number[] = []
    for (let index = 0; index < 64; index++) turns.admit(() => begun.push(index))
    expect(begun).toHaveLength(64)
    expect(turns.waiting).toBe(0)
    expect([turn(), turn()]).toEqual([1, 0])
  })

  it('let a crowd begin in portions, in the order it came, and whoever comes meanwhile after it', () => {
    const { turns, turn } = turnsByHand()
    const begun: number[] = []
    const enter = (index: number) => turns.admit(() => begun.push(index))
    for (let index = 0; index < 150; index++) enter(index)
    const counts = [begun.length]
    turn()
    counts.push(begun.length)
    enter(150)
    while (turn() > 0) counts.push(begun.length)
    expect(counts).toEqual([64, 128, 151, 151])
    expect(begun).toEqual(Array.from({ length: 151 }, (_, index) => index))
  })

  it('leave the loop between, however fast a crowd comes back', () => {
    const { turns, turn } = turnsByHand()
    let begun = 0
    const again = () => {
      begun++
      turns.admit(again)
    }
    for (let client = 0; client < 200; client++) turns.admit(again)
    const counts = [1, 2, 3].map(() => {
      const before = begun
      turn()
      return begun - before
    })
    expect(counts).toEqual([64, 64, 64])
    expect(turns.waiting).toBe(200)
  })

  it('tell how long each has waited', () => {
    const { turns, turn, clock } = turnsByHand()
    const waited: number[] = []
    for (let index = 0; index < 65; index++) turns.admit((ms) => waited.push(ms))
    clock.ms = 700
    turn()
    expect(waited).toEqual([...Array.from({ length: 64 }, () => 0), 700])
  })

  it('keep no line without an end', () => {
    const { turns } = turnsByHand()
    let begun = 0
    for (let index = 0; index < 64 + 8000; index++) turns.admit(() => begun++)
    expect([begun, turns.waiting]).toEqual([64, 8000])
    // started before those who wait, it would be served first
    expect(turns.admit(() => begun++)).toBe(false)
    expect([begun, turns.waiting]).toEqual([64, 8000])
  })

  it('go on where the runtime has dropped one', () => {
    const { turns, turn, lose, clock } = turnsByHand()
    let begun = 0
    const enter = (count: number) => {
      for (let index = 0; index < count; index++) turns.admit(() => begun++)
    }
    enter(100)
    lose()
    enter(10)
    turn()
    expect(begun).toBe(64)
    clock.ms = 1500
    enter(1)
    while (turn() > 0);
    expect(begun).toBe(111)
  })
})

describe('a loop that stalls while requests wait', () => {
  it.each([1, 2, 3, 5])('%d times: the limit per tick stays what it is', (stalls) => {
    const { turns, turn, clock } = turnsByHand()
    let begun = 0
    for (let index = 0; index < 5000; index++) turns.admit(() => begun++)
    for (let stall = 0; stall < stalls; stall++) {
      clock.ms += 1100
      turns.admit(() => begun++)
      turn()
    }
    const counts = [1, 2, 3].map(() => {
      const before = begun
      turn()
      return begun - before
    })
    expect(counts).toEqual([64, 64, 64])
    while (turn() > 0);
    expect(begun).toBe(5000 + stalls)
  })

  it('stays bounded by real ticks, too', async () => {
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

describe('a crowd that is refused', () => {
  /** An endpoint that knows nobody. */
  function endpointWith(turns: AdmissionQueue, onOutcome: (outcome: TokenOutcome) => void = () => undefined) {
    const endpoint = createTokenEndpoint<null>({
      identify: () => Promise.resolve({ refused: 'sign-in-required', reason: 'test' }),
      events: ['stream'],
      keys: { current: () => ({ problem: 'key-unavailable' }) },
      tokenTtl: 3600,
      admission: turns,
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

  it('is refused in portions, with other work of the loop between', async () => {
    let refused = 0
    const ask = endpointWith(new AdmissionQueue(), () => refused++)
    const crowd = Array.from({ length: 500 }, ask)
    const seen: number[] = []
    while (refused < crowd.length) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(refused)
    }
    const portions = seen.map((count, index) => count - (seen[index - 1] ?? 0))
    expect(Math.max(...portions)).toBeLessThanOrEqual(128)
    expect(new Set((await Promise.all(crowd)).map(({ status }) => status))).toEqual(new Set([401]))
  })

  it('has no more time than anybody: the line is a part of it', async () => {
    const { turns, turn, clock } = turnsByHand()
    const ask = endpointWith(turns)
    const early = Array.from({ length: 64 }, ask)
    const late = ask()
    clock.ms = 8000
    turn()
    const statuses = (await Promise.all([...early, late])).map(({ status }) => status)
    expect(statuses).toEqual([...Array.from({ length: 64 }, () => 401), 503])
  })

  it('is refused so at any address of `serve`', async () => {
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
    const portions = seen.map((count, index) => count - (seen[index - 1] ?? 0))
    expect(Math.max(...portions)).toBeLessThanOrEqual(128)
    await crowd
    await app.close()
  })
})
