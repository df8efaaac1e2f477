import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { encode } from '@auth/core/jwt'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import type { IdentityAnswer } from '../../src/identity/identity.js'
import { openIdentity } from '../../src/identity/open-identity.js'
import { EVENT, makeKey, SITE_ORIGIN } from '../running-server.js'
import { secret as kept } from '../secrets.js'

const page = readFileSync(new URL('../../docs/identity-recipes.md', import.meta.url), 'utf8')
const PROVIDERS = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name!)

/** The first code block of one language under a provider's heading. */
function blockOf(provider: string, kind: string): string {
  const section = page.split(`\n## ${provider}\n`)[1]?.split('\n## ')[0] ?? ''
  const [, text] = new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(section) ?? []
  expect(text, `${kind} of ${provider}`).toBeDefined()
  return text!
}

const settingsOf = (provider: string) =>
  Object.fromEntries(
    [...blockOf(provider, 'sh').matchAll(/^(CHAT_\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  )

type Answer = (request: Request) => Response | Promise<Response>
/** The network: the response of each address. Any other address is unreachable. */
let network: Map<string, Answer>
/** The provider's key that the server trusts, and a key that is published nowhere. */
let trusted: { sign: (claims: object, typ?: string) => Promise<string>; jwk: JWK }
let unknown: typeof trusted
let folder = ''
const { kid, pem } = makeKey()

async function makeSigner(keyId: string): Promise<typeof trusted> {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  return {
    jwk: { ...(await exportJWK(publicKey)), kid: keyId, alg: 'RS256', use: 'sig' },
    sign: (claims, typ = 'JWT') =>
      new SignJWT({ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 600, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: keyId, typ })
        .sign(privateKey),
  }
}

beforeAll(async () => {
  ;[trusted, unknown] = await Promise.all([makeSigner('k1'), makeSigner('k1')])
  folder = mkdtempSync(join(tmpdir(), 'recipes-'))
  network = new Map()
  vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const answer = network.get(request.url)
    if (!answer) throw new TypeError(`nothing is at ${request.url}`)
    return answer(request)
  })
})
afterEach(() => {
  network.clear()
  vi.unstubAllEnvs()
})
afterAll(() => {
  vi.unstubAllGlobals()
  rmSync(folder, { recursive: true })
})

/** Opens the server's identity sources with the recipe's settings. */
function serverOf(provider: string) {
  const config = readServeConfig({
    ...settingsOf(provider),
    CHAT_EVENTS: EVENT,
    CHAT_ALLOWED_ORIGINS: SITE_ORIGIN,
    CHAT_PRIVATE_KEY: pem,
    CHAT_KEY_ID: kid,
  })
  const { identify } = openIdentity(config)
  return (headers: Record<string, string>): Promise<IdentityAnswer> => {
    const call = { header: (name: string) => headers[name] ?? null, address: null, request: null }
    return identify(call as unknown as Parameters<typeof identify>[0], EVENT, {
      signal: new AbortController().signal,
    })
  }
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A provider with discovery, as in OpenID Connect Discovery 1.0. */
function publishDiscovery(issuer: string): void {
  const keys = `${issuer.replace(/\/$/, '')}/keys`
  network.set(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, () =>
    Response.json({ issuer, jwks_uri: keys }),
  )
  network.set(keys, () => Response.json({ keys: [trusted.jwk] }))
}

interface Chat {
  identity: string | (() => string | Promise<string>)
}
/** Runs the page's code with these globals, and reads the element's `identity` as the element does. */
async function identityOf(provider: string, globals: Record<string, unknown>): Promise<string> {
  const chat: Chat = { identity: '' }
  const names = ['chat', ...Object.keys(globals)]
  // oxlint-disable-next-line typescript/no-implied-eval -- the code of the page, unchanged
  const run = new Function(...names, blockOf(provider, 'js')) as (...values: unknown[]) => void
  run(chat, ...Object.values(globals))
  return typeof chat.identity === 'function' ? chat.identity() : chat.identity
}

/** Imports the site's code as a module, with replaced packages. */
async function moduleOf(provider: string, packages: Record<string, string> = {}) {
  const code = Object.entries(packages).reduce(
    (text, [name, path]) => {
      expect(text).toContain(`'${name}'`)
      return text.replace(`'${name}'`, JSON.stringify(path))
    },
    blockOf(provider, 'js'),
  )
  const file = join(folder, `${provider.replaceAll(/\W/g, '-')}.mjs`)
  writeFileSync(file, code)
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>
}

const ANNA = { sub: 'user-7', name: 'Anna' }

/** How each OpenID provider's SDK returns the ID token, and the token's claims. */
const OIDC: Record<
  string,
  { claims: Record<string, unknown>; page: (token: string) => Record<string, unknown> }
> = {
  Google: {
    claims: { email: 'anna@gmail.com', given_name: 'Anna' },
    page: (credential) => ({
      google: {
        accounts: {
          id: {
            initialize: ({ callback }: { callback: (reply: object) => void }) => callback({ credential }),
          },
        },
      },
    }),
  },
  Keycloak: {
    claims: { typ: 'ID', preferred_username: 'anna@example.com', sid: 's' },
    page: (idToken) => ({ keycloak: { idToken, updateToken: () => Promise.resolve(true) } }),
  },
  Auth0: {
    claims: { nickname: 'anna', picture: 'https://example.com/a.png', sid: 's', nonce: 'n' },
    page: (raw) => ({
      auth0: {
        getTokenSilently: () => Promise.resolve('opaque'),
        getIdTokenClaims: () => Promise.resolve({ __raw: raw }),
      },
    }),
  },
  Firebase: {
    claims: { user_id: 'user-7', auth_time: 1, firebase: { sign_in_provider: 'google.com' } },
    page: (token) => ({ auth: { currentUser: { getIdToken: () => Promise.resolve(token) } } }),
  },
}

describe('docs/identity-recipes.md', () => {
  it('has a test of each recipe', () =>
    expect(PROVIDERS).toEqual([...Object.keys(OIDC), 'Clerk', 'Supabase', 'Auth.js', 'VK ID', 'Yandex ID']))

  it.each(Object.entries(OIDC))(
    '%s: the ID token is accepted, and no other token',
    async (provider, { claims, page: sdk }) => {
      const [, issuer, client] = /^(.*)=([^=]*)$/.exec(settingsOf(provider)['CHAT_IDENTITY_OIDC']!)!
      publishDiscovery(issuer!)
      const ask = serverOf(provider)
      const idToken = { iss: issuer, aud: client, azp: client, ...ANNA, ...claims }
      const token = await identityOf(provider, sdk(await trusted.sign(idToken)))
      const host = issuer!.replace(/^https:\/\/|\/$/g, '')
      expect(await ask(bearer(token))).toEqual({ user: { id: `${host}:user-7`, name: 'Anna' } })
      for (const other of [
        await unknown.sign(idToken),
        await trusted.sign({ ...idToken, aud: 'another-client' }),
        await trusted.sign({ ...idToken, aud: `${issuer}userinfo` }, 'at+jwt'),
        await trusted.sign({ ...idToken, iss: 'https://evil.example' }),
        'opaque',
      ])
        expect(await ask(bearer(other))).toMatchObject({ refused: 'sign-in-required' })
    },
  )

  it('Clerk: the template’s token is accepted, the session token is rejected', async () => {
    const settings = settingsOf('Clerk')
    network.set(settings['CHAT_IDENTITY_JWKS_URL']!, () => Response.json({ keys: [trusted.jwk] }))
    const ask = serverOf('Clerk')
    const session = { iss: settings['CHAT_IDENTITY_ISSUER'], sub: 'user_2x', azp: SITE_ORIGIN, sid: 'sess_1' }
    const template = JSON.parse(blockOf('Clerk', 'json').replace('{{user.full_name}}', 'Anna')) as object
    const clerk = {
      session: {
        getToken: ({ template: name }: { template: string }) =>
          name === 'kinescope-chat' ? trusted.sign({ ...session, ...template }) : trusted.sign(session),
      },
    }
    const token = await identityOf('Clerk', { clerk })
    expect(await ask(bearer(token))).toEqual({ user: { id: 'user_2x', name: 'Anna' } })
    expect(await ask(bearer(await trusted.sign(session)))).toMatchObject({ refused: 'sign-in-required' })
  })

  it('Supabase: a user’s access token is accepted, the project’s API keys are rejected', async () => {
    const settings = settingsOf('Supabase')
    network.set(settings['CHAT_IDENTITY_JWKS_URL']!, () => Response.json({ keys: [trusted.jwk] }))
    const ask = serverOf('Supabase')
    const claims = {
      iss: settings['CHAT_IDENTITY_ISSUER'],
      sub: '5f0c4e9e-0000-4000-8000-000000000007',
      aud: 'authenticated',
      role: 'authenticated',
      email: 'anna@example.com',
      user_metadata: { full_name: 'Anna' },
    }
    const access_token = await trusted.sign(claims)
    const supabase = { auth: { getSession: () => Promise.resolve({ data: { session: { access_token } } }) } }
    const token = await identityOf('Supabase', { supabase })
    expect(await ask(bearer(token))).toEqual({ user: { id: claims.sub, name: 'Anna' } })
    const anon = await trusted.sign({ iss: 'supabase', ref: 'example', role: 'anon' })
    expect(await ask(bearer(anon))).toMatchObject({ refused: 'sign-in-required' })
  })

  it('Auth.js: the app reads its encrypted cookie', async () => {
    const secret = kept(randomBytes(32).toString('base64'))
    vi.stubEnv('AUTH_SECRET', secret)
    const path = createRequire(import.meta.url).resolve('@auth/core/jwt')
    const { GET } = (await moduleOf('Auth.js', { 'next-auth/jwt': pathToFileURL(path).href })) as {
      GET: Answer
    }
    network.set(settingsOf('Auth.js')['CHAT_IDENTITY_URL']!, GET)
    const ask = serverOf('Auth.js')
    const salt = '__Secure-authjs.session-token'
    const cookieOf = async (by: string) => `${salt}=${await encode({ token: ANNA, secret: by, salt })}`
    const cookie = await cookieOf(secret)
    expect(cookie.split('=')[1]!.split('.'), 'JWE in the compact form').toHaveLength(5)
    expect(await ask({ cookie })).toEqual({ user: { id: 'user-7', name: 'Anna' } })
    for (const other of ['', await cookieOf(randomBytes(32).toString('base64')), `${cookie}x`])
      expect(await ask({ cookie: other })).toMatchObject({ refused: 'sign-in-required' })
  })

  it.each([
    ['VK ID', 'vkVisitor', 'https://id.vk.com/oauth2/user_info', 'vk:7', 'Anna Ivanova'],
    ['Yandex ID', 'yandexVisitor', 'https://login.yandex.ru/info?format=json', 'yandex:7', 'Anna'],
  ])(
    '%s: the site requests the user’s profile once and then responds from its session',
    async (provider, name, address, id, shown) => {
      network.set(address, async (request) => {
        const form = request.method === 'POST' ? new URLSearchParams(await request.text()) : null
        const known = form
          ? form.get('access_token') === 'good' && form.get('client_id') === '54'
          : request.headers.get('authorization') === 'OAuth good'
        if (!known) return Response.json({ error: 'invalid_token' }, { status: 401 })
        return form
          ? Response.json({ user: { user_id: '7', first_name: 'Anna', last_name: 'Ivanova' } })
          : Response.json({ id: '7', login: 'anna', display_name: 'Anna', default_email: 'anna@example.com' })
      })
      const site = await moduleOf(provider)
      const visitorOf = site[name] as (token: string, clientId: string) => Promise<object>
      const me = site['me'] as (session: object | null) => Response
      await expect(visitorOf('stolen', '54')).rejects.toThrow('answered 401')
      const sessions = new Map([['sid=1', { visitor: await visitorOf('good', '54') }]])
      network.set(settingsOf(provider)['CHAT_IDENTITY_URL']!, (request) =>
        me(sessions.get(request.headers.get('cookie') ?? '') ?? null),
      )
      const ask = serverOf(provider)
      expect(await ask({ cookie: 'sid=1' })).toEqual({ user: { id, name: shown } })
      expect(await ask({ cookie: 'sid=2' })).toMatchObject({ refused: 'sign-in-required' })
    },
  )
})
