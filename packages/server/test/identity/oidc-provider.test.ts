import type { RequestListener } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import type { IdentityAnswer } from '../../src/identity/identity.js'
import { openIdentity } from '../../src/identity/open-identity.js'
import { EVENT, listen, makeKey, SITE_ORIGIN } from '../running-server.js'
import { secret } from '../secrets.js'

const REDIRECT = 'https://www.example.com/signed-in'
const { kid, pem } = makeKey()

async function makeJwk(keyId: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: keyId, alg: 'RS256', use: 'sig' }
}

/** A standard OpenID provider (`oidc-provider`) on its own port. It signs in every visitor as `user`. */
async function startIssuer(clientId: string, key: JWK) {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end()
  const { url: issuer, close } = await listen((request, response) => void handler(request, response))
  const clientSecret = secret(crypto.randomUUID())
  const user = { sub: 'user-7', name: 'Anna' }

  function serve(...keys: JWK[]): void {
    const configuration: Configuration = {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [REDIRECT],
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      jwks: { keys },
      cookies: { keys: [clientSecret] },
      claims: { profile: ['name'], email: ['email'] },
      // the ID token contains the name, as with most providers
      conformIdTokenClaims: false,
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => false },
      ttl: {
        AccessToken: 600,
        IdToken: 600,
        Grant: 600,
        Session: 600,
        Interaction: 600,
        AuthorizationCode: 60,
      },
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      findAccount: (_context, accountId) => ({
        accountId,
        claims: () => ({ ...user, email: 'anna@example.com' }),
      }),
      async loadExistingGrant({ oidc }) {
        const grant = new oidc.provider.Grant({
          accountId: oidc.session!.accountId!,
          clientId: oidc.client!.clientId,
        })
        grant.addOIDCScope('openid profile email')
        await grant.save()
        return grant
      },
    }
    const provider = new Provider(issuer, configuration)
    const standard = provider.callback()
    handler = (request, response) => {
      if (!request.url!.startsWith('/interaction/')) return void standard(request, response)
      const login = { login: { accountId: user.sub } }
      void provider.interactionFinished(request, response, login, { mergeWithLastSubmission: false })
    }
  }
  serve(key)

  return {
    issuer,
    clientId,
    close,
    user,
    /** Serves other keys from now on. The first one signs. */
    serve,
    fail: () => {
      handler = (_request, response) => void response.writeHead(503).end()
    },
    /** Signs in by the authorization code flow (OpenID Connect Core 1.0, section 3.1). */
    async signIn(): Promise<{ idToken: string; accessToken: string }> {
      const cookies = new Map<string, string>()
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: REDIRECT,
        response_type: 'code',
        scope: 'openid profile email',
        nonce: crypto.randomUUID(),
      })
      let address = `${issuer}/auth?${query}`
      while (!address.startsWith(REDIRECT)) {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        const response = await fetch(address, { redirect: 'manual', headers: { cookie } })
        expect(response.status).toBe(303)
        for (const line of response.headers.getSetCookie()) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
          cookies.set(name!, value!)
        }
        address = new URL(response.headers.get('location')!, address).href
      }
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: new URL(address).searchParams.get('code')!,
          redirect_uri: REDIRECT,
          client_id: clientId,
          client_secret: clientSecret,
        }),
      })
      expect(response.status).toBe(200)
      const { id_token, access_token } = (await response.json()) as { id_token: string; access_token: string }
      return { idToken: secret(id_token), accessToken: secret(access_token) }
    },
  }
}

