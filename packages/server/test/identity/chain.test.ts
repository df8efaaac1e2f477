import { describe, expect, it } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import { chainIdentity, type IdentityAnswer, type IdentitySource } from '../../src/identity/identity.js'
import { chainFault } from '../../src/identity/source-kinds.js'
import { openIdentity } from '../../src/identity/open-identity.js'
import jsonwebtoken from 'jsonwebtoken'

const SECRET = 'a-secret-of-thirty-two-bytes-and-more'
const until = { signal: new AbortController().signal }
const guest: IdentitySource = () => Promise.resolve({ user: { id: 'guest-1', name: 'Guest' } })
const call = { header: () => null, address: null, request: null }

describe('a chain', () => {
  it('goes on only where a source doesn’t know the visitor at all', async () => {
    const failures: [IdentityAnswer, boolean][] = [
      [{ refused: 'sign-in-required', reason: 'x' }, true],
      [{ refused: 'sign-in-required', reason: 'x', rejected: true }, false],
      [{ refused: 'identity-expired', reason: 'x' }, false],
      [{ refused: 'identity-unavailable', reason: 'x' }, false],
      [{ refused: 'access-denied', reason: 'x' }, false],
      [{ refused: 'overloaded', reason: 'x' }, false],
      [{ refused: 'name-required', reason: 'x' }, false],
    ]
    for (const [answer, goesOn] of failures) {
      const chain = chainIdentity(() => Promise.resolve(answer), guest)
      expect(await chain(call, 'stream', until)).toEqual(
        goesOn ? { user: { id: 'guest-1', name: 'Guest' } } : answer,
      )
    }
  })

  it('is refused at start where it makes no sense, with what to write instead', () => {
    const wrong: Record<string, string> = {
      'guest,jwt': 'jwt,guest',
      'jwt,oidc': 'oidc,jwt',
      'forward,jwt': 'jwt,forward',
      'forward,link,guest': 'link,forward,guest',
      'jwt,jwt': 'jwt',
    }
    for (const [text, right] of Object.entries(wrong)) {
      expect(chainFault(text.split(',')), text).toMatchObject({ remediation: `Write CHAT_IDENTITY=${right}` })
      expect(() => readServeConfig({ CHAT_EVENTS: 's', CHAT_IDENTITY: text })).toThrow()
    }
    expect(chainFault(['saml'])).not.toBeNull()
    for (const text of [
      'guest',
      'forward,guest',
      'oidc,jwt,hmac,link,telegram,header,forward,guest',
      'hmac,oidc',
    ]) {
      expect(chainFault(text.split(',')), text).toBeNull()
    }
  })
})

describe('a member', () => {
  const config = readServeConfig({
    CHAT_EVENTS: 'stream',
    CHAT_IDENTITY: 'oidc,jwt,hmac,link,telegram,guest',
    CHAT_IDENTITY_SECRET: SECRET,
    CHAT_IDENTITY_COOKIE: 'session',
    CHAT_IDENTITY_OIDC: 'https://id.example=client',
    CHAT_TELEGRAM_BOT_ID: '42',
  })
  const { identify } = openIdentity(config)
  const ask = (headers: Record<string, string>) =>
    identify(
      { header: (name) => headers[name] ?? null, address: null, request: {} as never },
      'stream',
      until,
    )
  const token = (claims: object, options: jsonwebtoken.SignOptions = { expiresIn: 300 }, secret = SECRET) =>
    jsonwebtoken.sign({ aud: 'kinescope-chat', ...claims }, secret, options)

  it('never becomes a guest, whatever is wrong with their credential', async () => {
    const known = { sub: 'u-1', name: 'Ann' }
    const credentials: Record<string, Record<string, string>> = {
      'a forged JWT': { authorization: `Bearer ${token(known, {}, 'another-secret-of-thirty-two-bytes')}` },
      'an expired JWT': { authorization: `Bearer ${token(known, { expiresIn: -3600 })}` },
      'a JWT without sub': { authorization: `Bearer ${token({ name: 'Ann' })}` },
      'an endless JWT': { authorization: `Bearer ${token(known, {})}` },
      'a JWT for another stream': { authorization: `Bearer ${token({ ...known, event_id: 'other' })}` },
      'a JWT with a guest’s id': { authorization: `Bearer ${token({ sub: 'guest-abc', name: 'Ann' })}` },
      'a JWT with a Telegram id': { authorization: `Bearer ${token({ sub: 'telegram:5', name: 'Ann' })}` },
      'an encrypted cookie': { cookie: 'session=a.b.c.d.e' },
      'two cookies': { cookie: `session=${token(known)}; session=x` },
      'an expired cookie': { cookie: `session=${token(known, { expiresIn: -3600 })}` },
      'another issuer': { authorization: `Bearer ${token({ ...known, iss: 'https://other.example' })}x` },
      'a forged hmac': { authorization: 'Bearer hmac.e30.00' },
      'a cut link': { authorization: 'Bearer link.e30.AA' },
      'forged init data': { authorization: 'tma auth_date=1&hash=00' },
      'a forged guest token': { authorization: 'Bearer opaque' },
    }
    for (const [name, headers] of Object.entries(credentials)) {
      const answer = await ask(headers)
      expect(answer, name).toHaveProperty('refused')
    }
    expect(await ask({ authorization: `Bearer ${token(known)}` })).toEqual({
      user: { id: 'u-1', name: 'Ann' },
    })
    expect(await ask({})).toMatchObject({ user: { id: expect.stringMatching(/^guest-/) as string } })
  })
})
