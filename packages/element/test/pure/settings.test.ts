import { describe, expect, it } from 'vitest'
import { readSettings, startsNewSession } from '../../src/settings.js'

const SERVER = 'https://chat.example.com'
const PAGE = {
  baseUrl: 'https://site.example/lesson/1',
  hostname: 'site.example',
  origin: 'https://site.example',
}
const defaults = { tokenUrl: `${SERVER}/token`, identity: 'a.b.c' }
const read = (requested: object, given: object = defaults, byCode = false) =>
  readSettings(requested, given, PAGE, byCode)

describe('a page’s settings', () => {
  it.each([
    ['OMIT', 'omit'],
    [' same-origin\n', 'same-origin'],
    ['“Include”', 'include'],
    ['never', 'include'],
    [undefined, 'include'],
    [7, 'include'],
  ])('are read in any case and quotes: credentials %j', (credentials, meant) => {
    expect(read({ credentials }).credentials).toBe(meant)
  })

  it('hold a new token with refresh="hold", in any case', () => {
    for (const refresh of ['hold', 'HOLD', ' Hold ', '«hold»']) expect(read({ refresh }).hold).toBe(true)
    for (const refresh of ['swap', '', 'holding', true]) expect(read({ refresh }).hold).toBe(false)
  })

  it('send the page’s identity token to the page’s own token server only', () => {
    for (const tokenUrl of [undefined, `${SERVER}/other`, ' "https://CHAT.example.com:443/token" '])
      expect(read({ tokenUrl }).identity).toBe('a.b.c')
    const elsewhere = [
      'https://evil.example/token',
      '/token',
      'http://chat.example.com/token',
      `${SERVER}:8443/token`,
      `${SERVER}.evil.example/token`,
      `${SERVER}@evil.example/token`,
      '//evil.example/token',
      'javascript:alert(1)',
    ]
    for (const tokenUrl of elsewhere) expect(read({ tokenUrl }).identity).toBe(undefined)
    // without a known token server of the page, no server receives the identity token
    for (const tokenUrl of elsewhere.slice(0, 2))
      expect(read({ tokenUrl }, { identity: 'a.b.c' }).identity).toBe(undefined)
    expect(read({ tokenUrl: elsewhere[0], identity: 'own' }).identity).toBe('own')
  })

  it('send a simple request only to the server beside the script, on another origin', () => {
    const beside = { scriptTokenUrl: `${SERVER}/token` }
    expect(read({}, beside)).toMatchObject({ tokenUrl: `${SERVER}/token`, simple: true })
    expect(read({ tokenUrl: `${SERVER}/token` }, beside).simple).toBe(false)
    expect(read({}, { ...beside, tokenUrl: `${SERVER}/own` })).toMatchObject({
      tokenUrl: `${SERVER}/own`,
      simple: false,
    })
    expect(read({}, { scriptTokenUrl: 'https://site.example/chat/token' }).simple).toBe(false)
    expect(read({}, {})).toMatchObject({ tokenUrl: undefined, simple: false })
  })

  it('enable reports only if the page asks for them, beside the token endpoint by default', () => {
    const beside = { scriptTokenUrl: `${SERVER}/chat/token` }
    expect(read({}, beside).reportUrl).toBe(undefined)
    expect(read({}, { ...beside, report: '' }).reportUrl).toBe(`${SERVER}/chat/report`)
    expect(read({}, { ...beside, report: '/seen' }).reportUrl).toBe(`${SERVER}/seen`)
    expect(read({}, { ...beside, report: 'javascript:x' }).reportUrl).toBe(undefined)
  })

  it('send no header that a browser would reject', () => {
    for (const identity of ['a b', 'a\nb', 'é', {}, 7n, ''])
      expect(read({ identity }, {}).identity).toBe(identity === 7n ? '7' : undefined)
  })

  it('allow an attribute to name listed chat origins only, and code to name any', () => {
    const staging = 'https://staging.kinescope.io'
    const listed = { ...defaults, chatOrigin: `${staging} https://kinescope.io` }
    expect(read({}, listed).chatOrigin).toBe(staging)
    expect(read({ chatOrigin: 'https://kinescope.io' }, listed).chatOrigin).toBe('https://kinescope.io')
    const commas = { ...defaults, chatOrigin: `${staging}, https://kinescope.io` }
    expect(read({}, commas).chatOrigin).toBe(staging)
    expect(read({ chatOrigin: 'https://kinescope.io' }, commas).chatOrigin).toBe('https://kinescope.io')
    const evil = read({ chatOrigin: 'https://evil.example' }, listed)
    expect(evil).toMatchObject({ chatOrigin: staging, ignoredOrigin: 'https://evil.example' })
    expect(read({ chatOrigin: 'https://evil.example' }, listed, true).chatOrigin).toBe('https://evil.example')
    for (const chatOrigin of [
      `${staging}.evil.example`,
      `${staging}@evil.example`,
      'http://kinescope.io',
      'data:text/html,x',
      '*',
    ])
      expect(read({ chatOrigin }, listed).chatOrigin).toBe(staging)
  })
})

describe('a new identity token', () => {
  const jwt = (claims: object, signature: string) =>
    `${btoa('{"alg":"HS256"}')}.${btoa(JSON.stringify(claims))}.${signature}`.replaceAll('=', '')
  const isNew = (before: string, after: string) =>
    startsNewSession(read({ identity: before }), read({ identity: after }))

  it.each([
    ['of the same sub', { sub: 7, exp: 1 }, { sub: 7, exp: 2, name: 'B' }],
    ['without a sub', { user_id: 7, exp: 1, iat: 1, nbf: 1, jti: 'a' }, { user_id: 7, exp: 2, jti: 'b' }],
    ['with the claims in another order', { user_id: 7, aud: 'a', exp: 1 }, { exp: 2, aud: 'a', user_id: 7 }],
    ['with a sub of null', { sub: null, user_id: 7, exp: 1 }, { sub: null, user_id: 7, exp: 2 }],
    ['with an empty sub', { sub: '', user: { id: 7 }, exp: 1 }, { sub: '', user: { id: 7 }, exp: 2 }],
  ])('keeps the chat: %s', (_, before, after) => expect(isNew(jwt(before, 'a'), jwt(after, 'b'))).toBe(false))

  it.each([
    ['of another sub', { sub: 7 }, { sub: 8 }],
    ['of another issuer', { iss: 'a', sub: 7 }, { iss: 'b', sub: 7 }],
    ['of another visitor, without a sub', { user_id: 7 }, { user_id: 8 }],
    ['of another visitor, with a sub of null', { sub: null, user_id: 7 }, { sub: null, user_id: 8 }],
    ['of another visitor, with an empty sub', { sub: '', user: { id: 7 } }, { sub: '', user: { id: 8 } }],
    ['whose sub is an object', { sub: { id: 7 } }, { sub: { id: 8 } }],
    ['whose claims have changed places', { user_id: 7, room: 8 }, { user_id: 8, room: 7 }],
  ])('starts another session: %s', (_, before, after) =>
    expect(isNew(jwt(before, 'a'), jwt(after, 'b'))).toBe(true),
  )

  it('starts another session without readable claims', () => expect(isNew('link.a.b', 'link.c.b')).toBe(true))
})
