import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import jwt from 'jsonwebtoken'
import { readServeConfig, startServer } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { SEED } from '../../emulator/seed-events.js'
import { makeKey } from '../../site/craft-token.js'
import { SITE } from './cells.js'
import { HTTP_FAULTS, startHttpProxy, type Proxy } from './fault-proxy.js'

const EVENT = SEED.live.publicId
/** The visitor waits for the site no longer than three seconds; the rest is for a machine that is busy. */
const BOUND_MS = 9000
const VISITORS = ['ann', 'ben', 'cleo'] as const

describe('faults between the token endpoint and the site', () => {
  const { kid, privateKey } = makeKey('site-faults')
  let site: Server
  let siteUrl: string
  beforeAll(async () => {
    site = createServer((request, response) => {
      const id = /visitor=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
      response.writeHead(id ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify(id ? { id, name: id.toUpperCase() } : { error: 'nobody' }))
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  })
  afterAll(() => void site.close())

  async function withServer(
    work: (proxy: Proxy, ask: (id: string) => Promise<Answer>) => Promise<void>,
  ): Promise<void> {
    const proxy = await startHttpProxy(siteUrl)
    const server = await startServer(
      readServeConfig({
        PORT: '0',
        CHAT_EVENTS: EVENT,
        CHAT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        CHAT_KEY_ID: kid,
        CHAT_IDENTITY: 'forward',
        CHAT_IDENTITY_URL: `http://127.0.0.1:${proxy.port}/me`,
        CHAT_LOG_LEVEL: 'silent',
      }),
    )
    try {
      await work(proxy, (id) => askToken(server.url, id))
    } finally {
      await server.close()
      await proxy.close()
    }
  }

  it.concurrent.for(HTTP_FAULTS.map((fault) => [fault, SITE[fault]] as const))(
    '%s → %s in time, nobody as somebody else, and in once it is over',
    async ([fault, code], { expect }) => {
      await withServer(async (proxy, ask) => {
        proxy.fault = fault
        const during = await Promise.all(VISITORS.map(ask))
        for (const { tookMs } of during) expect(tookMs).toBeLessThan(BOUND_MS)
        expect(during.map((answer) => answer.code)).toEqual(VISITORS.map(() => code))
        expect(during.map(({ as }) => as)).toEqual(VISITORS.map((id) => (code === null ? id : null)))
        proxy.fault = null
        const after = await Promise.all(VISITORS.map(ask))
        expect(after.map(({ as }) => as)).toEqual([...VISITORS])
      })
    },
  )
})

interface Answer {
  /** The visitor that the token says it is. */
  as: string | null
  code: string | null
  tookMs: number
}

async function askToken(url: string, id: string): Promise<Answer> {
  const began = performance.now()
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, cookie: `visitor=${id}` },
    body: JSON.stringify({ event_id: EVENT }),
  })
  const { token, code = null } = (await response.json()) as { token?: string; code?: string }
  const as = token === undefined ? null : (jwt.decode(token) as { user_id: string }).user_id
  return { as, code, tookMs: performance.now() - began }
}
