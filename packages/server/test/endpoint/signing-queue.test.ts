import { describe, expect, it } from 'vitest'
import { RequestDeadline, SigningQueue } from '../../src/endpoint/admission.js'

/** A queue with one signature every `everyMs` milliseconds, on a fake clock. */
function queueWith(everyMs: number) {
  let now = 0
  const queue = new SigningQueue(() => now)
  const finish: (() => void)[] = []
  return {
    queue,
    start: () =>
      void queue.run(() => new Promise<void>((resolve) => finish.push(resolve)), new RequestDeadline()),
    async finishOne() {
      now += everyMs
      finish.shift()!()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

describe('the signing queue', () => {
  it('is full if more requests wait than can be signed in about a second', async () => {
    const { queue, start, finishOne } = queueWith(2)
    start()
    for (let i = 0; i < 300; i++) {
      start()
      await finishOne()
    }
    while (queue.hasRoom() && queue.pending < 10_000) start()
    // at two milliseconds each, a second has about five hundred
    expect(queue.pending).toBeGreaterThan(400)
    expect(queue.pending).toBeLessThan(650)
    while (queue.pending > 300) await finishOne()
    expect(queue.hasRoom()).toBe(true)
  })

  it('counts the requests that have not begun, unless the signers are idle', () => {
    const queue = new SigningQueue(() => 0, 1)
    const never = () => new Promise<void>(() => undefined)
    for (let i = 0; i < 63; i++) void queue.run(never, new RequestDeadline())
    expect(queue.hasRoom(5000)).toBe(true)
    for (let i = 0; i < 37; i++) void queue.run(never, new RequestDeadline())
    expect([queue.hasRoom(0), queue.hasRoom(900), queue.hasRoom(901)]).toEqual([true, true, false])
  })

  it('never rejects a few requests, however slow the machine is', async () => {
    const { queue, start, finishOne } = queueWith(5000)
    start()
    for (let i = 0; i < 50; i++) {
      start()
      await finishOne()
    }
    while (queue.pending < 63) start()
    expect(queue.hasRoom()).toBe(true)
  })

  it('passes a few tasks at a time to the threads, in the order of arrival, and finishes all', async () => {
    const queue = new SigningQueue(() => 0)
    const begun: number[] = []
    let inHand = 0
    let most = 0
    const sign = (index: number) =>
      queue.run(async () => {
        begun.push(index)
        most = Math.max(most, ++inHand)
        await new Promise((resolve) => setImmediate(resolve))
        inHand--
        if (index === 7) throw new Error('one that fails')
        return index
      }, new RequestDeadline())
    const results = await Promise.allSettled(Array.from({ length: 200 }, (_, index) => sign(index)))
    expect(most).toBe(64)
    expect(begun).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    expect(queue.pending).toBe(0)
  })

  it('counts down after a failure too', async () => {
    const queue = new SigningQueue(() => 0)
    await expect(queue.run(() => Promise.reject(new Error('no')), new RequestDeadline())).rejects.toThrow(
      'no',
    )
    expect(queue.pending).toBe(0)
  })

  it('ignores idle time in its measurement', async () => {
    let now = 0
    const queue = new SigningQueue(() => now)
    for (let i = 0; i < 100; i++) {
      now += 60_000
      await queue.run(() => {
        now += 1
        return Promise.resolve()
      }, new RequestDeadline())
    }
    const never = () => new Promise<void>(() => undefined)
    for (let i = 0; i < 500; i++) void queue.run(never, new RequestDeadline())
    expect(queue.hasRoom()).toBe(true)
  })
})
