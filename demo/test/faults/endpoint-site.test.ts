import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workbench, type Workbench } from '../../../packages/server/test/cli/workbench.js'
import { askToken, signedWith, type TokenAnswer } from './ask-token.js'
import { SITE } from './cells.js'
import { startHttpProxy, type Proxy } from './fault-proxy.js'
import { HTTP_FAULTS, type HttpFault } from './http-faults.js'
import { SEED } from '../../emulator/seed-events.js'

const EVENT = SEED.live.publicId
/** The visitor waits for the site no longer than three seconds; the rest is for a machine that is busy. */
const BOUND_MS = 12_000
/** A server that is told to stop is gone by then. */
const CLOSE_MS = 5000
const VISITORS = ['ann', 'ben', 'cleo'] as const

interface Line {
  proxy: Proxy
  server: RunningServer
}
/** What the visitors of each faulty line were told. */
type Told = Record<HttpFault, TokenAnswer[]>

describe('faults between the token endpoint and the site', () => {
  let bench: Workbench
  let site: Server
  const lines = {} as Record<HttpFault, Line>
  let [firstKid, secondKid] = ['', '']
  let during: Told
  let across: Told
  let rotated: Told
  let after: Told
  let last: Told
  const closed = {} as Record<HttpFault, number>

  const each = async <T>(work: (line: Line, fault: HttpFault) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(HTTP_FAULTS.map(async (fault) => [fault, await work(lines[fault], fault)] as const)),
    ) as Record<HttpFault, T>
  const ask = () =>
    each(({ server }) =>
      Promise.all(VISITORS.map((id) => askToken(server.url, EVENT, { cookie: `visitor=${id}` }))),
    )
  const harm = () => HTTP_FAULTS.forEach((fault) => (lines[fault].proxy.fault = fault))
  const heal = () => HTTP_FAULTS.forEach((fault) => (lines[fault].proxy.fault = null))

  beforeAll(async () => {
    bench = await workbench()
    await bench.kc('setup', '--event', EVENT)
    site = createServer((request, response) => {
      const id = /visitor=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
      response.writeHead(id ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify(id ? { id, name: id.toUpperCase() } : { error: 'nobody' }))
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    const siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    for (const fault of HTTP_FAULTS) {
      const proxy = await startHttpProxy(siteUrl)
      lines[fault] = { proxy, server: await serve(bench.keyDir, proxy.port) }
    }

    firstKid = await signedWith(bench)
    harm()
    during = await ask()
    // the key is replaced while visitors wait for the site
    const waiting = ask()
    await bench.kc('keys', 'rotate', '--propagation', '0')
    secondKid = await signedWith(bench)
    await each(({ server }) => server.reload())
    across = await waiting
    rotated = await ask()
    heal()
    after = await ask()
    // the server is told to stop while they wait
    harm()
    const seen = new Map(HTTP_FAULTS.map((fault) => [fault, lines[fault].proxy.seen]))
    const lastOnes = ask()
    await each(async ({ proxy, server }, fault) => {
      while (proxy.seen === seen.get(fault)) await new Promise((resolve) => setTimeout(resolve, 1))
      const began = performance.now()
      await server.close()
      closed[fault] = performance.now() - began
    })
    last = await lastOnes
  })
  afterAll(async () => {
    await each(async ({ proxy }) => proxy.close())
    site.close()
    await bench.close()
  })

  describe.each(HTTP_FAULTS.map((fault) => ({ fault, code: SITE[fault] })))('$fault → $code', (cell) => {
    const { fault, code } = cell
    const expected = VISITORS.map((id) => ({ as: code === null ? id : null, code }))
    const said = (told: Told) => told[fault].map(({ as, code: said }) => ({ as, code: said }))

    it('at a question: in time, nobody as somebody else, and in once it is over', () => {
      expect(said(during)).toEqual(expected)
      for (const { tookMs } of during[fault]) expect(tookMs).toBeLessThan(BOUND_MS)
      expect(after[fault].map(({ as }) => as)).toEqual([...VISITORS])
    })

    it('at a rotation: told the same, and the new key signs', () => {
      expect(secondKid).not.toBe(firstKid)
      expect(said(across)).toEqual(expected)
      expect(said(rotated)).toEqual(expected)
      for (const { kid } of across[fault]) expect([null, firstKid, secondKid]).toContain(kid)
      for (const { kid } of rotated[fault]) expect(kid).toBe(code === null ? secondKid : null)
      for (const { kid } of after[fault]) expect(kid).toBe(secondKid)
    })

    it('at shutdown: whoever has asked is answered, and the server is gone in time', () => {
      expect(closed[fault]).toBeLessThan(CLOSE_MS)
      // a request that came after the word to stop is turned away, without a token for anybody else
      for (const [index, answer] of last[fault].entries()) {
        expect([code, 'overloaded', 'closed']).toContain(answer.code)
        if (answer.as !== null) expect(answer.as).toBe(VISITORS[index])
      }
      expect(last[fault].some((answer) => answer.code === code)).toBe(true)
    })
  })
})

const serve = (keyDir: string, sitePort: number) =>
  startServer(
    readServeConfig({
      PORT: '0',
      CHAT_EVENTS: EVENT,
      CHAT_KEY_DIR: keyDir,
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: `http://127.0.0.1:${sitePort}/me`,
      CHAT_LOG_LEVEL: 'silent',
    }),
  )
