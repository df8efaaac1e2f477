import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicJwkOf } from '../../src/keys/registry.js'
import { readStore } from '../../src/keys/store/ring-store.js'
import { loadPrivateKey } from '../../src/keys/private-key.js'
import { workbench, type Workbench } from '../cli/workbench.js'

const EVENT = 'event-abc-123'
const NAME = 'Жанна 😀'
const CLAIMS = () => ({
  aud: 'chat',
  user_id: 'user-12345',
  username: NAME,
  event_id: EVENT,
  iat: Math.floor(Date.now() / 1000),
  exp: Math.floor(Date.now() / 1000) + 600,
})

/** Another implementation. `verify` returns the claims of our token, `sign` issues a token with its own key. */
interface Other {
  verify: (token: string, publicJwk: object) => Record<string, unknown>
  sign: (privatePem: string, kid: string) => string
}

/** Hides the other implementations' output on errors. */
const QUIET: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
let bench: Workbench
let folder: string
beforeAll(async () => {
  bench = await workbench()
  folder = mkdtempSync(join(tmpdir(), 'kinescope-chat-interop-'))
  await bench.kc('keys', 'generate')
  await bench.kc('keys', 'register')
})
afterAll(async () => {
  await bench.close()
  rmSync(folder, { recursive: true })
})

const jsonwebtoken: Other = {
  verify: (token, publicJwk) => {
    const key = createPublicKey({ key: publicJwk as JsonWebKey, format: 'jwk' })
    return jwt.verify(token, key, { algorithms: ['RS256'], audience: 'chat' }) as Record<string, unknown>
  },
  sign: (pem, kid) => jwt.sign(CLAIMS(), pem, { algorithm: 'RS256', keyid: kid }),
}

const PYTHON = '/usr/bin/python3'
const python = (...args: string[]) => execFileSync(PYTHON, [here('pyjwt.py'), ...args], QUIET).trim()
const pyjwt: Other = {
  verify: (token, publicJwk) =>
    JSON.parse(python('verify', token, JSON.stringify(publicJwk))) as Record<string, unknown>,
  sign: (pem, kid) => {
    writeFileSync(join(folder, 'key.pem'), pem)
    return python('sign', join(folder, 'key.pem'), kid, JSON.stringify(CLAIMS()))
  },
}

const GOPATH = '/usr/share/gocode'
let goBinary = ''
const go = (...args: string[]) => {
  if (goBinary === '') {
    mkdirSync(join(folder, 'go'))
    writeFileSync(join(folder, 'go', 'main.go'), readFileSync(here('golang-jwt.go.txt')))
    goBinary = join(folder, 'go', 'interop')
    const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOCACHE: join(folder, 'gocache') }
    execFileSync('go', ['build', '-o', goBinary, '.'], { cwd: join(folder, 'go'), env })
  }
  return execFileSync(goBinary, args, QUIET).trim()
}
/** Go with the library and the sample of Kinescope's article, whose `aud` is an array. */
const golang: Other = {
  verify: (token, publicJwk) => {
    const { n } = publicJwk as { n: string }
    return JSON.parse(go('verify', token, n)) as Record<string, unknown>
  },
  sign: (pem, kid) => {
    writeFileSync(join(folder, 'go.pem'), createPrivateKey(pem).export({ type: 'pkcs1', format: 'pem' }))
    return go('sign', join(folder, 'go.pem'), kid, 'user-12345', NAME, EVENT)
  },
}

const runs = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const missingPyjwt = runs(PYTHON, '-c', 'import jwt, cryptography')
  ? null
  : `${PYTHON} has no PyJWT (apt: python3-jwt python3-cryptography)`
const missingGo =
  runs('go', 'version') && existsSync(`${GOPATH}/src/github.com/golang-jwt/jwt`)
    ? null
    : 'Go or golang-jwt is missing (apt: golang-go golang-github-golang-jwt-jwt-dev)'

describe.each<[string, Other, string | null]>([
  ['jsonwebtoken', jsonwebtoken, null],
  ['PyJWT', pyjwt, missingPyjwt],
  ['golang-jwt', golang, missingGo],
])('%s', (name, other, missing) => {
  if (missing) {
    console.warn(`skipped: ${name}: ${missing}`)
    it.skip(`is not installed: ${missing}`, () => undefined)
    return
  }

  it('accepts our tokens with our JWK, and reads the claims unchanged', async () => {
    const { data } = await bench.json(
      'token',
      'mint',
      '--event',
      EVENT,
      '--user',
      'user-12345',
      '--name',
      NAME,
    )
    const [key] = (await readStore({ dir: bench.keyDir })).ring.keys
    const claims = other.verify(data.token as string, publicJwkOf(key!))
    expect(claims).toMatchObject({ user_id: 'user-12345', username: NAME, event_id: EVENT })
    expect([claims['aud']].flat()).toEqual(['chat'])
  }, 120_000)

  it('rejects a changed token', async () => {
    const { data } = await bench.json(
      'token',
      'mint',
      '--event',
      EVENT,
      '--user',
      'user-12345',
      '--name',
      NAME,
    )
    const [header, , signature] = (data.token as string).split('.')
    const payload = Buffer.from(JSON.stringify({ ...CLAIMS(), user_id: 'admin' })).toString('base64url')
    const [key] = (await readStore({ dir: bench.keyDir })).ring.keys
    expect(() => other.verify(`${header}.${payload}.${signature}`, publicJwkOf(key!))).toThrow()
  }, 120_000)

  it('issues tokens that `token verify` accepts', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const token = other.sign(pem, 'key-2024-12-25')
    const file = join(folder, 'public.json')
    writeFileSync(file, JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: 'key-2024-12-25' }))
    const { exit, data } = await bench.json('token', 'verify', token, '--event', EVENT, '--jwk', file)
    expect(exit, JSON.stringify(data.fault)).toBe(0)
    expect(data.claims.username).toBe(NAME)

    // the same with PEM, the most common form
    writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }))
    expect((await bench.json('token', 'verify', token, '--jwk', file, '--kid', 'key-2024-12-25')).exit).toBe(
      0,
    )
    expect(
      (await bench.json('token', 'verify', token, '--jwk', file, '--kid', 'another')).data.fault.code,
    ).toBe('key-not-registered')
  }, 120_000)
})

it.skipIf(missingPyjwt !== null)(
  'loads a private key written by cryptography, in both PEM forms',
  async () => {
    for (const form of ['PKCS8', 'TraditionalOpenSSL']) {
      expect((await loadPrivateKey(python('key', form))).bits).toBe(2048)
    }
  },
)
