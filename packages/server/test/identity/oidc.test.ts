import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { oidcIdentity } from '../../src/identity/oidc.js'
import type { IdentityAnswer } from '../../src/identity/identity.js'
import { mintToken } from '../../src/token/mint-token.js'
import { importSigningKey } from '../../src/token/signing-key.js'
import { makeKey as makeSigningKey } from '../running-server.js'

const ANNA = { sub: '7', name: 'Anna' }
const START = Date.parse('2026-11-25T12:00:00Z')

interface Key {
  kid: string
  privateKey: CryptoKey
  jwk: JWK
}
async function makeKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }
}

/** A provider with discovery and keys, as the server's `fetch` sees it. */
class Issuer {
  readonly url: string
  readonly clientId: string
  keys: Key[]
  down = false
  /** Members of the discovery document that differ from the correct ones. */
  says: Record<string, unknown> = {}

  constructor(url: string, clientId: string, key: Key) {
    this.url = url
    this.clientId = clientId
    this.keys = [key]
  }

  answer(address: string): Response | null {
    if (!address.startsWith(this.url)) return null
    if (this.down) throw new TypeError('fetch failed')
    const path = address.slice(this.url.length)
    if (path === '/.well-known/openid-configuration') {
      return Response.json({ issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.says })
    }
    return path === '/keys' ? Response.json({ keys: this.keys.map(({ jwk }) => jwk) }) : null
  }
}

let now: number
let google: Issuer
let keycloak: Issuer
let first: Key
let second: Key
let third: Key
let fetches: string[]
let ask: (token: string, eventId?: string) => Promise<IdentityAnswer>

beforeAll(async () => {
  ;[first, second, third] = await Promise.all([makeKey('k1'), makeKey('k1'), makeKey('k2')])
})
beforeEach(() => {
  now = START
  fetches = []
  google = new Issuer('https://accounts.example', 'client-a', first)
  keycloak = new Issuer('https://sso.example/realms/school', 'client-b', second)
  const identify = oidcIdentity({
    issuers: [google, keycloak].map(({ url, clientId }) => ({ issuer: url, clientId })),
    now: () => now,
    fetch: (input) => {
      const address = input as string
      fetches.push(address)
      return new Promise((resolve) =>
        resolve(google.answer(address) ?? keycloak.answer(address) ?? new Response(null, { status: 404 })),
      )
    },
  })
  ask = async (token, eventId = 'stream') => {
    const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : null)
    return identify({ header, address: null, request: null }, eventId, {
      signal: new AbortController().signal,
    })
  }
})

/** An ID token of an issuer, without undefined claims. */
function sign(
  { url, clientId, keys }: Issuer,
  claims: Record<string, unknown> = {},
  { key = keys.at(-1)!, header = {} }: { key?: Key; header?: object } = {},
): Promise<string> {
  const iat = Math.floor(now / 1000)
  return new SignJWT({ iss: url, aud: clientId, iat, exp: iat + 600, ...ANNA, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header })
    .sign(key.privateKey)
}
const reasonOf = (answer: IdentityAnswer) =>
  'refused' in answer ? answer.reason : `admitted ${answer.user.id}`

