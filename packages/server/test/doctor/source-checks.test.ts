import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkSources } from '../../src/doctor/source-checks.js'
import { listen } from '../running-server.js'

const SECRET = 'x'.repeat(8) + crypto.randomUUID()
const signal = new AbortController().signal
let issuer: Awaited<ReturnType<typeof listen>>
let discovery: { status: number; body: unknown }
beforeEach(async () => {
  issuer = await listen((request, response) => {
    if (request.url !== '/.well-known/openid-configuration') discovery = { status: 404, body: {} }
    response.writeHead(discovery.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(discovery.body))
  })
  discovery = { status: 200, body: { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` } }
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

describe('checks of identity sources', () => {
  it('ask each provider once for its discovery document', async () => {
    expect(await oidc()).toEqual(['ok identity-issuer'])
  })

  it('name what is wrong with a provider', async () => {
    discovery.body = { issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/keys` }
    expect(await oidc()).toEqual(['fail identity-issuer-differs'])
    discovery.body = []
    expect(await oidc()).toEqual(['fail identity-issuer-differs'])
    discovery.body = { issuer: issuer.url }
    expect(await oidc()).toEqual(['fail identity-issuer-keys'])
    discovery.status = 503
    expect(await oidc()).toEqual(['fail identity-issuer-unreachable'])
    expect(await oidc('http://127.0.0.1:1')).toEqual(['fail identity-issuer-unreachable'])
  })

  it('judge the other sources by their settings, and never print a secret', async () => {
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
    for (const [, source, code] of rows) expect(code).toContain(source === 'oidc' ? 'issuer' : source)
  })
})
