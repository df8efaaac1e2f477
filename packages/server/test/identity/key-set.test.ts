import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { forwardIdentity } from '../../src/identity/forward.js'
import { jwtIdentity } from '../../src/identity/jwt.js'
import type { KeySetEvent } from '../../src/identity/key-set.js'

const [first, second, third] = Array.from({ length: 3 }, () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
) as [KeyPair, KeyPair, KeyPair]
type KeyPair = { publicKey: KeyObject; privateKey: KeyObject }
const MINUTE = 60_000

/** A site with a JWK Set, on a fake clock. */
async function siteWith(...keys: [KeyPair, string | null][]) {
  let time = Date.UTC(2026, 10, 29)
  const events: KeySetEvent[] = []
  const site = {
    fetches: 0,
    respond: (() => Promise.reject(new Error('not set'))) as () => Promise<Response>,
    pass: (ms: number) => void (time += ms),
    events,
    async publish(...published: [KeyPair, string | null][]) {
      const jwks = await Promise.all(
        published.map(async ([{ publicKey }, kid]) => ({
          ...(await exportJWK(publicKey)),
          ...(kid === null ? {} : { kid }),
        })),
      )
      site.respond = () => Promise.resolve(Response.json({ keys: jwks }))
    },
    sign: ({ privateKey }: KeyPair, kid?: string) =>
      new SignJWT({ sub: 'u-1', name: 'Ann', aud: 'chat-of-the-site' })
        .setProtectedHeader({
          alg: privateKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256',
          ...(kid === undefined ? {} : { kid }),
        })
        .setIssuedAt(new Date(time))
        .setExpirationTime(new Date(time + 5 * MINUTE))
        .sign(privateKey),
    ask: async (token: string) => {
      const answer = await identify(
        {
          header: (name) => (name === 'authorization' ? `Bearer ${token}` : null),
          address: null,
          request: null,
        },
        'stream',
        { signal: new AbortController().signal },
      )
      return 'user' in answer ? 'user' : answer.refused
    },
  }
  const onKeySet = (event: KeySetEvent): unknown => {
    events.push(event)
    const fault = new Error('a listener that fails')
    if (events.length % 2 === 0) throw fault
    return Promise.reject(fault)
  }
  const identify = jwtIdentity({
    key: { jwksUrl: 'https://www.example.com/jwks.json' },
    audience: 'chat-of-the-site',
    now: () => time,
    fetch: () => {
      site.fetches++
      return site.respond()
    },
    onKeySet,
  })
  await site.publish(...keys)
  return site
}

describe('a JWK Set whose address fails', () => {
  const failures: Record<string, () => Promise<Response>> = {
    'is unreachable': () => Promise.reject(new TypeError('fetch failed')),
    'answers 503': () => Promise.resolve(new Response('{}', { status: 503 })),
    'answers a page': () => Promise.resolve(new Response('<html>', { status: 200 })),
    'answers without keys': () => Promise.resolve(Response.json({ keys: [] })),
    'answers with keys for encryption alone': () =>
      Promise.resolve(
        Response.json({ keys: [{ ...first.publicKey.export({ format: 'jwk' }), use: 'enc' }] }),
      ),
    'answers with keys that sign nothing': () =>
      Promise.resolve(Response.json({ keys: [{ kty: 'oct', kid: 'a', k: 'AAAA' }, 'text', null] })),
    'answers with a key that is cut off': () =>
      Promise.resolve(Response.json({ keys: [{ kty: 'EC', kid: 'a', alg: 'ES256' }] })),
    'answers another object': () => Promise.resolve(Response.json({ error: 'x' })),
    'answers null': () => Promise.resolve(Response.json(null)),
    redirects: () =>
      Promise.resolve(new Response(null, { status: 302, headers: { location: 'https://example.org' } })),
  }
  for (const [name, respond] of Object.entries(failures)) {
    it(`is used for hours if the address ${name}`, async () => {
      const site = await siteWith([first, 'a'])
      expect(await site.ask(await site.sign(first, 'a'))).toBe('user')
      site.respond = respond
      for (let minutes = 0; minutes < 11 * 60; minutes += 11) {
        site.pass(11 * MINUTE)
        expect(await site.ask(await site.sign(first, 'a')), `after ${minutes} min`).toBe('user')
      }
      const failed = site.events.filter(({ ok }) => !ok)
      expect(failed.length).toBeGreaterThan(10)
      expect(failed.every((event) => !event.ok && event.lastGoodMs !== null)).toBe(true)
      site.pass(2 * 60 * MINUTE)
      expect(await site.ask(await site.sign(first, 'a'))).toBe('identity-unavailable')
      await site.publish([first, 'a'])
      site.pass(MINUTE)
      expect(await site.ask(await site.sign(first, 'a'))).toBe('user')
      expect(site.events.at(-1)).toEqual({ ok: true, name: 'https://www.example.com' })
    })
  }

  it('makes no visitor wait for an address that is known to fail', async () => {
    const site = await siteWith([first, 'a'])
    await site.ask(await site.sign(first, 'a'))
    site.respond = () => Promise.reject(new Error('away'))
    site.pass(11 * MINUTE)
    await site.ask(await site.sign(first, 'a'))
    site.respond = () => new Promise(() => undefined)
    site.pass(MINUTE)
    expect(await site.ask(await site.sign(first, 'a'))).toBe('user')
  })
})