describe('two OpenID providers at once', () => {
  it('admit their own users, who never share an id', async () => {
    expect(await ask(await sign(google))).toEqual({ user: { id: 'accounts.example:7', name: 'Anna' } })
    expect(await ask(await sign(keycloak))).toEqual({
      user: { id: 'sso.example/realms/school:7', name: 'Anna' },
    })
  })

  it('admit the longest sub that the standard allows, and its chat token is made', async () => {
    const answer = await ask(await sign(google, { sub: 'u'.repeat(255) }))
    const userId = 'user' in answer ? answer.user.id : ''
    const { kid, pem } = makeSigningKey()
    const key = await importSigningKey({ kid, privateKey: pem })
    const { token } = await mintToken({ key, userId, username: 'Anna', eventId: 'stream', ttl: 3600 })
    expect(decodeJwt(token)['user_id']).toBe(`accounts.example:${'u'.repeat(255)}`)
  })

  it('accept no token with the other’s key, client or issuer', async () => {
    const forged: [string, string, string][] = [
      [
        'the other’s key under the same kid',
        await sign(google, {}, { key: second }),
        'identity-token-rejected',
      ],
      ['the other’s client', await sign(google, { aud: keycloak.clientId }), 'identity-token-rejected'],
      ['the other’s issuer', await sign(google, { iss: keycloak.url }), 'identity-token-rejected'],
      ['an issuer with a slash', await sign(google, { iss: `${google.url}/` }), 'issuer-unknown'],
      ['an unknown issuer', await sign(google, { iss: 'https://evil.example' }), 'issuer-unknown'],
      ['no issuer', await sign(google, { iss: undefined }), 'issuer-unknown'],
      ['no audience', await sign(google, { aud: undefined }), 'identity-token-rejected'],
      ['no exp', await sign(google, { exp: undefined }), 'identity-token-rejected'],
      ['no sub', await sign(google, { sub: undefined }), 'identity-token-rejected'],
      ['an access token', await sign(google, {}, { header: { typ: 'at+jwt' } }), 'identity-token-malformed'],
      [
        'a logout token',
        await sign(google, {}, { header: { typ: 'logout+jwt' } }),
        'identity-token-malformed',
      ],
      ['an exp far ahead', await sign(google, { exp: START / 1000 + 400 * 86_400 }), 'exp-too-far'],
      ['another client in azp', await sign(google, { azp: 'client-x' }), 'azp-other'],
      ['several audiences without azp', await sign(google, { aud: ['client-a', 'client-x'] }), 'azp-missing'],
    ]
    for (const [what, token, reason] of forged) {
      const answer = await ask(token)
      expect(reasonOf(answer), what).toBe(reason)
      expect(answer, what).toMatchObject({ refused: 'sign-in-required' })
    }
    const several = await sign(google, { aud: ['client-a', 'client-x'], azp: 'client-a' })
    expect(reasonOf(await ask(several))).toBe('admitted accounts.example:7')
  })

  it('accept no token without a signature, and no HMAC made with the public key', async () => {
    const [header, payload] = (await sign(google)).split('.')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const secret = new TextEncoder().encode(JSON.stringify(first.jwk))
    const hmac = await new SignJWT({ iss: google.url, aud: 'client-a', exp: now / 1000 + 600, ...ANNA })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(secret)
    for (const token of [`${none}.${payload}.`, `${header}.${payload}.AAAA`, hmac]) {
      expect('user' in (await ask(token))).toBe(false)
    }
  })

  it('reject a token after its exp, and a token for another stream', async () => {
    const token = await sign(google)
    expect(reasonOf(await ask(token))).toBe('admitted accounts.example:7')
    now += 600_000 + 31_000
    expect(await ask(token)).toMatchObject({ refused: 'identity-expired' })
    expect(await ask(await sign(google, { event_id: 'another' }))).toMatchObject({ refused: 'access-denied' })
  })

  it('take the name from name or given_name, never from the email address', async () => {
    const nameOf = async (claims: Record<string, unknown>) => {
      const answer = await ask(await sign(google, { name: undefined, email: 'anna@example.com', ...claims }))
      return 'user' in answer ? answer.user.name : answer.reason
    }
    expect(await nameOf({ given_name: 'Anna' })).toBe('Anna')
    expect(await nameOf({ name: ' ', given_name: 'Anna' })).toBe('Anna')
    expect(await nameOf({})).toBe('')
  })
})

describe('a provider’s keys', () => {
  it('can change without a restart', async () => {
    await ask(await sign(google))
    google.keys = [third]
    now += 60_000
    expect(reasonOf(await ask(await sign(google)))).toBe('admitted accounts.example:7')
    expect(reasonOf(await ask(await sign(google, {}, { key: first })))).not.toMatch(/admitted/)
  })

  it('stay valid while discovery fails for an hour; a new key only makes visitors wait', async () => {
    await ask(await sign(google))
    google.down = true
    for (let minute = 0; minute < 60; minute++) {
      now += 60_000
      expect(reasonOf(await ask(await sign(google))), `minute ${minute}`).toBe('admitted accounts.example:7')
    }
    // the provider has rotated its keys meanwhile
    google.keys = [third]
    expect(await ask(await sign(google))).toMatchObject({
      refused: 'identity-unavailable',
      reason: 'key-unknown',
    })
    expect(reasonOf(await ask(await sign(keycloak)))).toBe('admitted sso.example/realms/school:7')
    google.down = false
    now += 60_000
    expect(reasonOf(await ask(await sign(google)))).toBe('admitted accounts.example:7')
  })

  it('are not loaded from a discovery document of another issuer or by plain http', async () => {
    for (const says of [
      { issuer: 'https://evil.example' },
      { jwks_uri: 'http://accounts.example/keys' },
      { jwks_uri: 7 },
    ]) {
      google.says = says
      expect(await ask(await sign(google))).toMatchObject({ refused: 'identity-unavailable' })
      now += 60_000
    }
    expect(fetches.some((address) => address.startsWith('http:'))).toBe(false)
  })

  it('are not fetched once per visitor', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => sign(google, {}, { key: third })))
    await Promise.all(tokens.map((token) => ask(token)))
    expect(fetches.length).toBeLessThanOrEqual(4)
  })
})
