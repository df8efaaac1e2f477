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
/** The server waits for the site for at most three seconds. The rest is for a busy machine. */
const BOUND_MS = 12_000
/** The time limit for a server's shutdown. */
const CLOSE_MS = 5000
const VISITORS = ['ann', 'ben', 'cleo'] as const

interface Line {
  proxy: Proxy
  server: RunningServer
}
/** The responses to the visitors, for each fault. */
type Responses = Record<HttpFault, TokenAnswer[]>

describe('faults between the token endpoint and the site', () => {
  let bench: Workbench
  let site: Server
  const lines = {} as Record<HttpFault, Line>
  let [firstKid, secondKid] = ['', '']
  let during: Responses
  let across: Responses
  let rotated: Responses
  let after: Responses
  let last: Responses
  const closed = {} as Record<HttpFault, number>

  const each = async <T>(work: (line: Line, fault: HttpFault) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(HTTP_FAULTS.map(async (fault) => [fault, await work(lines[fault], fault)] as const)),
    ) as Record<HttpFault, T>
  /** Requests with a token come first: on a busy machine, floods would delay them past their deadline. */
  const ask = async (): Promise<Responses> => {
    const responses = {} as Responses
    for (const hasToken of [true, false])
      await each(async ({ server }, fault) => {
        if ((SITE[fault] === null) !== hasToken) return
        const requests = VISITORS.map((id) => askToken(server.url, EVENT, { cookie: `visitor=${id}` }))
        responses[fault] = await Promise.all(requests)
      })
    return responses
  }
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
    // the server shuts down while visitors wait
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
    const outcomes = (responses: Responses) =>
      responses[fault].map(({ as, code: received }) => ({ as, code: received }))

    it('visitors get their own token or the code in time, and a token after the fault', () => {
      expect(outcomes(during)).toEqual(expected)
      for (const { tookMs } of during[fault]) expect(tookMs).toBeLessThan(BOUND_MS)
      expect(after[fault].map(({ as }) => as)).toEqual([...VISITORS])
    })

    it('visitors get the same during a rotation, and the new key signs after it', () => {
      expect(secondKid).not.toBe(firstKid)
      expect(outcomes(across)).toEqual(expected)
      expect(outcomes(rotated)).toEqual(expected)
      for (const { kid } of across[fault]) expect([null, firstKid, secondKid]).toContain(kid)
      for (const { kid } of rotated[fault]) expect(kid).toBe(code === null ? secondKid : null)
      for (const { kid } of after[fault]) expect(kid).toBe(secondKid)
    })

    it('the server responds to open requests or rejects them, and shuts down in time', () => {
      expect(closed[fault]).toBeLessThan(CLOSE_MS)
      // the server may reject a late request, but never sends another visitor's token
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
