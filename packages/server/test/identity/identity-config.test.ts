import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import { ConfigProblem } from '../../src/problem.js'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
const SECRET = 'a-secret-of-thirty-two-bytes-and-more'
const AUDIENCE = { CHAT_IDENTITY_AUDIENCE: 'chat-of-the-site' }

function problemsOf(env: Record<string, string>): string[] {
  try {
    readServeConfig({ CHAT_EVENTS: 'stream', CHAT_IDENTITY: 'jwt', ...env })
    return []
  } catch (error) {
    if (error instanceof ConfigProblem) return error.settings.map(({ name }) => name)
    throw error
  }
}

describe('identity tokens of the site', () => {
  it('need an audience if the key signs for other recipients too', () => {
    const jwks = { CHAT_IDENTITY_JWKS_URL: 'https://www.example.com/jwks.json' }
    const key = { CHAT_IDENTITY_PUBLIC_KEY: pem }
    expect(problemsOf(jwks)).toEqual(['CHAT_IDENTITY_AUDIENCE'])
    expect(problemsOf(key)).toEqual(['CHAT_IDENTITY_AUDIENCE'])
    expect(problemsOf({ ...jwks, ...AUDIENCE })).toEqual([])
    expect(problemsOf({ ...key, ...AUDIENCE })).toEqual([])
    expect(problemsOf({ CHAT_IDENTITY_SECRET: SECRET })).toEqual([])
  })

  it('need a public key that can be loaded, which is checked at start', () => {
    const broken = [pem.replace('\nMF', '\nAA'), '{"kty":"EC"}', '{', SECRET, pem.slice(0, 60)]
    for (const text of broken) {
      expect(problemsOf({ CHAT_IDENTITY_PUBLIC_KEY: text, ...AUDIENCE }), text.slice(0, 30)).toEqual([
        'CHAT_IDENTITY_PUBLIC_KEY',
      ])
    }
    const useless = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('ed448'),
      generateKeyPairSync('x25519'),
    ]
    for (const { publicKey: key } of useless) {
      const text = key.export({ type: 'spki', format: 'pem' }) as string
      expect(problemsOf({ CHAT_IDENTITY_PUBLIC_KEY: text, ...AUDIENCE }), key.asymmetricKeyType).toEqual([
        'CHAT_IDENTITY_PUBLIC_KEY',
      ])
    }
    const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }))
    for (const text of [jwk, pem.replaceAll('\n', '\\n')]) {
      expect(problemsOf({ CHAT_IDENTITY_PUBLIC_KEY: text, ...AUDIENCE })).toEqual([])
    }
  })

  it('need a strong secret', () => {
    for (const weak of ['short', 'x'.repeat(64), 'ab'.repeat(40), '\u{1f600}'.repeat(8)]) {
      expect(problemsOf({ CHAT_IDENTITY_SECRET: weak }), weak.slice(0, 8)).toEqual(['CHAT_IDENTITY_SECRET'])
    }
  })

  it('can expire as late as the setting allows', () => {
    const identity = (env: Record<string, string>) =>
      readServeConfig({ CHAT_EVENTS: 'stream', CHAT_IDENTITY: 'jwt', CHAT_IDENTITY_SECRET: SECRET, ...env })
        .identity
    expect(identity({})).toMatchObject([{ maxAge: 86_400 }])
    expect(identity({ CHAT_IDENTITY_MAX_AGE: '600' })).toMatchObject([{ maxAge: 600 }])
    for (const wrong of ['0', '59', '1d', '-1', '31536001']) {
      expect(problemsOf({ CHAT_IDENTITY_SECRET: SECRET, CHAT_IDENTITY_MAX_AGE: wrong }), wrong).toEqual([
        'CHAT_IDENTITY_MAX_AGE',
      ])
    }
  })
})
