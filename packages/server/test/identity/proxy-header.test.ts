import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkToken } from 'kinescope-chat/check-token'
import { addressesIn } from '../../src/net/request-facts.js'
import { EVENT, makeKey, SITE_ORIGIN, startTestServer, type TestServer } from '../running-server.js'

describe('a list of addresses', () => {
  it('matches addresses and CIDR ranges of both families, and IPv4-mapped IPv6 addresses', () => {
    const isIn = addressesIn(['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'])
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '10.255.0.1', '::1', 'fd12::1'])
      expect(isIn(address), address).toBe(true)
    for (const address of ['127.0.0.2', '11.0.0.1', '::2', 'fe80::1', '', undefined, 'nonsense'])
      expect(isIn(address), address).toBe(false)
  })

  it('matches a hop that a proxy writes with its port, in brackets, in quotes or with its zone', () => {
    const isIn = addressesIn(['10.0.0.0/8', 'fd00::/8', 'fe80::/10'])
    for (const hop of ['10.0.0.1:443', '"10.0.0.1:443"', '[fd00::1]:443', '[fd00::1]', 'fe80::1%eth0'])
      expect(isIn(hop), hop).toBe(true)
    for (const hop of [
      '11.0.0.1:443',
      '[fc00::1]:443',
      '10.0.0.1:',
      '10.0.0.1:x',
      'x:10.0.0.1',
      '010.0.0.1:1',
    ])
      expect(isIn(hop), hop).toBe(false)
  })

  it('can contain IPv4-mapped IPv6 addresses', () => {
    const isIn = addressesIn(['::ffff:10.0.0.0/104', '::ffff:192.0.2.1'])
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.1']) expect(isIn(address)).toBe(true)
    for (const address of ['11.1.2.3', '192.0.2.2']) expect(isIn(address)).toBe(false)
  })

  it('rejects other entries', () => {
    for (const entry of [
      '1',
      'true',
      'localhost',
      '10.0.0.0/0',
      '10.0.0.0/33',
      '10.0.0.0/8.5',
      '10.0.0.0/',
      '::/129',
      '',
    ]) {
      expect(() => addressesIn([entry]), entry).toThrow()
    }
  })
})

/** Requests a token with headers that `fetch` would merge. */
function ask(url: string, headers: [string, string][]): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/token`, { method: 'POST', agent: false })
    for (const name of new Set(headers.map(([header]) => header))) {
      call.setHeader(
        name,
        headers.filter(([header]) => header === name).map(([, value]) => value),
      )
    }
    call.setHeader('Content-Type', 'application/json').setHeader('Origin', SITE_ORIGIN)
    call.on('error', reject).on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    // with a string as body, Node would encode the headers like the body
    call.end(Buffer.from(JSON.stringify({ event_id: EVENT })))
  })
}

const { kid, pem } = makeKey()
const env = (trusted: string) => ({
  CHAT_IDENTITY: 'header',
  CHAT_IDENTITY_ID_HEADER: 'X-Forwarded-User',
  CHAT_IDENTITY_NAME_HEADER: 'X-Forwarded-Name',
  CHAT_TRUSTED_PROXIES: trusted,
  CHAT_PRIVATE_KEY: pem,
  CHAT_KEY_ID: kid,
})

describe('the identity headers of a proxy', () => {
  let trusting: TestServer
  let untrusting: TestServer
  beforeAll(async () => {
    trusting = await startTestServer(env('127.0.0.1'))
    untrusting = await startTestServer(env('192.0.2.0/24'))
  })
  afterAll(async () => {
    await trusting.close()
    await untrusting.close()
  })
  const id: [string, string] = ['X-Forwarded-User', 'u-1']
  const name: [string, string] = ['X-Forwarded-Name', Buffer.from('Жанна').toString('latin1')]

  it('are accepted, in UTF-8 too', async () => {
    const { status, body } = await ask(trusting.url, [id, name])
    expect(status).toBe(200)
    expect(checkToken((JSON.parse(body) as { token: string }).token).claims).toMatchObject({
      user_id: 'u-1',
      username: 'Жанна',
    })
  })

  it('are accepted from the proxy’s own address only, for any X-Forwarded-For', async () => {
    expect((await ask(untrusting.url, [id, name])).status).toBe(401)
    expect((await ask(untrusting.url, [id, name, ['X-Forwarded-For', '192.0.2.1']])).status).toBe(401)
  })

  it('are rejected if the visitor sent a copy too, or if the id is missing', async () => {
    expect((await ask(trusting.url, [id, ['X-Forwarded-User', 'victim'], name])).status).toBe(401)
    expect((await ask(trusting.url, [id, name, ['X-Forwarded-Name', 'Victim']])).status).toBe(401)
    expect((await ask(trusting.url, [name])).status).toBe(401)
    expect((await ask(trusting.url, [['X-Forwarded-User', ''], name])).status).toBe(401)
  })
})