describe('a provider that rotates its keys', () => {
  afterEach(() => void vi.useRealTimers())

  it('signs no visitor out after the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const site = await siteWith([first, 'a'])
    const identify = jwtIdentity({
      key: { jwksUrl: 'https://www.example.com/jwks.json' },
      audience: 'chat-of-the-site',
      fetch: () => site.respond(),
    })
    const ask = async (pair: KeyPair, kid: string) => {
      const token = await new SignJWT({ sub: 'u-1', name: 'Ann', aud: 'chat-of-the-site' })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setExpirationTime(new Date(Date.now() + 5 * MINUTE))
        .sign(pair.privateKey)
      const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : null)
      const call = { header, address: null, request: null }
      const answer = await identify(call, 'stream', { signal: new AbortController().signal })
      return 'user' in answer ? 'user' : answer.refused
    }
    expect(await ask(first, 'a')).toBe('user')
    vi.advanceTimersByTime(1000)
    vi.setSystemTime(Date.now() - 180 * MINUTE)
    await site.publish([second, 'b'])
    expect(await ask(second, 'b')).toBe('identity-unavailable')
    vi.advanceTimersByTime(11_000)
    expect(await ask(second, 'b')).toBe('user')
  })

  it('signs no visitor out: an unknown key is unavailable until the set was fetched again', async () => {
    const site = await siteWith([first, 'a'])
    expect(await site.ask(await site.sign(first, 'a'))).toBe('user')
    site.pass(1000)
    await site.publish([second, 'b'])
    const fresh = await site.sign(second, 'b')
    for (let count = 0; count < 5; count++) {
      expect(await site.ask(fresh)).toBe('identity-unavailable')
      site.pass(1500)
    }
    expect(site.fetches).toBe(1)
    site.pass(5000)
    expect(await site.ask(fresh)).toBe('user')
    expect(await site.ask(await site.sign(second, 'b'))).toBe('user')
    expect(site.fetches).toBe(2)
  })

  it('rejects a token with an unknown key after one more fetch', async () => {
    const site = await siteWith([first, 'a'])
    expect(await site.ask(await site.sign(third, 'unknown'))).toBe('sign-in-required')
    site.pass(1000)
    const forged = await site.sign(third, 'unknown')
    expect(await site.ask(forged)).toBe('identity-unavailable')
    site.pass(11_000)
    expect(await site.ask(forged)).toBe('sign-in-required')
    site.pass(1000)
    expect(await site.ask(forged), 'known to be wrong').toBe('sign-in-required')
    expect(site.fetches).toBe(2)
  })

  it('makes visitors wait while the set can’t be fetched, and signs out none', async () => {
    const site = await siteWith([first, 'a'])
    await site.ask(await site.sign(first, 'a'))
    site.respond = () => Promise.reject(new Error('away'))
    const fresh = await site.sign(second, 'b')
    for (let count = 0; count < 20; count++) {
      site.pass(12_000)
      expect(await site.ask(fresh)).toBe('identity-unavailable')
    }
    await site.publish([second, 'b'])
    site.pass(12_000)
    expect(await site.ask(await site.sign(second, 'b'))).toBe('user')
  })

  it('can keep the key’s id', async () => {
    const site = await siteWith([first, 'a'])
    await site.ask(await site.sign(first, 'a'))
    await site.publish([second, 'a'])
    site.pass(11_000)
    expect(await site.ask(await site.sign(second, 'a'))).toBe('user')
    expect(await site.ask(await site.sign(third, 'a'))).toBe('sign-in-required')
  })
})