describe('two standard issuers at once', () => {
  let school: Awaited<ReturnType<typeof startIssuer>>
  let company: typeof school
  let ask: (token: string) => Promise<IdentityAnswer>
  const host = ({ issuer }: { issuer: string }) => issuer.replace('http://', '')

  /** The server waits this long between two fetches of a key set. */
  const afterPause = () => vi.advanceTimersByTime(11_000)

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    // it warns of its adapter, which is for tests
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    vi.spyOn(console, 'info').mockImplementation(() => undefined)
    const [first, second] = await Promise.all([makeJwk('k1'), makeJwk('k1')])
    ;[school, company] = await Promise.all([
      startIssuer('school-site', first),
      startIssuer('company-site', second),
    ])
    const config = readServeConfig({
      CHAT_IDENTITY: 'oidc',
      CHAT_IDENTITY_OIDC: [school, company].map(({ issuer, clientId }) => `${issuer}=${clientId}`).join(', '),
      CHAT_EVENTS: EVENT,
      CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
      CHAT_PRIVATE_KEY: pem,
      CHAT_KEY_ID: kid,
    })
    const { identify } = openIdentity(config)
    ask = (token) => {
      const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : null)
      const call = { header, address: null, request: null }
      return identify(call as unknown as Parameters<typeof identify>[0], EVENT, {
        signal: new AbortController().signal,
      })
    }
  })
  afterEach(async () => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    await Promise.all([school.close(), company.close()])
  })

  it('are found by discovery, and their users never share an id', async () => {
    company.user.name = 'Boris'
    const [anna, boris] = await Promise.all([school.signIn(), company.signIn()])
    expect(await ask(anna.idToken)).toEqual({ user: { id: `${host(school)}:user-7`, name: 'Anna' } })
    expect(await ask(boris.idToken)).toEqual({ user: { id: `${host(company)}:user-7`, name: 'Boris' } })
  })

  it('are accepted with ID tokens only', async () => {
    const { idToken, accessToken } = await school.signIn()
    expect(await ask(accessToken)).toMatchObject({ refused: 'sign-in-required' })
    const [header, payload, signature] = idToken.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const changed = (change: object) =>
      `${header}.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')}.${signature}`
    expect(await ask(changed({}))).toHaveProperty('user')
    for (const change of [{ sub: 'admin' }, { iss: company.issuer }, { aud: company.clientId }, { exp: 4e9 }])
      expect(await ask(changed(change))).not.toHaveProperty('user')
  })

  it('can replace their keys without a restart, and tokens of the old key are then rejected', async () => {
    const before = await school.signIn()
    expect(await ask(before.idToken)).toHaveProperty('user')
    const next = await makeJwk('k2')
    school.serve(next)
    vi.advanceTimersByTime(1000)
    const after = await school.signIn()
    // the set was fetched a moment ago, so the visitor waits and isn't signed out
    expect(await ask(after.idToken)).toMatchObject({ refused: 'identity-unavailable', reason: 'key-unknown' })
    afterPause()
    expect(await ask(after.idToken)).toHaveProperty('user')
    afterPause()
    expect(await ask(before.idToken)).not.toHaveProperty('user')
    expect(await ask((await company.signIn()).idToken)).toHaveProperty('user')
  })

  it('can replace a key under its old id', async () => {
    const before = await school.signIn()
    expect(await ask(before.idToken)).toHaveProperty('user')
    school.serve(await makeJwk('k1'))
    const after = await school.signIn()
    afterPause()
    expect(await ask(after.idToken)).toHaveProperty('user')
    expect(await ask(before.idToken)).not.toHaveProperty('user')
  })

  it('can be unreachable: known visitors stay signed in, and those of the other issuer too', async () => {
    const { idToken } = await school.signIn()
    const other = await company.signIn()
    expect(await ask(idToken)).toHaveProperty('user')
    school.fail()
    // longer than the server takes a set for fresh, and shorter than the token lives
    vi.advanceTimersByTime(601_000)
    for (const token of [idToken, idToken, other.idToken]) {
      expect(await ask(token)).toHaveProperty('user')
      afterPause()
    }
  })

  it('are unavailable, and no visitor is signed out, if their keys were never loaded', async () => {
    const { idToken } = await school.signIn()
    school.fail()
    expect(await ask(idToken)).toMatchObject({ refused: 'identity-unavailable' })
  })
})
