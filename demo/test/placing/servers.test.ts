import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ringDirectory, ringEntry, writeRing } from '../../../packages/server/test/ring-directory.js'
import { buildSite } from '../../examples/servers/express.js'

const EVENT = '0csUJYzAHfe3PcyMEVScmQ'
const ring = ringDirectory()
const first = ringEntry()
let signing = first
writeRing(ring.dir, 1, [first])
beforeAll(() => vi.stubEnv('CHAT_KEY_DIR', ring.dir))
afterAll(() => {
  ring.remove()
  vi.unstubAllEnvs()
})

const question = (cookie?: string) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    'sec-fetch-site': 'same-origin',
    ...(cookie ? { cookie } : {}),
  },
  body: JSON.stringify({ event_id: EVENT }),
})

async function expectToken(reply: Response) {
  expect(reply.status).toBe(200)
  expect(reply.headers.get('cache-control')).toBe('no-store')
  const { token } = (await reply.json()) as { token: string }
  const claims = jwt.verify(token, signing.key.publicKey, {
    algorithms: ['RS256'],
    audience: 'chat',
  })
  expect(claims).toMatchObject({ user_id: 'user-Ann', username: 'Ann', event_id: EVENT })
}

async function expectSignIn(reply: Response) {
  expect(reply.status).toBe(401)
  expect(await reply.json()).toMatchObject({ code: 'sign-in-required' })
}

describe('the Express example', () => {
  let server: Server
  let url: string
  beforeAll(async () => {
    const site = await buildSite(({ headers }) => {
      const name = /visitor=(\w+)/.exec(headers.cookie ?? '')?.[1]
      return name ? { id: `user-${name}`, name } : null
    })
    server = createServer(site)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('gives a signed-in visitor a token that Kinescope can verify', async () => {
    await expectToken(await fetch(url, question('visitor=Ann')))
  })
  it('rejects a signed-out visitor with sign-in-required', async () => {
    await expectSignIn(await fetch(url, question()))
  })
})

describe('the Next.js route example', () => {
  const url = 'https://www.example.com/token'

  it('gives a signed-in visitor a token that Kinescope can verify', async () => {
    const { POST } = await import('../../examples/next/app/token/route.js')
    await expectToken(await POST(new Request(url, question('visitor=Ann'))))
  })
  it('rejects a signed-out visitor with sign-in-required, and GET with 405', async () => {
    const { POST, GET } = await import('../../examples/next/app/token/route.js')
    await expectSignIn(await POST(new Request(url, question())))
    expect((await GET(new Request(url))).status).toBe(405)
  })
})

describe('both examples, after the key was revoked', () => {
  it('sign with the next key within seconds, without a restart', async () => {
    const { POST } = await import('../../examples/next/app/token/route.js')
    const site = createServer(await buildSite(() => ({ id: 'user-Ann', name: 'Ann' })))
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
    const express = `http://127.0.0.1:${(site.address() as AddressInfo).port}/token`
    const revoked = { ...first, record: { ...first.record, revokedAt: new Date().toISOString() } }
    signing = ringEntry()
    writeRing(ring.dir, 2, [revoked, signing])
    try {
      await vi.waitFor(
        async () => {
          await expectToken(await POST(new Request('https://www.example.com/token', question('visitor=Ann'))))
          await expectToken(await fetch(express, question()))
        },
        { timeout: 15_000, interval: 100 },
      )
    } finally {
      site.closeAllConnections()
      site.close()
    }
  }, 20_000)
})