describe('the runtime’s own fetch', () => {
  afterEach(() => void vi.unstubAllGlobals())

  it('is called as a function, as an edge runtime demands', async () => {
    const site = await siteWith([first, 'a'])
    const call = { address: null, request: null }
    const until = { signal: new AbortController().signal }
    // Cloudflare Workers: "Illegal invocation"
    vi.stubGlobal('fetch', function (this: unknown) {
      if (this !== undefined && this !== globalThis) throw new TypeError('Illegal invocation')
      return site.respond()
    })
    const identify = jwtIdentity({
      key: { jwksUrl: 'https://www.example.com/jwks.json' },
      audience: 'chat-of-the-site',
      now: () => Date.UTC(2026, 10, 29),
    })
    const authorization = `Bearer ${await site.sign(first, 'a')}`
    const answer = await identify({ ...call, header: () => authorization }, 'stream', until)
    expect(answer).toMatchObject({ user: { id: 'u-1' } })
    site.respond = () => Promise.resolve(Response.json({ id: 'u-2', name: 'Bob' }))
    const forward = forwardIdentity({ url: 'https://www.example.com/me' })
    expect(await forward({ ...call, header: () => 'sid=1' }, 'stream', until)).toMatchObject({
      user: { id: 'u-2' },
    })
  })
})

describe('a token whose kid the set doesn’t have', () => {
  it('is verified with each key that has no kid', async () => {
    const site = await siteWith([first, 'a'], [second, null], [third, null])
    expect(await site.ask(await site.sign(third, 'x'))).toBe('user')
    expect(await site.ask(await site.sign(first, 'x')), 'a key of another name').toBe('sign-in-required')
  })

  it('is accepted after a rotation of the one key without kid', async () => {
    const site = await siteWith([first, null])
    expect(await site.ask(await site.sign(first, 'x'))).toBe('user')
    await site.publish([second, null])
    site.pass(1000)
    const fresh = await site.sign(second, 'y')
    expect(await site.ask(fresh)).toBe('identity-unavailable')
    site.pass(11_000)
    expect(await site.ask(fresh)).toBe('user')
    expect(await site.ask(await site.sign(second, 'z'))).toBe('user')
  })
})

describe('a token without kid', () => {
  it('is verified with each key', async () => {
    const site = await siteWith([first, 'a'], [second, 'b'])
    expect(await site.ask(await site.sign(first))).toBe('user')
    expect(await site.ask(await site.sign(second))).toBe('user')
    expect(await site.ask(await site.sign(second, 'a')), 'under another key’s name').toBe('sign-in-required')
  })

  it('is verified although the set has keys that can’t be used', async () => {
    const [short, rsa] = [1024, 2048].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength }))
    const site = await siteWith([short!, null], [first, null], [rsa!, null])
    expect(await site.ask(await site.sign(rsa!))).toBe('user')
  })

  it('is accepted after a rotation if the set’s keys have no id', async () => {
    const site = await siteWith([first, null])
    expect(await site.ask(await site.sign(first))).toBe('user')
    await site.publish([second, null], [third, null])
    site.pass(1000)
    const fresh = await site.sign(third)
    expect(await site.ask(fresh)).toBe('identity-unavailable')
    site.pass(11_000)
    expect(await site.ask(fresh)).toBe('user')
  })

  it('is rejected if no key fits', async () => {
    const site = await siteWith([first, 'a'], [second, 'b'])
    expect(await site.ask(await site.sign(third))).toBe('sign-in-required')
  })
})
