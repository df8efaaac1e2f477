import { Agent, request as httpRequest } from 'node:http'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { FaultList, pathMatches } from '../../emulator/faults.js'
import { callApi } from './call-api.js'
import { makeKey, type CraftKey } from '../../site/craft-token.js'

describe('the fault list', () => {
  it('applies a fault from the nth matching request on, as often as configured', () => {
    const faults = new FaultList()
    faults.add({ kind: 'drop', method: 'POST', path: '/v1/jwk', after: 1, times: 2 })
    const strikes = ['GET', 'POST', 'POST', 'POST', 'POST'].map(
      (method) => faults.strike(method, '/v1/jwk') !== null,
    )
    expect(strikes).toEqual([false, false, true, true, false])
  })

  it.each([
    ['/v1/jwk', '/v1/jwk', true],
    ['/v1/jwk', '/v1/jwk/1', false],
    ['/v1/jwk/*', '/v1/jwk/1', true],
    ['/v1/jwk/*', '/v1/jwk', false],
    ['/v1/**', '/v1/jwk/1', true],
    ['/v2/**', '/v1/jwk/1', false],
  ])('matches %s against %s: %s', (pattern, path, expected) => {
    expect(pathMatches(pattern, path)).toBe(expected)
  })
})

describe('injected faults', () => {
  let emulator: Emulator
  let key: CraftKey
  const list = () => callApi(emulator, 'GET', '/v1/jwk')

  beforeAll(() => {
    key = makeKey('our-key')
  })
  beforeEach(async () => {
    emulator = buildEmulator()
    await emulator.listen()
  })
  afterEach(() => emulator.close())

  it('send a status and Retry-After, once', async () => {
    emulator.faults.add({ kind: 'status', status: 429, retryAfter: '7', times: 1 })
    const refused = await list()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7'])
    expect(refused.headers.get('x-request-id')).toBeTruthy()
    expect((await list()).status).toBe(200)
  })

  it('send an HTML page in place of JSON', async () => {
    emulator.faults.add({ kind: 'html', status: 200 })
    const reply = await fetch(`${emulator.url}/v1/jwk`)
    expect(reply.headers.get('content-type')).toContain('text/html')
  })

  it('complete the work and drop the response', async () => {
    emulator.faults.add({ kind: 'commit-then-drop', method: 'POST', path: '/v1/jwk', times: 1 })
    await expect(callApi(emulator, 'POST', '/v1/jwk', key.registration)).rejects.toThrow()
    expect(emulator.state.keys).toHaveLength(1)
  })

  it('do no work if the socket closes first', async () => {
    emulator.faults.add({ kind: 'drop', times: 1 })
    await expect(callApi(emulator, 'POST', '/v1/jwk', key.registration)).rejects.toThrow()
    expect(emulator.state.keys).toHaveLength(0)
  })

  it('break a response off in the middle', async () => {
    emulator.faults.add({ kind: 'truncate', times: 1 })
    await expect(list()).rejects.toThrow()
  })

  it('send no response, or a late one', async () => {
    emulator.faults.add({ kind: 'hang', times: 1 }, { kind: 'latency', ms: 120, after: 1 })
    await expect(fetch(`${emulator.url}/v1/jwk`, { signal: AbortSignal.timeout(60) })).rejects.toThrow()
    const started = performance.now()
    await list()
    expect(performance.now() - started).toBeGreaterThan(110)
  })

  it('close a reused socket', async () => {
    emulator.faults.add({ kind: 'close-reused', times: 2 })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const get = () =>
      new Promise<number>((resolve, reject) => {
        const asked = httpRequest(`${emulator.url}/v1/jwk`, { agent }, (reply) => {
          reply.resume().on('end', () => resolve(reply.statusCode!))
        })
        asked.on('error', reject).end()
      })
    expect(await get()).toBe(401)
    await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' })
    agent.destroy()
  })

  it('are set and removed over HTTP, only from this machine’s pages', async () => {
    const control = (method: string, path: string, body?: unknown, origin = 'http://localhost:5173') =>
      fetch(`${emulator.url}/emulator/${path}`, {
        method,
        headers: { origin, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    expect((await control('POST', 'faults', { kind: 'status', status: 500, path: '/v1/jwk' })).status).toBe(
      200,
    )
    expect((await list()).status).toBe(500)
    await control('DELETE', 'faults')
    expect((await list()).status).toBe(200)
    expect((await control('POST', 'faults', { kind: 'earthquake' })).status).toBe(400)
    expect((await control('PATCH', 'variants', { keyList: 'keys' })).status).toBe(200)
    expect((await list()).body).toEqual({ keys: [] })
    expect((await control('PATCH', 'variants', { keyList: 'tree' })).status).toBe(400)
    expect((await control('PATCH', 'variants', { colour: 'red' })).status).toBe(400)
    expect((await control('PUT', 'clock', { offsetMs: 3_600_000 })).status).toBe(200)
    expect(emulator.state.clockOffsetMs).toBe(3_600_000)
    await control('POST', 'reset')
    expect((await list()).body).toEqual({ data: [] })
    expect((await control('GET', 'state', undefined, 'https://evil.example')).status).toBe(403)
    const preflight = await control('OPTIONS', 'faults')
    expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
  })
})
