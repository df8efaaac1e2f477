import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { exportJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jwtIdentity, type JwtIdentityOptions } from '../../src/identity/jwt.js'
import { listen } from '../running-server.js'

const SECRET = 'a-secret-of-thirty-two-bytes-and-more'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string

/** A request that never ends. */
const NEVER = { signal: new AbortController().signal }
const AUDIENCE = 'kinescope-chat'

let jwks: Awaited<ReturnType<typeof listen>>
let asked = 0
beforeAll(async () => {
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
  ]
  jwks = await listen((_request, response) => {
    asked++
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys }))
  })
})
afterAll(() => jwks.close())

function ask(
  options: JwtIdentityOptions,
  token: string | null,
  { header = 'bearer', eventId = 'stream' } = {},
) {
  const headers: Record<string, string | null> = {
    authorization: header === 'bearer' && token !== null ? `Bearer ${token}` : null,
    cookie: header === 'cookie' ? `a=1; session=${token}` : null,
  }
  return jwtIdentity(options)(
    { header: (name) => headers[name] ?? null, address: null, request: null },
    eventId,
    NEVER,
  )
}

const hs256 = (claims: object, secret = SECRET, options: jsonwebtoken.SignOptions = { expiresIn: 300 }) =>
  jsonwebtoken.sign(claims, secret, options)
const known = { aud: AUDIENCE, sub: 'u-1', name: 'Ann' }
const withSecret: JwtIdentityOptions = { key: { secret: SECRET } }

