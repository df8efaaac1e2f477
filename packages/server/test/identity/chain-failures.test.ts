import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import jsonwebtoken from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import { guests } from '../../src/identity/guest.js'
import type { IdentityAnswer } from '../../src/identity/identity.js'
import { revokeLinks } from '../../src/identity/link-files.js'
import { linkSigner, type LinkClaims } from '../../src/identity/link.js'
import { openIdentity } from '../../src/identity/open-identity.js'
import { chainFault, SOURCE_KINDS, type SourceKind } from '../../src/identity/source-kinds.js'
import { listen } from '../running-server.js'

const SECRET = randomUUID() + randomUUID()
const OTHER_SECRET = randomUUID() + randomUUID()
const BOT = `42:${randomUUID()}`
const STREAM = 'stream'
const PROXY = '10.0.0.1'
const nowS = Math.floor(Date.now() / 1000)
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const dir = mkdtempSync(join(tmpdir(), 'kinescope-chat-chain-'))

/** A visitor's request. */
interface Call {
  bearer?: string
  cookie?: string
  scheme?: 'tma'
  /** The headers of a proxy as separate values, and the proxy's address. */
  headers?: Record<string, string[]>
  peer?: string
}
type Row = [what: string, call: Call | (() => Call | Promise<Call>), settings?: Record<string, string>]

