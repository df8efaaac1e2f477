import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { buildEmulator } from '../../../../demo/emulator/emulator.js'
import { checkToken } from 'kinescope-chat/check-token'
import type { TokenReply } from 'kinescope-chat/contract'
import { KinescopeApi } from '../../src/kinescope/api-client.js'
import { JwkApi } from '../../src/kinescope/jwk-api.js'
import { ringDirectory, ringEntry, replaceFile, writeRing } from '../ring-directory.js'
import {
  askToken,
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
} from '../running-server.js'
import { secret } from '../secrets.js'

const key = makeKey()
let site: Awaited<ReturnType<typeof startSite>>
let cookie: string
beforeAll(async () => {
  site = await startSite()
  cookie = site.signIn('u-1', 'Ann')
})
afterAll(() => site.close())

describe('the base path', () => {
  it('applies to every route, and no route is outside it', async () => {
    const server = await startTestServer({ ...forwardEnv(site.url, key), CHAT_BASE_PATH: '/chat' })
    expect(new URL(server.url).pathname).toBe('/chat')
    const { origin } = new URL(server.url)
    const paths = [
      '/kinescope-chat.js',
      '/kinescope-chat.classic.js',
      '/kinescope-chat.json',
      `/embed/${EVENT}`,
      '/embed.js',
      '/embed.css',
      '/healthz',
      '/readyz',
    ]
    for (const path of paths) {
      expect((await fetch(server.url + path)).status, path).toBe(200)
      expect((await fetch(origin + path)).status, path).toBe(404)
    }
    expect((await askToken(server.url, { Cookie: cookie })).status).toBe(200)
    expect((await askToken(origin, { Cookie: cookie })).status).toBe(404)
    expect((await fetch(`${server.url}/token`, { method: 'REPORT' })).status).toBe(405)
    await server.close()
  })
})

describe('a body', () => {
  it('is read by the routes that take one', async () => {
    const server = await startTestServer({
      ...forwardEnv(site.url, key),
      CHAT_IDENTITY: 'forward,guest',
      CHAT_GUEST_NAMES: 'ask',
      CHAT_GUEST_SECRET: secret('a-secret-of-guests-for-the-test-of-bodies'),
    })
    const post = (path: string, type: string, body: object) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { 'Content-Type': type, Origin: SITE_ORIGIN },
        body: JSON.stringify(body),
      })
    expect((await askToken(server.url, { Cookie: cookie })).status).toBe(200)
    expect((await post('/guest', 'text/plain', { name: 'Ben' })).status).toBe(200)
    const report = { code: 'ready', ms: 900, engine: 'chromium', origin: SITE_ORIGIN }
    expect((await post('/report', 'text/plain', report)).status).toBe(204)
    const metrics = await (await fetch(`${server.adminUrl}/metrics`)).text()
    expect(metrics).toContain(`page_ready_seconds_count{engine="chromium",origin="${SITE_ORIGIN}"} 1`)
    await server.close()
  })
})

describe('a proxy', () => {
  it('sets the visitor’s address and the server’s own origin only if it is trusted', async () => {
    const env = { ...forwardEnv(site.url, key), CHAT_RATE_LIMIT: '1000,2' }
    const trusting = await startTestServer({ ...env, CHAT_TRUSTED_PROXIES: '127.0.0.1' })
    const from = (server: { url: string }, address: string) =>
      askToken(server.url, { Cookie: cookie, 'X-Forwarded-For': address })
    const statuses = async (server: { url: string }, addresses: string[]) => {
      const all: number[] = []
      for (const address of addresses) all.push((await from(server, address)).status)
      return all
    }
    // a visitor's own value is to the left of the value that the proxy adds
    expect(
      await statuses(trusting, [
        '203.0.113.1',
        '203.0.113.2',
        '203.0.113.1',
        '6.6.6.6, 203.0.113.1',
        '203.0.113.2',
      ]),
    ).toEqual([200, 200, 200, 429, 200])
    const own = {
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'chat.example.com',
      Origin: 'https://chat.example.com',
    }
    expect(
      (await askToken(trusting.url, { Cookie: cookie, 'X-Forwarded-For': '203.0.113.9', ...own })).status,
    ).toBe(200)
    await trusting.close()

    const alone = await startTestServer(env)
    expect(await statuses(alone, ['203.0.113.1', '203.0.113.2', '203.0.113.3'])).toEqual([200, 200, 429])
    await alone.close()
  })
})

