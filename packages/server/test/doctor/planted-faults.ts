import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import jwt from 'jsonwebtoken'
import { expect, vi } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { createNodeHandler } from '../../src/adapters/node.js'
import { fixedKeySource, type SignFunction } from '../../src/token/signing-key.js'
import { type KeyRing, RING_FILE } from '../../src/keys/key-ring.js'
import { remoteSigningKey } from '../../src/token/remote-signing-key.js'
import { API_TOKEN } from '../cli/workbench.js'
import { replaceFile } from '../ring-directory.js'
import { listen } from '../running-server.js'
import { COOKIE, type Scene } from './scene.js'

/** One fault and its effects. */
export interface Fault {
  fault: string
  plant: (scene: Scene) => void | Promise<void>
  /** The result for a visitor, from the real endpoint and the chat page. */
  visitor: string
  /** The code that the doctor reports. */
  doctor: string
  /** The fault affects no visitor yet, so it is a warning. */
  warns?: true
  todo: string
}

const html = (status: number, headers: Record<string, string> = {}) =>
  ((_request, response) =>
    response
      .writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers })
      .end('<!doctype html><title>x</title>')) as Scene['site']['me']
const remote = ({ bench, kid }: Scene) => bench.emulator.state.keys.find((key) => key.kid === kid)!
export const SECRET = 'a secret shared with the site, 32 bytes and more'

/** The site signs identity tokens and has no identity endpoint. */
export function withIdentityToken(scene: Scene, claims: object, secret = SECRET): void {
  const now = Math.floor(Date.now() / 1000)
  const identityToken = jwt.sign(
    { sub: '7', name: 'Анна', aud: 'kinescope-chat', iat: now, exp: now + 600, ...claims },
    secret,
    { algorithm: 'HS256' },
  )
  scene.visitor = {
    headers: { authorization: `Bearer ${identityToken}` },
    flags: ['--identity-token-file', scene.file('identity-token', identityToken)],
  }
  delete scene.env['CHAT_IDENTITY_URL']
  Object.assign(scene.env, { CHAT_IDENTITY: 'jwt', CHAT_IDENTITY_SECRET: SECRET })
}

const anHourAgo = () => Math.floor(Date.now() / 1000) - 3600

/** The server signs with a configured key, without a key ring. */
function withGivenKey(scene: Scene, kid: string): void {
  const pem = readFileSync(join(scene.bench.keyDir, `${scene.kid}.pem`), 'utf8')
  delete scene.env['CHAT_KEY_DIR']
  delete scene.bench.env['CHAT_KEY_DIR']
  Object.assign(scene.env, { CHAT_PRIVATE_KEY: pem, CHAT_KEY_ID: kid })
}

/** Waits until the server reports this code on its public port. */
async function untilReported(scene: Scene, code: string): Promise<void> {
  await scene.visit()
  const said = async () => (await fetch(`${scene.serverUrl}/readyz`)).text()
  await vi.waitFor(async () => expect(await said()).toContain(`"${code}"`), { timeout: 10_000, interval: 20 })
}

/** Edits the key ring in the server's own copy of the keys. */
function editRing(dir: string, change: (ring: KeyRing) => void): void {
  const path = join(dir, RING_FILE)
  const ring = JSON.parse(readFileSync(path, 'utf8')) as KeyRing
  change(ring)
  replaceFile(path, JSON.stringify({ ...ring, revision: ring.revision + 1 }))
}

/** An app with its own token route and the key in a vault. `signer` signs in the vault's place. */
export async function withVault(
  scene: Scene,
  signer: (sealed: () => boolean) => SignFunction,
): Promise<void> {
  let sealed = false
  const { n, e } = createPublicKey(readFileSync(join(scene.bench.keyDir, `${scene.kid}.pem`))).export({
    format: 'jwk',
  })
  const publicKey = { kty: 'RSA', n: n!, e: e! }
  const key = await remoteSigningKey({ kid: scene.kid, publicKey, sign: signer(() => sealed) })
  sealed = true
  const handler = createNodeHandler({
    keys: fixedKeySource(key),
    events: [scene.eventId],
    allowedOrigins: [scene.origin],
    authenticate: ({ headers }) => (headers.cookie === COOKIE ? { id: '7', name: 'Анна' } : null),
  })
  scene.serve = () =>
    listen((request, response) => {
      if (request.url === '/token') void handler(request, response)
      else response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no such page')
    })
  scene.away = true
}