/** The site's responses. The cookie selects the one of `/me`, the path those of `/keys/…` and `/issuer/…`. */
const ANSWERS: Record<string, [status: number, type: string, body: string]> = {
  good: [200, 'application/json', '{"id":"member","name":"Ann"}'],
  error: [500, 'application/json', '{}'],
  'bad-gateway': [502, 'text/html', '<h1>Bad gateway</h1>'],
  page: [200, 'text/html', '<!doctype html><title>Sign in</title>'],
  challenge: [403, 'text/html', '<!doctype html><title>Checking your browser</title>'],
  'page-401': [401, 'text/html', '<!doctype html><title>Proxy</title>'],
  moved: [301, 'text/plain', ''],
  'moved-for-good': [308, 'text/plain', ''],
  'too-many': [429, 'application/json', '{}'],
  banned: [403, 'application/json', '{}'],
  text: [200, 'text/plain', 'Ann'],
  list: [200, 'application/json', '[{"id":"member"}]'],
  'no-id': [200, 'application/json', '{"name":"Ann"}'],
  'id-object': [200, 'application/json', '{"id":{"value":"member"},"name":"Ann"}'],
  'id-odd': [200, 'application/json', '{"id":"mem\\u0000ber","name":"Ann"}'],
  endless: [200, 'application/json', `{"id":"member","name":"${'x'.repeat(300_000)}"}`],
  'other-source': [200, 'application/json', '{"id":"guest-1","name":"Ann"}'],
}
let site: Awaited<ReturnType<typeof listen>>
let gone: string
beforeAll(async () => {
  site = await listen(({ url = '', headers }, response) => {
    const [, folder, mode = ''] = url.split('/')
    const jwk = { ...key.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }
    const send = (body: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (url.endsWith('/.well-known/openid-configuration')) {
      const issuer = `${site.url}/issuer/${mode}`
      if (mode === 'down') return void response.writeHead(503).end()
      return void send({
        issuer: mode === 'other' ? `${issuer}/x` : issuer,
        jwks_uri: `${site.url}/keys/${mode}`,
      })
    }
    if (folder === 'keys') {
      if (mode === 'error') return void response.writeHead(500).end()
      if (mode === 'page') return void response.end('<!doctype html><title>Keys</title>')
      return void send({ keys: mode === 'empty' ? [] : [jwk] })
    }
    const asked = /sid=([\w-]+)/.exec(headers.cookie ?? '')?.[1] ?? ''
    if (asked === 'hang') return
    if (asked === 'drop') return void response.destroy()
    const [status, type, body] = ANSWERS[asked] ?? [401, 'application/json', '{}']
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  const closed = await listen(() => undefined)
  gone = closed.url
  await closed.close()
})
afterAll(async () => {
  await site.close()
  rmSync(dir, { recursive: true, force: true })
})

const member = { sub: 'member', name: 'Ann' }
/** The claims without the undefined ones. */
const present = (claims: object) => JSON.parse(JSON.stringify(claims)) as object
const jwt = (claims: object, secret = SECRET) =>
  jsonwebtoken.sign(present({ aud: 'kinescope-chat', exp: nowS + 300, ...claims }), secret, {
    noTimestamp: true,
  })
const bearer = (text: string): Call => ({ bearer: text })

function idToken(claims: object, { mode = 'good', signer = key, header = {} } = {}): Call {
  const payload = {
    iss: `${site.url}/issuer/${mode}`,
    aud: 'client',
    iat: nowS,
    exp: nowS + 300,
    ...member,
    ...claims,
  }
  const options = { algorithm: 'ES256', keyid: 'k', header: { alg: 'ES256', ...header } } as const
  return bearer(jsonwebtoken.sign(present(payload), signer.privateKey, options))
}

function hmac(claims: object, secret = SECRET): string {
  const payload = Buffer.from(
    JSON.stringify({ exp: nowS + 300, event_id: STREAM, ...member, ...claims }),
  ).toString('base64url')
  return `hmac.${payload}.${createHmac('sha256', secret).update(payload).digest('hex')}`
}

/** A personal link's token, as a browser sends it. */
async function link(claims: Partial<LinkClaims> = {}, { secret = SECRET, device = 'a'.repeat(22) } = {}) {
  const token = await linkSigner(secret)({
    id: randomUUID(),
    event_id: STREAM,
    exp: nowS + 300,
    ...member,
    ...claims,
  })
  return device ? `${token}.${device}` : token
}

function initData(fields: Record<string, string> = {}, botToken = BOT): URLSearchParams {
  const user = JSON.stringify({ id: 7, first_name: 'Ann' })
  const all = Object.entries({ auth_date: `${nowS}`, user, ...fields }).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = all.map(([name, value]) => `${name}=${value}`).join('\n')
  const secret = createHmac('sha256', 'WebAppData').update(botToken).digest()
  return new URLSearchParams([...all, ['hash', createHmac('sha256', secret).update(text).digest('hex')]])
}
const tma = (data: URLSearchParams | string): Call => ({ bearer: String(data), scheme: 'tma' })
const cookie = (mode: string): Row => [mode, { cookie: `sid=${mode}` }]
const proxied = (ids: string[], names: string[], peer = PROXY): Call => ({
  headers: { 'x-user': ids, 'x-name': names },
  peer,
})

/** For each source, a credential that it accepts, and every possible failure. */
const SOURCES: Record<Exclude<SourceKind, 'guest'>, { good: () => Call | Promise<Call>; failures: Row[] }> = {
  forward: {
    good: () => ({ cookie: 'sid=good' }),
    failures: [
      ...Object.keys(ANSWERS)
        .filter((mode) => mode !== 'good')
        .map(cookie),
      cookie('hang'),
      cookie('drop'),
      ['a site that is away', { cookie: 'sid=good' }, { CHAT_IDENTITY_URL: 'gone' }],
    ],
  },
  jwt: {
    good: () => bearer(jwt(member)),
    failures: [
      ['forged', bearer(jwt(member, OTHER_SECRET))],
      ['without signature', bearer(`${jwt(member).split('.').slice(0, 2).join('.')}.`)],
      ['expired', bearer(jwt({ ...member, exp: nowS - 3600 }))],
      ['not valid yet', bearer(jwt({ ...member, nbf: nowS + 3600 }))],
      ['without exp', bearer(jwt({ ...member, exp: undefined }))],
      ['exp in milliseconds', bearer(jwt({ ...member, exp: nowS * 1000 }))],
      ['for another audience', bearer(jwt({ ...member, aud: 'shop' }))],
      ['for another stream', bearer(jwt({ ...member, event_id: 'another' }))],
      ['without sub', bearer(jwt({ name: 'Ann' }))],
      ['with a guest’s id', bearer(jwt({ ...member, sub: 'guest-1' }))],
      ['in a cookie, expired', { cookie: `session=${jwt({ ...member, exp: nowS - 3600 })}` }],
      ['in a cookie, encrypted', { cookie: 'session=a.b.c.d.e' }],
      ['in two cookies', { cookie: `session=${jwt(member)}; session=${jwt({ ...member, sub: 'u-2' })}` }],
      ['too long', bearer(jwt({ ...member, more: 'x'.repeat(9000) }))],
      ...['error', 'page', 'empty', 'good'].map((mode): Row => [
        `whose key isn’t in the set: ${mode}`,
        bearer(
          jsonwebtoken.sign({ aud: 'a', ...member }, otherKey.privateKey, {
            algorithm: 'ES256',
            keyid: mode,
            expiresIn: 300,
          }),
        ),
        { CHAT_IDENTITY_JWKS_URL: `/keys/${mode}`, CHAT_IDENTITY_AUDIENCE: 'a' },
      ]),
    ],
  },
  oidc: {
    good: () => idToken({}),
    failures: [
      ['of another key', () => idToken({}, { signer: otherKey })],
      ['of another client', () => idToken({ aud: 'another' })],
      ['of several clients without azp', () => idToken({ aud: ['client', 'another'] })],
      ['authorized for another client', () => idToken({ azp: 'another' })],
      ['of an unlisted issuer', () => idToken({ iss: `${site.url}/issuer/unlisted` })],
      ['expired', () => idToken({ exp: nowS - 3600, iat: nowS - 7200 })],
      ['without sub', () => idToken({ sub: undefined })],
      ['that is an access token', () => idToken({}, { header: { typ: 'at+jwt' } })],
      ['for another stream', () => idToken({ event_id: 'another' })],
      ...['down', 'other', 'error', 'page', 'empty'].map((mode): Row => [
        `of a provider in trouble: ${mode}`,
        () => idToken({}, { mode }),
        { CHAT_IDENTITY_OIDC: `/issuer/${mode}=client` },
      ]),
    ],
  },
  hmac: {
    good: () => bearer(hmac({})),
    failures: [
      ['forged', bearer(hmac({}, OTHER_SECRET))],
      ['cut', bearer(hmac({}).slice(0, -4))],
      ['without MAC', bearer('hmac.e30.')],
      ['expired', bearer(hmac({ exp: nowS - 3600 }))],
      ['without exp', bearer(hmac({ exp: undefined }))],
      ['exp too far', bearer(hmac({ exp: nowS + 400 * 86_400 }))],
      ['for another stream', bearer(hmac({ event_id: 'another' }))],
      ['for no stream', bearer(hmac({ event_id: undefined }))],
      ['without sub', bearer(hmac({ sub: undefined }))],
      ['sub 0', bearer(hmac({ sub: 0 }))],
      ['too long', bearer(hmac({ name: 'x'.repeat(9000) }))],
    ],
  },
  link: {
    good: async () => bearer(await link()),
    failures: [
      ['forged', async () => bearer(await link({}, { secret: OTHER_SECRET }))],
      ['cut', async () => bearer((await link()).slice(0, -30))],
      ['to its first word', bearer('link.')],
      ['expired', async () => bearer(await link({ exp: nowS - 60 }))],
      ['for another stream', async () => bearer(await link({ event_id: 'another' }))],
      ['for one browser, without its id', async () => bearer(await link({ devices: 1 }, { device: '' }))],
      ['without sub', async () => bearer(await link({ sub: '' }))],
      [
        'revoked',
        async () => {
          const id = randomUUID()
          await revokeLinks(dir, [id])
          return bearer(await link({ id }))
        },
      ],
    ],
  },
  telegram: {
    good: () => tma(initData()),
    failures: [
      ['of another bot', tma(initData({}, `43:${randomUUID()}`))],
      ['older than a day', tma(initData({ auth_date: `${nowS - 90_000}` }))],
      ['of tomorrow', tma(initData({ auth_date: `${nowS + 90_000}` }))],
      ['without a user', tma(initData({ user: '' }))],
      ['with another user', tma(`${String(initData()).replace(/user=[^&]*/, 'user=%7B%22id%22%3A8%7D')}`)],
      ['with a field twice', tma(`${String(initData())}&auth_date=${nowS}`)],
      ['without hash', tma(`auth_date=${nowS}`)],
      ['as a bearer token, changed', bearer(`${String(initData())}0`)],
      ['empty', tma('x')],
    ],
  },
  header: {
    good: () => proxied(['member'], ['Ann']),
    failures: [
      ['from another address', proxied(['member'], ['Ann'], '192.0.2.1')],
      ['id twice', proxied(['member', 'victim'], ['Ann'])],
      ['name twice', proxied(['member'], ['Ann', 'Eve'])],
      ['name without id', proxied([], ['Ann'])],
      ['with a guest’s id', proxied(['guest-1'], ['Ann'])],
    ],
  },
}

function settingsOf(more: Record<string, string> = {}): Record<string, string> {
  const local = Object.entries(more).map(([name, value]) => [
    name,
    value === 'gone' ? `${gone}/me` : value.startsWith('/') ? site.url + value : value,
  ])
  return {
    CHAT_EVENTS: STREAM,
    CHAT_LINK_DIR: dir,
    CHAT_IDENTITY_URL: `${site.url}/me`,
    CHAT_IDENTITY_COOKIE: 'session',
    CHAT_IDENTITY_OIDC: `${site.url}/issuer/good=client`,
    CHAT_TELEGRAM_BOT_TOKEN: BOT,
    CHAT_IDENTITY_ID_HEADER: 'X-User',
    CHAT_IDENTITY_NAME_HEADER: 'X-Name',
    CHAT_TRUSTED_PROXIES: PROXY,
    CHAT_GUEST_SECRET: SECRET,
    CHAT_LINK_SECRET: SECRET,
    CHAT_IDENTITY_SECRET: SECRET,
    ...(Object.fromEntries(local) as Record<string, string>),
  }
}

/** Identifies a visitor with a chain, as the token endpoint does. */
async function ask(chain: string, row: Row[1], more?: Record<string, string>): Promise<IdentityAnswer> {
  const {
    bearer: token,
    scheme = 'Bearer',
    cookie: cookies,
    headers = {},
    peer = '192.0.2.1',
  } = typeof row === 'function' ? await row() : row
  const settings = { CHAT_IDENTITY: chain, ...settingsOf(more) }
  // otherwise the secret would be used as the site's key, in addition to the key set
  if (more?.['CHAT_IDENTITY_JWKS_URL'] && chain === 'jwt,guest')
    Reflect.deleteProperty(settings, 'CHAT_IDENTITY_SECRET')
  const { identify } = openIdentity(readServeConfig(settings))
  const raw = { headersDistinct: headers, socket: { remoteAddress: peer } } as unknown as IncomingMessage
  const given: Record<string, string | undefined> = {
    authorization: token === undefined ? undefined : `${scheme} ${token}`,
    cookie: cookies,
  }
  const call = { header: (name: string) => given[name] ?? null, address: null, request: { raw } }
  return identify(call, STREAM, { signal: AbortSignal.timeout(30_000) })
}

const LONGEST = SOURCE_KINDS.join(',')

describe.each(Object.entries(SOURCES))(
  'a member by %s, in a chain that ends with guests',
  (kind, { good, failures }) => {
    const chains = [`${kind},guest`, LONGEST]

    it('is admitted as a member, and without a credential is a guest', async () => {
      for (const chain of chains) {
        expect(chainFault(chain.split(','))).toBeNull()
        const answer = await ask(chain, await good())
        expect(answer, chain).toMatchObject({ user: { name: 'Ann' } })
        expect('user' in answer && answer.user.id, chain).not.toMatch(/^guest-/)
        expect(await ask(chain, {}), chain).toMatchObject({
          user: { id: expect.stringMatching(/^guest-/) as string },
        })
      }
    })

    it.each(failures)('never becomes a guest: %s', async (_what, call, settings) => {
      const answers = await Promise.all(chains.map((chain) => ask(chain, call, settings)))
      for (const answer of answers) expect(answer).toHaveProperty('refused')
    })
  },
)

describe('a guest who signs in, and whose page still sends the guest token', () => {
  it.each<[string, () => Call]>([
    ['jwt,guest', () => ({ cookie: `session=${jwt(member)}` })],
    ['forward,guest', () => ({ cookie: 'sid=good' })],
    ['header,guest', () => proxied(['member'], ['Ann'])],
  ])('is a member: %s', async (chain, credential) => {
    const named = await guests({ secret: SECRET, names: 'ask' }).register({ header: () => null }, 'Bob')
    const token = 'identity' in named ? named.identity : ''
    expect(await ask(chain, { ...bearer(token), ...credential() })).toMatchObject({ user: { id: 'member' } })
    expect(await ask(chain, bearer(token))).toMatchObject({
      user: { id: expect.stringMatching(/^guest-/) as string },
    })
  })
})

describe('a member whose credential no source accepts', () => {
  it.each([
    ['an opaque token', bearer('opaque')],
    [
      'a JWT of an issuer that isn’t listed',
      bearer(jwt({ ...member, iss: 'https://another.example' }, OTHER_SECRET)),
    ],
    ['an encrypted token', bearer('a.b.c.d.e')],
    ['the id of another source', bearer(jwt({ ...member, sub: 'telegram:7' }))],
  ])('never becomes a guest: %s', async (_what, call) => {
    expect(await ask(LONGEST, call)).toHaveProperty('refused')
  })
})
