import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../emulator/emulator.js'
import { startHostSite, type HostSite } from '../site/host-site.js'

const FOREIGN = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

/** Sends the address as it is spelled and the headers as they are given: `fetch` would change both. */
const send = (base: string, method: string, path: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(base)
    request({ hostname, port, method, path, headers }, (reply) => {
      reply.resume().on('end', () => resolve(reply.statusCode!))
    })
      .on('error', reject)
      .end()
  })

describe('The emulator, asked by pages elsewhere', () => {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = buildEmulator()
    await emulator.listen()
  })
  afterAll(() => emulator.close())

  it.each([
    '/emulator/reset',
    '/%65mulator/reset',
    '/emulato%72/reset',
    '/emulator/res%65t',
    '//emulator/reset',
  ])('rejects POST %s', async (path) => {
    emulator.state.clockOffsetMs = 7
    expect(await send(emulator.url, 'POST', path, FOREIGN)).toBeGreaterThanOrEqual(400)
    expect(await send(emulator.url, 'POST', path, { origin: 'null' })).toBeGreaterThanOrEqual(400)
    expect(await send(emulator.url, 'POST', path, { 'sec-fetch-site': 'cross-site' })).toBeGreaterThanOrEqual(
      400,
    )
    expect(emulator.state.clockOffsetMs).toBe(7)
  })

  it.each(['/v1/jwk', '/v%31/jwk', '/%761/jwk', '/v1/%6awk', '/v2/live/%65vents', '/v1/unknown'])(
    'asks for an API token at %s',
    async (path) => {
      expect(await send(emulator.url, 'GET', path)).toBe(401)
    },
  )

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'rejects the host "%s", which a page elsewhere can point here',
    async (host) => {
      expect(await send(emulator.url, 'GET', '/emulator/state', { host })).toBe(421)
      expect(await send(emulator.url, 'POST', '/emulator/reset', { host })).toBe(421)
    },
  )

  it('takes pages of this machine and programs', async () => {
    for (const headers of [{}, { origin: 'http://localhost:5173' }, { origin: 'http://[::1]:8080' }])
      expect(await send(emulator.url, 'POST', '/emulator/reset', headers)).toBe(200)
  })
})

describe('The demo site, asked by pages elsewhere', () => {
  let site: HostSite
  let rotations = 0
  beforeAll(async () => {
    site = await startHostSite({
      port: 0,
      facts: () => undefined,
      otherServer: () => Promise.reject(new Error('no other server here')),
      identityServers: () => undefined,
      rotateKeys: () => {
        rotations++
        return Promise.resolve()
      },
      watch: false,
    })
  })
  afterAll(() => site.close())

  it.each([
    '/operator/rotate',
    '/visitor/sign-in',
    '/visitor/sign-out',
    '/visitor/standing',
    '/second-visitor/sign-in',
  ])('rejects POST %s', async (path) => {
    const { host } = new URL(site.url)
    expect(await send(site.url, 'POST', path, FOREIGN)).toBe(403)
    expect(await send(site.url, 'POST', path, { origin: 'null' })).toBe(403)
    expect(await send(site.url, 'POST', path, { origin: 'http://localhost:1' })).toBe(403)
    expect(await send(site.url, 'POST', path, { 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await send(site.url, 'POST', path, { host: 'evil.example', origin: 'http://evil.example' })).toBe(
      403,
    )
    expect(await send(site.url, 'POST', path, { host, origin: `http://${host}` })).not.toBe(403)
    expect(rotations).toBeLessThanOrEqual(1)
  })
})
