import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkIdentity } from '../../src/doctor/identity-checks.js'
import { checkSources } from '../../src/doctor/source-checks.js'
import { visitorByIdentityToken } from '../../src/doctor/visitor.js'
import type { IdentityConfig } from '../../src/identity/identity-config.js'
import { revokeLinks } from '../../src/identity/link-files.js'
import { linkSigner } from '../../src/identity/link.js'
import { listen } from '../running-server.js'

const SECRET = 'x'.repeat(8) + crypto.randomUUID()
const signal = new AbortController().signal
let issuer: Awaited<ReturnType<typeof listen>>
let discovery: { status: number; body: unknown }
let keys: { status: number; body: unknown }
const KEY_SET = { keys: [{ kty: 'RSA', kid: 'k', n: 'AQAB', e: 'AQAB' }] }
beforeEach(async () => {
  issuer = await listen((request, response) => {
    const answers = { '/.well-known/openid-configuration': discovery, '/keys': keys }
    const { status, body } = answers[request.url as '/keys'] ?? { status: 404, body: {} }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  discovery = { status: 200, body: { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` } }
  keys = { status: 200, body: KEY_SET }
})
afterEach(() => issuer.close())

const oidc = async (name = issuer.url) => {
  const issuers = [
    { issuer: name, clientId: 'a' },
    { issuer: name, clientId: 'b' },
  ]
  const findings = await checkSources([{ kind: 'oidc', issuers, maxAge: 86_400 }], signal)
  return findings.map(({ status, code }) => `${status} ${code}`)
}

describe('the checks of identity sources', () => {
  it('report each provider once', async () => {
    expect(await oidc()).toEqual(['ok identity-issuer'])
  })

  it('report each problem of a provider', async () => {
    discovery.body = { issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/keys` }
    expect(await oidc()).toEqual(['fail identity-issuer-differs'])
    discovery.body = []
    expect(await oidc()).toEqual(['fail identity-issuer-differs'])
    discovery.body = { issuer: issuer.url }
    expect(await oidc()).toEqual(['fail identity-issuer-keys'])
    discovery.body = { issuer: issuer.url, jwks_uri: `${issuer.url}/moved` }
    expect(await oidc()).toEqual(['fail identity-issuer-keys'])
    discovery.status = 503
    expect(await oidc()).toEqual(['fail identity-issuer-unreachable'])
    expect(await oidc('http://127.0.0.1:1')).toEqual(['fail identity-issuer-unreachable'])
  })

  it('report a key set of the site or of a provider that can’t be used', async () => {
    const jwt = {
      kind: 'jwt',
      key: { jwksUrl: `${issuer.url}/keys` },
      cookie: undefined,
      issuer: undefined,
      audience: 'a',
      maxAge: 86_400,
      idField: 'sub',
      nameField: 'name',
    } as const
    const site = async () =>
      (await checkSources([jwt], signal)).map(({ status, code }) => `${status} ${code}`)
    expect(await site()).toEqual(['ok identity-keys'])
    for (const bad of [
      { status: 500, body: KEY_SET },
      { status: 200, body: [] },
      { status: 200, body: { keys: {} } },
      { status: 200, body: { keys: [] } },
    ]) {
      keys = bad
      expect([bad, await site()]).toEqual([bad, ['fail identity-keys-unreachable']])
      expect([bad, await oidc()]).toEqual([bad, ['fail identity-issuer-keys']])
    }
  })

  it('check the other sources by their settings, and never print a secret', async () => {
    const findings = await checkSources(
      [
        { kind: 'hmac', secret: SECRET, maxAge: 604_800 },
        { kind: 'link', secret: SECRET, dir: './links' },
        {
          kind: 'telegram',
          bots: [
            { platform: 'telegram', token: SECRET },
            { platform: 'max', token: SECRET },
          ],
        },
        { kind: 'guest', secret: SECRET, names: 'ask', mark: '.', reserved: [] },
      ],
      signal,
    )
    expect(findings.map(({ status, code }) => `${status} ${code}`)).toEqual([
      'warn identity-hmac-long',
      'ok identity-link',
      'warn identity-telegram-token',
      'ok identity-max',
      'warn identity-guest-mark',
    ])
    expect(JSON.stringify(findings)).not.toContain(SECRET)
    const fine = await checkSources(
      [
        { kind: 'hmac', secret: SECRET, maxAge: 86_400 },
        { kind: 'telegram', bots: [{ platform: 'telegram', botId: '1' }] },
        { kind: 'guest', secret: SECRET, names: 'number', mark: undefined, reserved: [] },
      ],
      signal,
    )
    expect(fine.every(({ status }) => status === 'ok')).toBe(true)
  })

  it('have a row in docs/doctor.md for each problem', () => {
    const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
    const codes = [...read('src/doctor/source-checks.ts').matchAll(/found\.(?:warn|fail)\(\s*'([\w-]+)'/g)]
    const rows = [...read('docs/doctor.md').matchAll(/^\| `(\w+)` \| `(identity-[\w-]+)` \| /gm)]
    expect(codes.length).toBeGreaterThan(5)
    expect(rows.map(([, , code]) => code).sort()).toEqual(codes.map(([, code]) => code).sort())
    for (const [, source, code] of rows)
      expect(code).toContain({ oidc: 'issuer', jwt: 'keys' }[source!] ?? source)
  })
})

describe('a given identity token', () => {
  const EVENT = 'stream'
  const exp = Math.floor(Date.now() / 1000) + 3600
  const codesOf = async (identity: IdentityConfig, text: string) => {
    const visitor = visitorByIdentityToken(text)
    expect(visitor).not.toBeNull()
    const { findings, known } = await checkIdentity({
      identity,
      visitor,
      eventId: EVENT,
      now: Date.now(),
      signal,
    })
    expect(JSON.stringify(findings)).not.toContain(SECRET)
    const tokenFindings = findings.filter(({ code }) => code.startsWith('identity-token'))
    return { known, found: tokenFindings.map(({ status, code, message }) => `${status} ${code} ${message}`) }
  }

  it('of the site itself names a response that is too long', async () => {
    const site = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify('x'.repeat(300_000)))
    })
    const { findings } = await checkIdentity({
      identity: [{ kind: 'forward', url: site.url, idField: 'id', nameField: 'name' }],
      visitor: null,
      eventId: EVENT,
      now: Date.now(),
      signal,
    })
    await site.close()
    expect(findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'identity-not-json: CHAT_IDENTITY_URL returns more than 256 KiB',
    ])
  })

  it('of the plain HMAC format is judged as the server does', async () => {
    const identity: IdentityConfig = [{ kind: 'hmac', secret: SECRET, maxAge: 86_400 }]
    const tokenOf = (claims: object, secret = SECRET) => {
      const text = Buffer.from(JSON.stringify(claims)).toString('base64')
      return `hmac.${text}.${createHmac('sha256', secret).update(text).digest('hex')}`
    }
    const good = { sub: '7', name: 'Anna', exp, event_id: EVENT }
    expect(await codesOf(identity, tokenOf(good))).toMatchObject({ known: true })
    for (const [token, reason] of [
      [tokenOf(good, `${SECRET}!`), 'identity-token-rejected'],
      [tokenOf({ ...good, event_id: 'another' }), 'other-event'],
      [tokenOf({ ...good, exp: String(exp) }), 'exp-missing'],
    ] as const) {
      const { known, found } = await codesOf(identity, token)
      expect(known).toBe(false)
      expect(found).toEqual([expect.stringMatching(`^fail identity-token-refused .*${reason}`)])
    }
  })

  it('of a personal link is checked without counting as a use of the link', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'doctor-links-'))
    const identity: IdentityConfig = [{ kind: 'link', secret: SECRET, dir }]
    const sign = linkSigner(SECRET)
    const link = { id: 'l1', sub: '7', name: 'Anna', event_id: EVENT, exp, devices: 1 }
    const token = await sign(link)
    for (let time = 0; time < 3; time++)
      expect(await codesOf(identity, `Bearer ${token}`)).toMatchObject({ known: true })
    expect(await codesOf(identity, await sign({ ...link, exp: 1 }))).toMatchObject({ known: false })
    await revokeLinks(dir, ['l1'])
    const { found } = await codesOf(identity, token)
    expect(found).toEqual([expect.stringContaining('link-revoked')])
    rmSync(dir, { recursive: true })
  })

  it('can be init data, a JWT or one of our own formats, and nothing else', () => {
    const authorization = (text: string) => visitorByIdentityToken(text)?.headers['authorization']
    expect(authorization('tma user=%7B%7D&auth_date=1&hash=ab')).toBe('tma user=%7B%7D&auth_date=1&hash=ab')
    expect(authorization('Authorization: Bearer a.b.c\n')).toBe('Bearer a.b.c')
    expect(authorization('hmac.e30=.ab')).toBe('Bearer hmac.e30=.ab')
    for (const text of ['', 'a.b', 'a.b.c.d', 'hmac.e30', 'a b.c.d', 'link.a.b.c', 'word'])
      expect(authorization(text), text).toBeUndefined()
  })
})