/** The vault's signature, made in this process. */
export const vaultSign =
  (scene: Scene): SignFunction =>
  (data) =>
    Promise.resolve(sign('sha256', data, readFileSync(join(scene.bench.keyDir, `${scene.kid}.pem`))))

export const FAULTS: readonly Fault[] = [
  {
    fault: 'the API token is wrong',
    plant: ({ bench }) => void (bench.env['KINESCOPE_API_TOKEN'] = '00000000-0000-4000-8000-000000000000'),
    visitor: 'in as Анна',
    doctor: 'api-token-refused',
    todo: 'make a new one in the dashboard; the running server needs none',
  },
  {
    fault: 'the stream is wrong',
    plant(scene) {
      scene.eventId = '00000000-0000-4000-8000-000000000000'
      scene.env['CHAT_EVENTS'] = scene.eventId
    },
    visitor: 'event-not-found',
    doctor: 'event-not-found',
    todo: 'take the id from `events list`',
  },
  {
    fault: 'the stream is not in CHAT_EVENTS',
    plant: ({ env }) => void (env['CHAT_EVENTS'] = SEED.second.publicId),
    visitor: 'event-not-allowed',
    doctor: 'event-not-allowed',
    todo: 'add the id that the page uses',
  },
  {
    fault: 'CHAT_EVENTS puts another stream’s id into the token',
    plant: ({ env, eventId }) => void (env['CHAT_EVENTS'] = `${eventId}=${SEED.second.publicId}`),
    visitor: 'wrong-event',
    doctor: 'wrong-event',
    todo: 'write the stream’s own id, or its UUID, behind the `=`',
  },
  {
    fault: 'JWT is off for the stream',
    plant: ({ bench }) =>
      void (bench.emulator.state.events.find(({ id }) => id === SEED.live.id)!.jwtRequired = false),
    visitor: 'in as Анна',
    doctor: 'jwt-not-enabled',
    todo: '`events enable ID`: until then anybody may enter under any name',
  },
  {
    fault: 'the page’s origin is not listed',
    plant: ({ env }) => void (env['CHAT_ALLOWED_ORIGINS'] = 'https://www.example.com'),
    visitor: 'origin-not-allowed',
    doctor: 'origin-not-allowed',
    todo: 'add it to CHAT_ALLOWED_ORIGINS',
  },
  {
    fault: 'a listed origin has a slash at its end',
    plant: ({ env, origin }) => void (env['CHAT_ALLOWED_ORIGINS'] = `${origin}/`),
    visitor: 'endpoint-unreachable (CORS)',
    doctor: 'setting',
    todo: 'write it without: the server doesn’t start with it',
  },
  {
    fault: 'the page is opened over http, listed is https',
    plant: ({ env, origin }) => void (env['CHAT_ALLOWED_ORIGINS'] = origin.replace('http:', 'https:')),
    visitor: 'origin-not-allowed',
    doctor: 'origin-not-allowed',
    todo: 'redirect the page to https: the other scheme is another origin',
  },
  {
    fault: 'the proxy answers preflights by itself',
    plant: ({ proxy }) => void (proxy.answer = (headers) => headers.delete('access-control-allow-origin')),
    visitor: 'endpoint-unreachable (CORS)',
    doctor: 'origin-not-allowed',
    todo: 'let it pass OPTIONS, and the server’s own headers',
  },
  {
    fault: 'the identity endpoint answers HTML',
    plant: ({ site }) => void (site.me = html(200)),
    visitor: 'identity-unavailable',
    doctor: 'identity-answers-html',
    todo: 'point CHAT_IDENTITY_URL at an address that answers JSON',
  },
  {
    fault: 'the identity endpoint redirects to a sign-in form',
    plant: ({ site }) =>
      void (site.me = (_, response) => response.writeHead(302, { location: '/login' }).end()),
    visitor: 'sign-in-required',
    doctor: 'identity-redirects',
    todo: 'take an address for programs, or sign in again',
  },
  {
    fault: 'the identity endpoint has moved (301)',
    plant: ({ site }) =>
      void (site.me = (_, response) =>
        response.writeHead(301, { location: 'https://www.example.com/me' }).end()),
    visitor: 'identity-unavailable',
    doctor: 'identity-moved',
    todo: 'write the new address into CHAT_IDENTITY_URL',
  },
  {
    fault: 'the identity endpoint hangs',
    plant: ({ site }) => void (site.me = () => undefined),
    visitor: 'identity-unavailable',
    doctor: 'identity-hangs',
    todo: 'look at the site; the server waits three seconds',
  },
  {
    fault: 'a firewall challenges the token server (403, HTML)',
    plant: ({ site }) => void (site.me = html(403, { 'cf-mitigated': 'challenge' })),
    visitor: 'identity-unavailable',
    doctor: 'identity-challenge',
    todo: 'let the server’s address pass, or use the site’s internal address',
  },
  {
    fault: 'nothing listens at the identity endpoint',
    plant: ({ env }) => void (env['CHAT_IDENTITY_URL'] = 'http://127.0.0.1:9/me'),
    visitor: 'identity-unavailable',
    doctor: 'identity-unreachable',
    todo: 'check name, port and firewall from the server’s machine',
  },
  {
    fault: 'the id lies in another field',
    plant: ({ site }) =>
      void (site.me = (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ user: { id: 7 }, name: 'Анна' }))),
    visitor: 'identity-unavailable',
    doctor: 'identity-no-id',
    todo: 'write its path into CHAT_IDENTITY_ID_FIELD',
  },
  {
    fault: 'the identity endpoint returns one visitor for everyone',
    plant: ({ site, visitor }) => {
      visitor.flags = []
      site.me = (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":1,"name":"Admin"}')
    },
    visitor: 'in as Admin',
    doctor: 'identity-anyone',
    todo: 'let it answer 401 to a request without a session',
  },
  {
    fault: 'the site’s identity token is for another audience',
    plant: (scene) => withIdentityToken(scene, { aud: 'shop' }),
    visitor: 'sign-in-required',
    doctor: 'identity-token-audience',
    todo: 'put `"aud": "kinescope-chat"` into it, or set CHAT_IDENTITY_AUDIENCE',
  },
  {
    fault: 'site and server have different secrets',
    plant: (scene) => withIdentityToken(scene, {}, `${SECRET}\n`),
    visitor: 'sign-in-required',
    doctor: 'identity-token-signature',
    todo: 'make them the same, byte for byte',
  },
  {
    fault: 'the same, where the chain admits guests and the doctor has no settings',
    plant(scene) {
      withIdentityToken(scene, {}, `${SECRET}\n`)
      scene.env['CHAT_IDENTITY'] = 'jwt,guest'
      scene.away = true
    },
    visitor: 'sign-in-required',
    doctor: 'visitor-unknown',
    todo: 'read the server’s log; run the doctor with the server’s settings',
  },
  {
    fault: 'the identity token has expired: the page is cached',
    plant: (scene) => withIdentityToken(scene, { iat: anHourAgo() - 600, exp: anHourAgo() }),
    visitor: 'identity-expired',
    doctor: 'identity-token-expired',
    todo: 'keep pages of signed-in visitors out of caches',
  },
  {
    fault: 'Kinescope has another key under the kid',
    plant(scene) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      remote(scene).publicJwk = publicKey.export({ format: 'jwk' }) as ReturnType<typeof remote>['publicJwk']
    },
    visitor: 'bad-signature',
    doctor: 'bad-signature',
    todo: 'check which key the server uses; else `keys rotate`',
  },
  {
    fault: 'the key is not registered',
    plant: ({ bench }) => void (bench.emulator.state.keys = []),
    visitor: 'key-not-registered',
    doctor: 'key-not-registered',
    todo: '`keys register KID`; if it was deleted because it leaked, `keys revoke KID`',
  },
  {
    fault: 'the key has expired at Kinescope',
    plant: (scene) => void (remote(scene).expiresAt = '2020-01-01T00:00:00Z'),
    visitor: 'key-expired',
    doctor: 'key-expired',
    todo: '`keys rotate`, and `keys reconcile` daily',
  },
  {
    fault: 'CHAT_KEY_ID is another kid than the key’s',
    plant: (scene) => withGivenKey(scene, '20250101-another-kid-entirely'),
    visitor: 'key-not-registered',
    doctor: 'wrong-kid',
    todo: 'write the kid that the doctor names',
  },
  {
    fault: 'the key directory can’t be read',
    plant({ bench }) {
      renameSync(bench.keyDir, `${bench.keyDir}.away`)
      writeFileSync(bench.keyDir, 'a file where the directory should be')
    },
    visitor: 'endpoint-unreachable (CORS)',
    doctor: 'key-directory-untrusted',
    todo: 'check CHAT_KEY_DIR, and that the server’s user may read it',
  },
  {
    fault: 'there is no key directory',
    plant: ({ bench }) => rmSync(bench.keyDir, { recursive: true }),
    visitor: 'key-unavailable',
    doctor: 'key-directory-missing',
    todo: 'check CHAT_KEY_DIR; `setup` makes one',
  },
  {
    fault: 'the server can’t read its key ring any more',
    async plant(scene) {
      const dir = scene.keysApart()
      await scene.visit()
      replaceFile(join(dir, RING_FILE), '{"version":1,"keys":[')
      await untilReported(scene, 'key-ring-stale')
    },
    visitor: 'in as Анна',
    doctor: 'key-ring-stale',
    todo: 'fix what the server’s log names: until then it hears of no rotation and no revocation',
  },
  {
    fault: 'the server’s key ends within a month',
    async plant(scene) {
      const dir = scene.keysApart()
      const expiresAt = new Date(Date.now() + 20 * 86_400_000).toISOString()
      editRing(dir, ({ keys }) => void (keys[0]!.expiresAt = expiresAt))
      await untilReported(scene, 'key-ends-soon')
    },
    visitor: 'in as Анна',
    doctor: 'key-ends-soon',
    warns: true,
    todo: '`keys reconcile` daily; a key that was given by hand is replaced by hand',
  },
  {
    fault: 'a spare of the server is damaged',
    async plant(scene) {
      await scene.bench.kc('keys', 'generate')
      await scene.bench.kc('keys', 'register')
      const dir = scene.keysApart()
      const spare = readdirSync(dir).find((name) => name.endsWith('.pem') && !name.startsWith(scene.kid))!
      writeFileSync(join(dir, spare), 'half a k')
      await untilReported(scene, 'key-unusable')
    },
    visitor: 'in as Анна',
    doctor: 'key-unusable',
    warns: true,
    todo: '`keys list` where the keys are; the log names the key',
  },
  {
    fault: 'the server can’t ask Kinescope any more',
    async plant(scene) {
      const settings = { KINESCOPE_API_URL: 'http://127.0.0.1:9', KINESCOPE_API_TOKEN: API_TOKEN }
      Object.assign(scene.env, settings)
      await untilReported(scene, 'kinescope-api')
      for (const name of Object.keys(settings)) delete scene.env[name]
    },
    visitor: 'in as Анна',
    doctor: 'kinescope-api',
    warns: true,
    todo: 'look at its log, its API token and its way out',
  },
  {
    fault: 'the vault that signs for an app’s own route is sealed',
    plant: (scene) =>
      withVault(scene, (sealed) => (data, signal) => {
        if (sealed()) return Promise.reject(new Error('sealed'))
        return vaultSign(scene)(data, signal)
      }),
    visitor: 'key-unavailable',
    doctor: 'key-unavailable',
    todo: 'look at the service that holds the key, from the app’s machine',
  },
  {
    fault: 'the key in the vault ends within a month at Kinescope',
    async plant(scene) {
      await withVault(scene, () => vaultSign(scene))
      remote(scene).expiresAt = new Date(Date.now() + 20 * 86_400_000).toISOString()
    },
    visitor: 'in as Анна',
    doctor: 'key-ends-soon',
    warns: true,
    todo: 'register the next one, deploy it, and delete the old one a token’s life later',
  },
  {
    fault: 'the server’s clock is an hour behind',
    plant: ({ bench }) => void (bench.emulator.state.clockOffsetMs = 3_600_000),
    visitor: 'token-expired',
    doctor: 'clock-off',
    todo: 'synchronize it (NTP)',
  },
  {
    fault: 'the proxy strips cookies',
    plant: ({ proxy }) => void (proxy.request = (headers) => headers.delete('cookie')),
    visitor: 'sign-in-required',
    doctor: 'cookie-lost',
    todo: 'let it pass the Cookie header on the token path',
  },
  {
    fault: 'the proxy strips Origin and Sec-Fetch-Site',
    plant: ({ proxy }) =>
      void (proxy.request = (headers) =>
        ['origin', 'sec-fetch-site'].forEach((name) => headers.delete(name))),
    visitor: 'bad-request',
    doctor: 'origin-lost',
    todo: 'let it pass both headers on unchanged',
  },
  {
    fault: 'the proxy strips Authorization',
    plant(scene) {
      withIdentityToken(scene, {})
      scene.proxy.request = (headers) => headers.delete('authorization')
    },
    visitor: 'sign-in-required',
    doctor: 'identity-token-lost',
    todo: 'let it pass the Authorization header on the token path',
  },
  {
    fault: 'a cache keeps the token and gives it to others',
    async plant(scene) {
      scene.proxy.caches = true
      const { headers } = scene.visitor
      scene.site.me = (request, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ id: 1, name: request.headers.cookie === COOKIE ? 'Анна' : 'Boris' }))
      scene.visitor.headers = { cookie: 'sid=boris' }
      await scene.visit()
      scene.visitor.headers = headers
    },
    visitor: 'in as Boris',
    doctor: 'token-cached',
    todo: 'exclude the token path from caching',
  },
  {
    fault: 'the base path is another',
    plant(scene) {
      scene.env['CHAT_BASE_PATH'] = '/chat'
      scene.origin = scene.serverUrl // behind the site's own proxy
    },
    visitor: 'endpoint-not-found',
    doctor: 'endpoint-not-found',
    todo: 'use the address that the doctor names, on the page too',
  },
  {
    fault: 'the proxy leads nowhere (502)',
    plant: ({ proxy }) => void (proxy.instead = html(502)),
    visitor: 'endpoint-unreachable (CORS)',
    doctor: 'endpoint-bad-reply',
    todo: 'start the token server; check the proxy’s upstream address',
  },
  {
    fault: 'a sign-in page stands before the token server',
    plant: ({ proxy }) =>
      void (proxy.instead = (_, response) => response.writeHead(302, { location: '/login' }).end()),
    visitor: 'endpoint-unreachable (CORS)',
    doctor: 'endpoint-bad-reply',
    todo: 'exempt the token path from it',
  },
  {
    fault: 'the page’s policy forbids the frame',
    plant: ({ site }) => void (site.page['content-security-policy'] = "frame-src 'self'"),
    visitor: 'in as Анна',
    doctor: 'frame-blocked',
    todo: 'add the `frame-src` that the doctor names: the browser blocks the frame, not the token',
  },
]