describe('readiness and metrics', () => {
  it('report a usable key and the request outcomes, and contain no visitor’s data', async () => {
    const server = await startTestServer({
      ...forwardEnv(site.url, key),
      CHAT_USER_ID_SECRET: secret('a-secret-to-hide-the-ids-of-visitors'),
    })
    const reply = (await (await askToken(server.url, { Cookie: cookie })).json()) as TokenReply
    expect((checkToken(reply.token).claims as { user_id: string }).user_id).toMatch(/^[\w-]{22}$/)
    await askToken(server.url)
    await askToken(server.url, { Cookie: cookie }, { event_id: 'made-up-by-a-visitor' })
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' })
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: 'ready', notes: [] })
    const response = await fetch(`${server.adminUrl}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    const metrics = await response.text()
    expect(metrics).toContain(`kinescope_chat_tokens_total{event="${EVENT}",kid="${key.kid}"} 1`)
    expect(metrics).toContain(
      'kinescope_chat_refusals_total{code="sign-in-required",reason="no-credentials"} 1',
    )
    expect(metrics).toContain('kinescope_chat_signing_duration_seconds_count 1')
    expect(metrics).toMatch(/kinescope_chat_signing_key_usable\{kid="[^"]+"\} 1/)
    expect(metrics).not.toMatch(/u-1|Ann|made-up-by-a-visitor/)
    await server.close()
  })

  it('report a key ring that is lost at the start, and promise no older one', async () => {
    const { dir, remove } = ringDirectory()
    writeRing(dir, 1, [ringEntry()])
    rmSync(`${dir}/keyring.json`)
    const env = { ...forwardEnv(site.url, key), CHAT_PRIVATE_KEY: '', CHAT_KEY_ID: '' }
    const server = await startTestServer({ ...env, CHAT_KEY_DIR: dir })
    expect(server.log.join('')).toContain('key ring not loaded; the last good one, if any, still signs')
    await server.close()
    remove()
  })

  it('report a missing key with the code', async () => {
    const { dir, remove } = ringDirectory()
    const env = { ...forwardEnv(site.url, key), CHAT_PRIVATE_KEY: '', CHAT_KEY_ID: '' }
    const server = await startTestServer({ ...env, CHAT_KEY_DIR: dir })
    const ready = await fetch(`${server.url}/readyz`)
    expect([ready.status, await ready.json()]).toMatchObject([503, { code: 'key-unavailable' }])
    const refused = await askToken(server.url, { Cookie: cookie })
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'key-unavailable' }])
    await server.close()
    remove()
  })

  it('count failed reloads of a key ring, and warn of a key that expires soon', async () => {
    const { dir, remove } = ringDirectory()
    writeRing(dir, 1, [ringEntry({ expiresAt: new Date(Date.now() + 5 * 86_400_000).toISOString() })])
    const env = { ...forwardEnv(site.url, key), CHAT_PRIVATE_KEY: '', CHAT_KEY_ID: '' }
    const server = await startTestServer(
      { ...env, CHAT_KEY_DIR: dir, CHAT_ADMIN_PORT: '0' },
      { keyPollMs: 3_600_000 },
    )
    replaceFile(`${dir}/keyring.json`, 'broken')
    await server.reload()
    expect(await (await fetch(`${server.adminUrl}/metrics`)).text()).toContain(
      'kinescope_chat_key_ring_reloads_total{result="failed"} 1',
    )
    expect(await (await fetch(`${server.adminUrl}/readyz`)).json()).toMatchObject({
      status: 'ready',
      key: { daysLeft: 4 },
      notes: [
        { code: 'key-ring-stale', detail: expect.any(String) as string },
        { code: 'key-ends-soon', detail: expect.any(String) as string },
      ],
    })
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({
      status: 'ready',
      notes: [{ code: 'key-ring-stale' }, { code: 'key-ends-soon' }],
    })
    expect((await askToken(server.url, { Cookie: cookie })).status).toBe(200)
    await server.close()
    remove()
  })
})

describe('a server with an API token', () => {
  it('reports problems at Kinescope in responses and in /readyz until they are fixed', async () => {
    const emulator = buildEmulator()
    const url = await emulator.listen()
    const event = emulator.state.events.find(({ jwtRequired }) => !jwtRequired) ?? emulator.state.events[0]!
    event.jwtRequired = false
    const server = await startTestServer(
      {
        ...forwardEnv(site.url, key),
        CHAT_EVENTS: `${event.publicId},gone`,
        CHAT_RATE_LIMIT: 'off',
        KINESCOPE_API_URL: url,
        KINESCOPE_API_TOKEN: secret(emulator.apiToken),
      },
      { watchMs: 50 },
    )
    const ask = async (eventId: string) => {
      const response = await askToken(server.url, { Cookie: cookie }, { event_id: eventId })
      return { status: response.status, ...((await response.json()) as { code?: string; warning?: string }) }
    }
    await vi.waitFor(
      async () =>
        expect(await ask(event.publicId)).toMatchObject({ status: 503, code: 'key-not-registered' }),
      10_000,
    )
    expect(await ask('gone')).toMatchObject({ status: 404, code: 'event-not-found' })

    const { n = '', e = '' } = key.publicKey.export({ format: 'jwk' })
    const api = new KinescopeApi({ url, token: emulator.apiToken })
    const registration = { kty: 'RSA', e, use: 'sig', kid: key.kid, alg: 'RS256', n } as const
    await new JwkApi(api).create({ ...registration, expires_at: '2099-12-31T23:59:59Z' })
    await vi.waitFor(
      async () =>
        expect(await ask(event.publicId)).toMatchObject({ status: 200, warning: 'jwt-not-enabled' }),
      10_000,
    )
    const ready = await (await fetch(`${server.url}/readyz`)).json()
    const codes = (ready as { notes: { code: string }[] }).notes.map(({ code }) => code)
    expect(codes.sort()).toEqual(['event-not-found', 'jwt-not-enabled'])

    event.jwtRequired = true
    await vi.waitFor(async () => expect(await ask(event.publicId)).not.toHaveProperty('warning'), 10_000)
    await emulator.close()
    await vi.waitFor(async () => {
      expect(await (await fetch(`${server.adminUrl}/metrics`)).text()).toMatch(
        /upstream_checks_total\{result="failed"\} \d/,
      )
    }, 20_000)
    expect((await ask(event.publicId)).status).toBe(200)
    await server.close()
  })
})

describe('the port', () => {
  it('is an error with its code if it is in use, and the server stops', async () => {
    const first = await startTestServer(forwardEnv(site.url, key))
    const { port } = new URL(first.url)
    await expect(startTestServer({ ...forwardEnv(site.url, key), PORT: port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await first.close()
  })
})

describe('the logs', () => {
  it('contain no credential of a request, for any error', async () => {
    const server = await startTestServer({ ...forwardEnv(site.url, key), CHAT_ALLOWED_ORIGINS: SITE_ORIGIN })
    const identityToken = secret('eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJlLW9mLXRoZS1zaXRl')
    await fetch(`${server.url}/embed/${EVENT}?identity=${identityToken}`)
    await fetch(`${server.url}/embed/unknown?identity=${identityToken}`)
    await askToken(server.url, { Authorization: `Bearer ${identityToken}` })
    await askToken(server.url, { Cookie: cookie }, identityToken)
    await askToken(server.url, { Cookie: cookie })
    expect(server.log.join('')).toContain('token made')
    await server.close() // searches the log
  })
})