describe('an identity token signed with a shared secret', () => {
  it('is accepted in the bearer header or in the configured cookie', async () => {
    expect(await ask(withSecret, hs256(known))).toEqual({ user: { id: 'u-1', name: 'Ann' } })
    const cookie = { ...withSecret, cookie: 'session' }
    expect(await ask(cookie, hs256(known), { header: 'cookie' })).toMatchObject({ user: { id: 'u-1' } })
    expect(await ask(withSecret, hs256(known), { header: 'cookie' })).toMatchObject({
      refused: 'sign-in-required',
    })
  })

  it('is rejected if it is forged, unsigned, without exp, not yet valid, malformed or missing', async () => {
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...known, exp: 9e9 })).toString('base64url')}.`
    const now = Math.floor(Date.now() / 1000)
    const cases: Record<string, string | null> = {
      'another secret': hs256(known, `${SECRET}!`),
      unsigned,
      endless: hs256(known, SECRET, {}),
      'not yet': hs256({ ...known, nbf: now + 120 }),
      HS512: hs256(known, SECRET, { algorithm: 'HS512', expiresIn: 300 }),
      RS256: jsonwebtoken.sign(known, rsa.privateKey, { algorithm: 'RS256', expiresIn: 300 }),
      rubbish: 'abc',
      'three dots': 'a.b.c',
      none: null,
    }
    for (const [name, token] of Object.entries(cases)) {
      expect(await ask(withSecret, token), name).toMatchObject({ refused: 'sign-in-required' })
    }
  })

  it('is accepted if the clocks differ by 20 seconds', async () => {
    const now = Math.floor(Date.now() / 1000)
    expect(await ask(withSecret, hs256({ ...known, exp: now - 20 }, SECRET, {}))).toMatchObject({
      user: { id: 'u-1' },
    })
  })

  it('has its own code if it was valid and has expired', async () => {
    const now = Math.floor(Date.now() / 1000)
    const over = { ...known, iat: now - 3600, exp: now - 60 }
    expect(await ask(withSecret, hs256(over, SECRET, {}))).toMatchObject({ refused: 'identity-expired' })
    const never: Record<string, [string, string]> = {
      'another secret': [hs256(over, `${SECRET}!`, {}), 'sign-in-required'],
      'another audience': [hs256({ ...over, aud: 'x' }, SECRET, {}), 'sign-in-required'],
      'no audience': [hs256({ ...over, aud: undefined }, SECRET, {}), 'sign-in-required'],
      'another stream': [hs256({ ...over, event_id: 'another' }, SECRET, {}), 'access-denied'],
      'no visitor': [hs256({ ...over, sub: '0' }, SECRET, {}), 'sign-in-required'],
      'not yet valid either': [hs256({ ...over, nbf: now + 600 }, SECRET, {}), 'sign-in-required'],
      'ended before it was made': [hs256({ ...over, iat: now - 60 }, SECRET, {}), 'sign-in-required'],
      'the beginning of time': [hs256({ ...over, iat: -1, exp: 0 }, SECRET, {}), 'sign-in-required'],
      unsigned: [`${hs256(over, SECRET, {}).split('.').slice(0, 2).join('.')}.`, 'sign-in-required'],
    }
    for (const [name, [token, refused]] of Object.entries(never)) {
      expect(await ask(withSecret, token), name).toMatchObject({ refused })
    }
  })

  it('can expire a day from now, or as late as configured, and its times are in seconds', async () => {
    const now = Math.floor(Date.now() / 1000)
    const until = async (exp: number, maxAge?: number) => {
      const answer = await ask(
        { ...withSecret, maxAge, now: () => now * 1000 },
        hs256({ ...known, exp }, SECRET, {}),
      )
      return 'user' in answer ? 'user' : answer.reason
    }
    expect(await until(now + 86_460)).toBe('user')
    expect(await until(now + 86_461)).toBe('exp-too-far')
    expect(await until(now + 86_461, 100_000)).toBe('user')
    expect(await until(now + 361, 300)).toBe('exp-too-far')
    expect(await until(now + 3600.5)).toBe('user')
    expect(await until((now + 3600) * 1000)).toBe('exp-in-milliseconds')
    expect(await until((now + 3600) * 1e6)).toBe('exp-in-milliseconds')
    expect(await until(9e15)).toBe('exp-in-milliseconds')
  })

  it.each(['opaque', 'a.b', 'a.b.c', 'a.b.c.d', 'bm8.bm8.bm8', 'WzFd.e30.AAAA'])(
    'is rejected as no JWT, with every kind of key: %s',
    async (text) => {
      const audience = AUDIENCE
      for (const key of [{ secret: SECRET }, { publicKey: pem(rsa.publicKey) }, { jwksUrl: jwks.url }]) {
        expect(await ask({ key, audience, cookie: 'session' }, text, { header: 'cookie' })).toMatchObject({
          refused: 'sign-in-required',
          reason: 'identity-token-malformed',
        })
      }
    },
  )

  it('is read in time that grows no faster than the number of cookies', async () => {
    const cookies = Array.from({ length: 5000 }, (_, index) => `session.${index}=a`).join('; ')
    const identify = jwtIdentity({ ...withSecret, cookie: 'session' })
    const header = (name: string) => (name === 'cookie' ? cookies : null)
    const begun = performance.now()
    await identify({ header, address: null, request: null }, 'stream', NEVER)
    expect(performance.now() - begun).toBeLessThan(500)
  })

  it('is rejected with its own reason if the cookie is encrypted or occurs twice', async () => {
    const jwe = ['e30', '', 'aXY', 'Y2lwaGVy', 'dGFn'].join('.')
    const cookie = { ...withSecret, cookie: 'session' }
    const answerTo = (header: string) =>
      jwtIdentity(cookie)(
        { header: (name) => (name === 'cookie' ? header : null), address: null, request: null },
        'stream',
        NEVER,
      )
    const cases: [string, string, RegExp | null][] = [
      [`session=${jwe}`, 'identity-token-encrypted', /cookie session .* encrypted .* Auth\.js/],
      [`session=${hs256(known)}; session=x`, 'identity-cookie-twice', /two different cookies named session/],
      ['session=', 'no-identity-token', null],
      ['other=1', 'no-identity-token', null],
      [
        `session.0=${jwe.slice(0, 8)}; session.1=${jwe.slice(8)}`,
        'identity-token-encrypted',
        /cookie session/,
      ],
      ['session.0=a; session.1=b; session.1=c', 'identity-cookie-twice', /cookies named session/],
      ['session.0=a; session.0=b; session.1=c', 'identity-cookie-twice', /cookies named session/],
      ...['rubbish', 'abc--def', 's%3Aabc.def', 'eyJ1c2VyIjoxfQ.ZxYz.c2ln', 'Fe26.2*1*a*b*c*~2'].map(
        (value): [string, string, RegExp] => [`session=${value}`, 'identity-token-malformed', /not a JWT/],
      ),
      [`session=${hs256(known, `${SECRET} of another site`)}`, 'identity-token-rejected', null],
    ]
    for (const [header, reason, detail] of cases) {
      const answer = await answerTo(header)
      expect(answer, header).toMatchObject({ refused: 'sign-in-required', reason })
      if (detail) expect('detail' in answer && answer.detail).toMatch(detail)
    }
    const [first, rest] = [hs256(known).slice(0, 40), hs256(known).slice(40)]
    expect(await answerTo(`session.1=${rest}; session.0=${first}`)).toMatchObject({ user: { id: 'u-1' } })
    expect(await answerTo(`session=${hs256(known)}; a=1; session=${hs256(known)}`)).toMatchObject({
      user: { id: 'u-1' },
    })
    // parts of another site's session beside the whole cookie
    expect(await answerTo(`session=${hs256(known)}; session.0=a; session.1=b; session.1=c`)).toMatchObject({
      user: { id: 'u-1' },
    })
    expect(await ask(withSecret, jwe)).toMatchObject({ reason: 'identity-token-encrypted', rejected: true })
  })

  it('is rejected if it is too long or has a long crit header', async () => {
    const crit = { alg: 'HS256', crit: ['x'.repeat(11_000)], ['x'.repeat(11_000)]: 1 }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const long = `${part(crit)}.${part(known)}.AAAA`
    expect(await ask(withSecret, long)).toMatchObject({
      refused: 'sign-in-required',
      reason: 'identity-token-too-long',
    })
    const short = `${part({ ...crit, crit: ['y'.repeat(2000)] }).slice(0, 7000)}.${part(known)}.AAAA`
    expect(await ask(withSecret, short)).toMatchObject({ refused: 'sign-in-required' })
  })

  it('is for one stream if it names one', async () => {
    const token = hs256({ ...known, event_id: 'stream' })
    expect(await ask(withSecret, token)).toMatchObject({ user: { id: 'u-1' } })
    expect(await ask(withSecret, token, { eventId: 'another' })).toMatchObject({
      refused: 'access-denied',
    })
  })

  it('must have the configured issuer and audience', async () => {
    const strict = { ...withSecret, issuer: 'https://www.example.com', audience: 'kinescope-chat' }
    const right = { ...known, iss: 'https://www.example.com', aud: 'kinescope-chat' }
    expect(await ask(strict, hs256(right))).toMatchObject({ user: { id: 'u-1' } })
    expect(await ask(strict, hs256({ ...right, iss: 'https://evil.test' }))).toMatchObject({
      refused: 'sign-in-required',
    })
    expect(await ask(strict, hs256({ ...right, aud: 'something-else' }))).toMatchObject({
      refused: 'sign-in-required',
    })
    expect(await ask(strict, hs256(known))).toMatchObject({ refused: 'sign-in-required' })
    const { aud: _aud, ...unaddressed } = known
    expect(await ask(withSecret, hs256(unaddressed))).toMatchObject({ refused: 'sign-in-required' })
    expect(await ask(withSecret, hs256({ ...known, aud: ['x', AUDIENCE] }))).toMatchObject({
      user: { id: 'u-1' },
    })
  })

  it('is read by the configured fields', async () => {
    const options = { ...withSecret, idField: 'user.id', nameField: 'https://example.com/name' }
    const token = hs256({ aud: AUDIENCE, user: { id: 7 }, 'https://example.com/name': 'Жанна' })
    expect(await ask(options, token)).toEqual({ user: { id: '7', name: 'Жанна' } })
  })

  it('identifies no visitor without an id', async () => {
    expect(await ask(withSecret, hs256({ aud: AUDIENCE, name: 'Ann' }))).toMatchObject({
      refused: 'sign-in-required',
      reason: 'no-id',
    })
  })
})

describe('an identity token signed with a private key', () => {
  const sign = (key: KeyObject, algorithm: jsonwebtoken.Algorithm) =>
    jsonwebtoken.sign(known, key, { algorithm, expiresIn: 300 })

  it('is verified with the configured public key, PEM or JWK', async () => {
    const jwk = JSON.stringify(rsa.publicKey.export({ format: 'jwk' }))
    for (const publicKey of [pem(rsa.publicKey), pem(rsa.publicKey).replaceAll('\n', '\\n'), jwk]) {
      expect(
        await ask({ key: { publicKey }, audience: AUDIENCE }, sign(rsa.privateKey, 'RS256')),
      ).toMatchObject({
        user: { id: 'u-1' },
      })
    }
    expect(
      await ask({ key: { publicKey: pem(ec.publicKey) }, audience: AUDIENCE }, sign(ec.privateKey, 'ES256')),
    ).toMatchObject({
      user: { id: 'u-1' },
    })
  })

  it('can’t be forged with the public key as a secret, another key or another algorithm', async () => {
    const options = { key: { publicKey: pem(rsa.publicKey) }, audience: AUDIENCE }
    const forged = await new SignJWT(known)
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(pem(rsa.publicKey)))
    for (const token of [forged, sign(other.privateKey, 'RS256'), sign(ec.privateKey, 'ES256')]) {
      expect(await ask(options, token)).toMatchObject({ refused: 'sign-in-required' })
    }
  })
})

describe('an identity token verified by a key set', () => {
  const sign = (key: KeyObject, alg: string, kid: string) =>
    new SignJWT(known).setProtectedHeader({ alg, kid }).setExpirationTime('5m').sign(key)

  it('selects the key by its id, and the set is requested once', async () => {
    const identify = jwtIdentity({ key: { jwksUrl: jwks.url }, audience: AUDIENCE })
    const askOnce = (token: string) =>
      identify(
        {
          header: (name) => (name === 'authorization' ? `Bearer ${token}` : null),
          address: null,
          request: null,
        },
        'stream',
        NEVER,
      )
    const before = asked
    expect(await askOnce(await sign(rsa.privateKey, 'RS256', 'rsa'))).toMatchObject({ user: { id: 'u-1' } })
    expect(await askOnce(await sign(ec.privateKey, 'ES256', 'ec'))).toMatchObject({ user: { id: 'u-1' } })
    expect(await askOnce(await sign(other.privateKey, 'RS256', 'rsa'))).toMatchObject({
      refused: 'sign-in-required',
    })
    expect(asked - before).toBe(1)
  })

  it('needs an audience, since a key set signs for other recipients too', () => {
    expect(() => jwtIdentity({ key: { jwksUrl: jwks.url } })).toThrow(TypeError)
    expect(() => jwtIdentity({ key: { publicKey: pem(rsa.publicKey) } })).toThrow(TypeError)
  })

  it('is unavailable if the key set is too large', async () => {
    const endless = await listen((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    const token = await sign(rsa.privateKey, 'RS256', 'rsa')
    const options = { key: { jwksUrl: endless.url }, audience: AUDIENCE }
    expect(await ask(options, token)).toMatchObject({
      refused: 'identity-unavailable',
      reason: 'key-set',
    })
    await endless.close()
  })

  it('is unavailable, not rejected, while the set can’t be loaded', async () => {
    const token = await sign(rsa.privateKey, 'RS256', 'rsa')
    expect(
      await ask({ key: { jwksUrl: 'http://127.0.0.1:1/jwks.json' }, audience: AUDIENCE }, token),
    ).toMatchObject({
      refused: 'identity-unavailable',
    })
  })
})
