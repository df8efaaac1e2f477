import { beforeAll, describe, expect, it } from 'vitest'
import { createTokenHandler } from '../../src/adapters/fetch.js'
import { guests } from '../../src/identity/guest.js'
import { fixedKeySource, type SigningKey } from '../../src/token/signing-key.js'
import { makeSigningKey } from './callee.js'

const SITE = 'https://www.example.com'
let key: SigningKey
beforeAll(async () => {
  key = await makeSigningKey()
})

function server(options: { captcha?: boolean | 'throws'; names?: 'ask' | 'number'; address?: null } = {}) {
  const admitted = guests({ secret: 'a-secret-of-thirty-two-bytes-and-more', names: options.names ?? 'ask' })
  const handle = createTokenHandler({
    keys: fixedKeySource(key),
    events: ['stream'],
    allowedOrigins: [SITE],
    identity: admitted.identify,
    guests: admitted,
    ...(options.address === null ? {} : { clientAddress: () => '192.0.2.1' }),
    ...(options.captcha === undefined
      ? {}
      : {
          verifyCaptcha: (response) => {
            if (options.captcha === 'throws') throw new Error('the provider is down')
            return response === 'solved'
          },
        }),
  })
  return async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await handle(
      new Request(`https://chat.example.com${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: {
          origin: SITE,
          'sec-fetch-site': 'cross-site',
          'content-type': 'application/json',
          ...headers,
        },
      }),
    )
    return { response, reply: (await response.json()) as Record<string, unknown> }
  }
}

const usernameIn = (token: unknown) =>
  (JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString()) as { username: string })
    .username

describe('a guest who chooses a name', () => {
  it('is asked for a name, gets it marked, and enters with the cookie or the guest token', async () => {
    const post = server()
    const first = await post('/chat/token', { event_id: 'stream' })
    expect(first.response.status).toBe(401)
    expect(first.reply).toMatchObject({ code: 'name-required' })
    const named = await post('/chat/guest', JSON.stringify({ name: ' Анна ' }), {
      'content-type': 'text/plain;charset=UTF-8',
      'accept-language': 'ru-RU,ru;q=0.9',
    })
    expect(named.response.status).toBe(200)
    expect(named.reply).toEqual({
      name: 'Анна · гость',
      identity: expect.stringMatching(/^guest\./) as string,
    })
    expect(named.response.headers.get('access-control-allow-origin')).toBe(SITE)
    expect(named.response.headers.get('cache-control')).toBe('no-store')
    const cookie = named.response.headers.get('set-cookie')!
    expect(cookie).toMatch(
      /^__Host-kinescope-chat-guest=.*; Path=\/; .*Secure; HttpOnly; SameSite=None; Partitioned$/,
    )
    const byCookie = await post('/chat/token', { event_id: 'stream' }, { cookie: cookie.split(';')[0]! })
    expect(usernameIn(byCookie.reply['token'])).toBe('Анна · guest')
    const byBody = await post('/chat/token', { event_id: 'stream', identity: named.reply['identity'] })
    expect(usernameIn(byBody.reply['token'])).toBe('Анна · guest')
    const forged = `${String(named.reply['identity']).slice(0, -2)}AA`
    expect((await post('/chat/token', { event_id: 'stream', identity: forged })).reply).toMatchObject({
      code: 'name-required',
    })
  })

  it('learns why a name is rejected', async () => {
    const post = server()
    const cases: [unknown, number, Record<string, unknown>][] = [
      [{ name: 'Moderator' }, 400, { code: 'bad-request', name_problem: 'reserved' }],
      [{ name: 'Ann ✅' }, 400, { code: 'bad-request', name_problem: 'characters' }],
      [{ name: '' }, 400, { code: 'bad-request', name_problem: 'empty' }],
      [{ name: 1 }, 400, { code: 'bad-request' }],
      [{ name: 'Ann', id: 'u-1' }, 400, { code: 'bad-request' }],
      [{}, 400, { code: 'bad-request' }],
      ['[]', 400, { code: 'bad-request' }],
      [{ name: 'x'.repeat(5000) }, 413, { code: 'bad-request' }],
    ]
    for (const [body, status, reply] of cases) {
      const named = await post('/guest', body)
      expect(named.response.status, JSON.stringify(body).slice(0, 60)).toBe(status)
      expect(named.reply).toMatchObject(reply)
      expect(named.response.headers.get('set-cookie')).toBeNull()
    }
  })

  it('is subject to the origin check, a limit for each address, and the site’s captcha', async () => {
    const post = server()
    expect((await post('/guest', { name: 'Ann' }, { origin: 'https://evil.example' })).response.status).toBe(
      403,
    )
    let status = 200
    for (let count = 0; status === 200 && count < 400; count++) {
      status = (await post('/guest', { name: 'Ann' })).response.status
    }
    expect(status).toBe(429)
    const behindNothing = server({ address: null })
    for (let count = 0; count < 310; count++) {
      expect((await behindNothing('/guest', { name: 'Ann' })).response.status).toBe(200)
    }
    const guarded = server({ captcha: true })
    expect((await guarded('/guest', { name: 'Ann' })).reply).toMatchObject({ code: 'bad-request' })
    expect((await guarded('/guest', { name: 'Ann', captcha: 'solved' })).reply).toHaveProperty('identity')
    const broken = server({ captcha: 'throws' })
    expect((await broken('/guest', { name: 'Ann' })).reply).toMatchObject({ code: 'identity-unavailable' })
  })

  it('is not asked for a name if guests have numbers', async () => {
    const post = server({ names: 'number' })
    expect((await post('/guest', { name: 'Ann' })).response.status).toBe(404)
    expect((await post('/token', { event_id: 'stream' })).response.status).toBe(200)
  })
})
