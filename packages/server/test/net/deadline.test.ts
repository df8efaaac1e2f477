import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startDeadline, raceWithSignal } from '../../src/net/limits.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('deadline-and-garbage.ts', import.meta.url))

describe('a deadline while garbage is collected (nodejs/node#57736)', () => {
  it.each([
    ['by itself', []],
    ['as often as possible', ['--expose-gc']],
  ])('fires: %s', async (_, flags) => {
    const { stdout } = await run(process.execPath, [...flags, '--import', 'tsx', script])
    expect(JSON.parse(stdout)).toEqual({ fired: 50, count: 50, garbage: true })
  })
})

describe('a deadline', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('aborts at its time with a TimeoutError', () => {
    const deadline = startDeadline(1000)
    vi.advanceTimersByTime(999)
    expect(deadline.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(deadline.expired).toBe(true)
    expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('aborts with another signal and with its reason', () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const deadline = startDeadline(1000, undefined, first.signal, second.signal)
    const reason = new Error('shutdown')
    second.abort(reason)
    expect(deadline.signal.reason).toBe(reason)
    expect(deadline.expired).toBe(false)
    vi.advanceTimersByTime(5000)
    expect(deadline.expired).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is aborted at once if a given signal is already aborted', () => {
    const deadline = startDeadline(1000, AbortSignal.abort('before'))
    expect(deadline.signal.reason).toBe('before')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('never fires after it was cleared', () => {
    const other = new AbortController()
    const deadline = startDeadline(1000, other.signal)
    deadline.clear()
    other.abort()
    vi.advanceTimersByTime(5000)
    expect(deadline.signal.aborted).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    [0, 1],
    [-5, 1],
    [2 ** 40, 2 ** 31 - 1],
  ])('accepts %d ms without an overflow', (ms, after) => {
    const deadline = startDeadline(ms)
    vi.advanceTimersByTime(after - 1)
    expect(deadline.signal.aborted).toBe(after === 1 && ms <= 0)
    vi.advanceTimersByTime(1)
    expect(deadline.expired).toBe(true)
  })
})

describe('raceWithSignal', () => {
  it('returns the result of the work, and leaves no listener', async () => {
    const { signal } = new AbortController()
    const remove = vi.spyOn(signal, 'removeEventListener')
    expect(await raceWithSignal(Promise.resolve(7), signal)).toBe(7)
    expect(remove).toHaveBeenCalledOnce()
  })

  it('rejects with the signal’s reason, before and during the work', async () => {
    const reason = new Error('gone')
    const hanging = new Promise<never>(() => undefined)
    await expect(raceWithSignal(hanging, AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const racing = raceWithSignal(hanging, controller.signal)
    controller.abort(reason)
    await expect(racing).rejects.toBe(reason)
  })

  it('ignores a late rejection of the work', async () => {
    const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error('late')), 5))
    await expect(raceWithSignal(late, AbortSignal.abort('now'))).rejects.toBe('now')
    await expect(late).rejects.toThrow('late')
  })
})
