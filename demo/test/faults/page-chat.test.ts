import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Demo } from '../../start-demo.js'
import { launchBrowser } from '../e2e/browser.js'
import { startTestDemo } from '../e2e/test-demo.js'
import { CHAT } from './cells.js'
import { ChatWall, type Seen, type Wall } from './chat-wall.js'
import { faultsAt, type HttpFault } from './http-faults.js'

/** The load timeout of the chat page. */
const LOAD_MS = 15_000

const cellsOf = (faults: HttpFault[]) => faults.map((fault) => ({ fault, code: CHAT[fault] }))
const isIn = (_fault: HttpFault, { state, code, frames, signedIn }: Seen) =>
  state === 'ready' && code === null && frames === 1 && signedIn
const IN = { state: 'ready', code: null, frames: 1, signedIn: true }

describe('faults between the page and the chat page', () => {
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    // one visitor opens all chats
    ;[demo, browser] = await Promise.all([startTestDemo({ CHAT_RATE_LIMIT: 'off' }), launchBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await demo.close()
  })

  /** Waits for the chats that must open, lets the load timeout pass, and waits for the other chats. */
  async function seenThrough(wall: ChatWall, right: (fault: HttpFault, seen: Seen) => boolean) {
    await wall.until((fault, seen) => CHAT[fault] !== null || right(fault, seen))
    await wall.pass(LOAD_MS)
    return wall.until(right)
  }

  describe('at the first load', () => {
    const faults = faultsAt(0)
    let during: Wall
    let after: Wall
    beforeAll(async () => {
      const wall = await ChatWall.open(browser, demo, { link: 'chat', faults, harmed: true })
      during = await seenThrough(wall, (fault, { state, code }) =>
        CHAT[fault] === null ? state === 'ready' : code === CHAT[fault],
      )
      wall.heal()
      // the next token brings a new frame, as does the visitor's "Try again"
      await wall.retry()
      await wall.until((fault, seen) => CHAT[fault] === null || isIn(fault, seen))
      await wall.refresh()
      after = await wall.until(isIn)
      await wall.close()
    })

    it.each(cellsOf(faults))('$fault → $code, and the chat opens after the fault', ({ fault, code }) => {
      expect(during[fault].code).toBe(code)
      if (code === null) expect(during[fault].state).toBe('ready')
      expect(during[fault].blank).toBe(false)
      expect(after[fault]).toMatchObject({ ...IN, blank: false })
    })
  })

  // a restore from the back/forward cache removes the old frame, since the visitor may have signed out
  describe.each([
    ['at a swap', faultsAt(1), (wall: ChatWall) => wall.refresh(), { success: 'refresh', keepsChat: true }],
    [
      'after a restore from the back/forward cache',
      faultsAt(2),
      (wall: ChatWall) => wall.restore(),
      { success: 'ready', keepsChat: false },
    ],
  ])('%s', (_moment, faults, begin, { success, keepsChat }) => {
    let during: Wall
    let after: Wall
    let left: { asked: number; events: number }
    beforeAll(async () => {
      const wall = await ChatWall.open(browser, demo, { link: 'chat', faults })
      await wall.until(isIn)
      await wall.forget()
      wall.harm()
      await begin(wall)
      during = await seenThrough(wall, (fault, { events, frames }) =>
        CHAT[fault] === null ? events.includes(success) && frames === 1 : events.includes('error'),
      )
      wall.heal()
      // a chat that never returned still shows its problem, as at the first load
      if (!keepsChat) await wall.retry()
      await wall.refresh()
      after = await wall.until(isIn)
      wall.harm()
      await wall.refresh()
      left = await wall.leave()
      await wall.close()
    })

    it.each(cellsOf(faults))(
      '$fault → the chat or its problem, and the chat opens after the fault',
      ({ fault, code }) => {
        const { events, signedIn, frames, asked, blank } = during[fault]
        expect(events).toContain(code === null ? success : 'error')
        // the element keeps a working chat if the new frame doesn't load
        if (code !== null && keepsChat) expect({ signedIn, frames }).toEqual({ signedIn: true, frames: 1 })
        expect(asked).toBeGreaterThanOrEqual(1)
        expect(after[fault]).toMatchObject(IN)
        // after a restore, a skeleton or a problem replaces the old chat
        if (keepsChat) expect([blank, after[fault].blank]).toEqual([false, false])
      },
    )

    it('a chat that was removed from the page sends no more requests and events', () => {
      expect(left).toEqual({ asked: 0, events: 0 })
    })
  })
})
