import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCookie } from '../../src/identity/credentials.js'
import { GUEST_COOKIE, guestIdentity, guests as guestSource } from '../../src/identity/guest.js'
import {
  base64url,
  identityFromCode,
  pseudonymWith,
  readField,
  userFrom,
  type IdentityCall,
} from '../../src/identity/identity.js'

const SECRET = 'a-secret-of-thirty-two-bytes-and-more'
/** A request that never ends. */
const NEVER = { signal: new AbortController().signal }
const call = (headers: Record<string, string> = {}): IdentityCall => ({
  header: (name) => headers[name] ?? null,
  address: '192.0.2.1',
  request: null,
})

describe('a field', () => {
  it('is found by a dotted path, or by its exact name if the name contains dots', () => {
    const claims = { data: { user: { id: 7 } }, 'https://example.com/name': 'Ann', 'a.b': 1, a: { b: 2 } }
    expect(readField(claims, 'data.user.id')).toBe(7)
    expect(readField(claims, 'https://example.com/name')).toBe('Ann')
    expect(readField(claims, 'a.b')).toBe(1)
    expect(readField(claims, 'data.nobody.id')).toBeUndefined()
    expect(readField('text', 'length')).toBeUndefined()
    expect(readField(null, 'id')).toBeUndefined()
  })

  it('is never an inherited property', () => {
    for (const path of ['constructor', '__proto__', 'constructor.name', 'toString']) {
      expect(readField({}, path)).toBeUndefined()
    }
  })
})

describe('a user', () => {
  it('needs an id: a text or a whole number', () => {
    expect(userFrom('u', 'Ann')).toEqual({ user: { id: 'u', name: 'Ann' } })
    expect(userFrom(7, 'Seven')).toEqual({ user: { id: '7', name: 'Seven' } })
    expect(userFrom(2n ** 60n, 'B')).toEqual({ user: { id: String(2n ** 60n), name: 'B' } })
    const invalidIds = [
      undefined,
      null,
      false,
      '',
      0,
      -0,
      0n,
      '0',
      ' ',
      '\u3164',
      '\u2800 ',
      '\u200b',
      'a\u0000b',
      'a\n',
      '\u0085',
      'a\u2028',
      '\ud800',
    ]
    for (const none of invalidIds) expect(userFrom(none, 'x')).toMatchObject({ refused: 'sign-in-required' })
    for (const odd of [{}, [], true, 1.5, Number.NaN, 'x'.repeat(257)]) {
      expect(userFrom(odd, 'x')).toMatchObject({ refused: 'identity-unavailable' })
    }
  })

  it('can have no name', () => {
    expect(userFrom('u', undefined)).toEqual({ user: { id: 'u', name: '' } })
    expect(userFrom('u', { first: 'Ann' })).toEqual({ user: { id: 'u', name: '' } })
  })
})

describe('authenticate in code', () => {
  it('can respond at once or later, return no visitor, or fail', async () => {
    const answer = (authenticate: () => unknown) =>
      identityFromCode(authenticate as () => null)(call(), 'stream', NEVER)
    expect(await answer(() => ({ id: 'u', name: 'Ann' }))).toMatchObject({ user: { id: 'u' } })
    expect(await answer(() => Promise.resolve({ id: 'u', name: 'Ann' }))).toMatchObject({ user: { id: 'u' } })
    expect(await answer(() => null)).toMatchObject({ refused: 'sign-in-required' })
    expect(await answer(() => undefined)).toMatchObject({ refused: 'sign-in-required' })
    expect(await answer(() => Promise.reject(new Error('x')))).toMatchObject({
      refused: 'identity-unavailable',
    })
    expect(
      await answer(() => {
        throw new Error('x')
      }),
    ).toMatchObject({ refused: 'identity-unavailable' })
  })
})

describe('a pseudonym', () => {
  it('is the same for one person, differs for another person or secret, and hides the id', async () => {
    const hide = pseudonymWith(SECRET)
    expect(await hide('ann@example.com')).toBe(await hide('ann@example.com'))
    expect(await hide('ann@example.com')).not.toBe(await hide('bob@example.com'))
    expect(await pseudonymWith(`${SECRET}2`)('ann@example.com')).not.toBe(await hide('ann@example.com'))
    expect(await hide('ann@example.com')).toMatch(/^[\w-]{22}$/)
  })

  it('is encoded as in RFC 4648', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(base64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
  })
})

describe('a cookie', () => {
  it('is read by its exact name, and ignored if two cookies have the name and different values', () => {
    const one = (value: string | null) => ({ value, ambiguous: false })
    expect(readCookie('a=1; sid=x.y=z; b=2', 'sid')).toEqual(one('x.y=z'))
    expect(readCookie('sid="quoted"', 'sid')).toEqual(one('quoted'))
    expect(readCookie('xsid=1; sid2=2', 'sid')).toEqual(one(null))
    expect(readCookie('sid=1; sid=2', 'sid')).toEqual({ value: null, ambiguous: true })
    expect(readCookie('sid=1; sid=1', 'sid')).toEqual(one('1'))
    expect(readCookie(null, 'sid')).toEqual(one(null))
  })
})

describe('a guest', () => {
  const guests = guestIdentity({ secret: SECRET })

  it('gets a number and a cookie that no other host can set, and keeps the number with it', async () => {
    const first = await guests(call(), 'stream', NEVER)
    if (!('user' in first) || !first.setCookie) throw new Error('no guest')
    expect(first.setCookie).toMatch(/^__Host-/)
    for (const attribute of ['Secure', 'HttpOnly', 'Path=/', 'SameSite=None', 'Partitioned']) {
      expect(first.setCookie.split('; ')).toContain(attribute)
    }
    expect(first.setCookie).not.toContain('Domain')
    const cookie = first.setCookie.split(';')[0]!
    const again = await guests(call({ cookie: `other=1; ${cookie}` }), 'stream', NEVER)
    expect(again).toEqual({ user: first.user })
    expect(first.user.name).toMatch(/^Guest \d{4} \d{4} \d{4}$/)
  })

  it('stays the same guest with two cookies, as a browser that learned partitions keeps them', async () => {
    const cookie = (answer: object) => ('setCookie' in answer ? String(answer.setCookie) : '').split(';')[0]!
    const numbered = [await guests(call(), 'stream', NEVER), await guests(call(), 'stream', NEVER)]
    const again = await guests(call({ cookie: numbered.map(cookie).join('; ') }), 'stream', NEVER)
    expect(again).toEqual({ user: 'user' in numbered[0]! && numbered[0].user })
    const asking = guestSource({ secret: SECRET, names: 'ask' })
    const named = [await asking.register(call(), 'Ann'), await asking.register(call(), 'Bob')]
    const both = [`${GUEST_COOKIE}=forged`, ...named.map(cookie)].join('; ')
    const answer = await asking.identify(call({ cookie: both }), 'stream', NEVER)
    expect(answer).toMatchObject({ user: { name: 'Ann · guest' } })
  })

  it('can’t be forged', async () => {
    const first = await guests(call(), 'stream', NEVER)
    if (!('user' in first) || !first.setCookie) throw new Error('no guest')
    const [, , mark] = /=([\w-]+)\.([\w-]+);/.exec(first.setCookie)!
    for (const value of [`victim.${mark}`, 'victim', 'victim.', `.${mark}`, '']) {
      const answer = await guests(call({ cookie: `__Host-kinescope-chat-guest=${value}` }), 'stream', NEVER)
      expect(answer).toMatchObject({ setCookie: expect.any(String) as string })
      expect('user' in answer && answer.user.id).not.toBe('guest-victim')
    }
  })
})
