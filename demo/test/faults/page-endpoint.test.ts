import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Demo } from '../../start-demo.js'
import { launchBrowser } from '../e2e/browser.js'
import { startTestDemo } from '../e2e/test-demo.js'
import { ENDPOINT } from './cells.js'
import { ChatWall, type Seen, type Wall } from './chat-wall.js'
import { faultsAt, type HttpFault } from './http-faults.js'

/** The endpoint's time to answer. */
const ANSWER_MS = 10_000

/**
 * Requests in the ten seconds: three or four tries, each of them sent anew by the browser where its connection broke, and a
 * question why there was no answer. A loop would be hundreds.
 */
const MOST = 16

const cellsOf = (faults: HttpFault[]) => faults.map((fault) => ({ fault, code: ENDPOINT[fault] }))
const isIn = (_fault: HttpFault, { state, code, frames, signedIn }: Seen) =>
  state === 'ready' && code === null && frames === 1 && signedIn
const IN = { state: 'ready', code: null, frames: 1, signedIn: true }

describe('faults between the page and its token endpoint', () => {
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    // one visitor has them all
    ;[demo, browser] = await Promise.all([startTestDemo({ CHAT_RATE_LIMIT: 'off' }), launchBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo.close()
  })

  describe('at the first load', () => {
    const faults = faultsAt(0)
    let during: Wall
    let after: Wall
    beforeAll(async () => {
      const wall = await ChatWall.open(browser, demo, { link: 'endpoint', faults, harmed: true })
      const right = (fault: HttpFault, { state, code }: Seen) =>
        code === ENDPOINT[fault] && (code !== null || state === 'ready')
      await wall.until((fault, seen) => ENDPOINT[fault] === 'endpoint-timeout' || right(fault, seen))
      await wall.pass(ANSWER_MS)
      during = await wall.until(right)
      wall.heal()
      after = await wall.untilTried(isIn)
      await wall.close()
    })

    it.each(cellsOf(faults))('$fault → $code, and in once it is over', ({ fault, code }) => {
      const { state, blank, asked } = during[fault]
      expect(during[fault].code).toBe(code)
      if (code === null) expect(state).toBe('ready')
      expect(blank).toBe(false)
      expect(asked).toBeLessThanOrEqual(MOST)
      expect(after[fault]).toMatchObject({ ...IN, blank: false })
    })
  })

  describe('at a refresh', () => {
    const faults = faultsAt(1)
    let during: Wall
    let after: Wall
    let left: { asked: number; events: number }
    beforeAll(async () => {
      const wall = await ChatWall.open(browser, demo, { link: 'endpoint', faults })
      await wall.until(isIn)
      await wall.forget()
      wall.harm()
      await wall.refresh()
      const right = (fault: HttpFault, { events }: Seen) =>
        events.includes(ENDPOINT[fault] === null ? 'refresh' : 'error')
      await wall.until((fault, seen) => ENDPOINT[fault] === 'endpoint-timeout' || right(fault, seen))
      await wall.pass(ANSWER_MS)
      during = await wall.until(right)
      wall.heal()
      after = await wall.untilTried((fault, seen) => isIn(fault, seen) && seen.events.includes('refresh'))
      wall.harm()
      await wall.refresh()
      left = await wall.leave()
      await wall.close()
    })

    it.each(cellsOf(faults))(
      '$fault → the chat stays, and a new token once it is over',
      ({ fault, code }) => {
        const { events, frames, blank, state, asked } = during[fault]
        expect(events).toContain(code === null ? 'refresh' : 'error')
        expect(frames).toBeGreaterThanOrEqual(1)
        expect(blank).toBe(false)
        expect(state).not.toBe('error')
        expect(asked).toBeGreaterThanOrEqual(1)
        expect(asked).toBeLessThanOrEqual(MOST)
        expect(after[fault].events).toContain('refresh')
        expect(after[fault]).toMatchObject({ ...IN, blank: false })
      },
    )

    it('a chat that is taken off the page meanwhile asks no more, and says no more', () => {
      expect(left).toEqual({ asked: 0, events: 0 })
    })
  })

  describe('at waking, with a token that has ended', () => {
    const faults = faultsAt(2)
    let asleep: Wall
    let during: Wall
    let after: Wall
    beforeAll(async () => {
      const wall = await ChatWall.open(browser, demo, { link: 'endpoint', faults })
      await wall.until(isIn)
      await wall.forget()
      await wall.hide(true)
      await wall.passToAnotherToken(2 * 3_600_000)
      asleep = await wall.look()
      wall.harm()
      await wall.hide(false)
      const right = (fault: HttpFault, { code, events }: Seen) =>
        ENDPOINT[fault] === null ? events.includes('refresh') : code === 'token-expired'
      await wall.until((fault, seen) => ENDPOINT[fault] === 'endpoint-timeout' || right(fault, seen))
      await wall.pass(ANSWER_MS)
      during = await wall.until(right)
      wall.heal()
      after = await wall.untilTried(isIn)
      await wall.close()
    })

    it.each(cellsOf(faults))(
      '$fault → the end is named over a chat that stays, and in once it is over',
      (cell) => {
        const { fault, code } = cell
        expect(asleep[fault].asked).toBe(0)
        const { frames, blank, asked } = during[fault]
        if (code === null) expect(during[fault].events).toContain('refresh')
        else expect(during[fault].code).toBe('token-expired')
        expect(frames).toBeGreaterThanOrEqual(1)
        expect(blank).toBe(false)
        expect(asked).toBeLessThanOrEqual(MOST)
        expect(after[fault]).toMatchObject({ ...IN, blank: false })
      },
    )
  })
})
