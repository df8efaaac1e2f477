import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { loadPrivateKey } from '../../src/keys/private-key.js'
import { OperatorProblem } from '../../src/problem.js'

const rsa = (modulusLength: number, publicExponent = 65537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' = 'pkcs8') =>
  key.export({ type, format: 'pem' }) as string
const encrypted = (key: KeyObject, type: 'pkcs8' | 'pkcs1', passphrase: string) =>
  key.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string

const key = rsa(2048)
const PKCS8 = pem(key)
const jwk = key.export({ format: 'jwk' })
const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string
const oneLine = PKCS8.trim().replaceAll('\n', ' ')

const FORMS: Record<string, string> = {
  'PKCS#8': PKCS8,
  'PKCS#1': pem(key, 'pkcs1'),
  'a byte-order mark before it': `\uFEFF${PKCS8}`,
  'CRLF line ends': PKCS8.replaceAll('\n', '\r\n'),
  'CR line ends': PKCS8.replaceAll('\n', '\r'),
  'no final line end': PKCS8.trim(),
  'blanks at line ends and indentation': PKCS8.replaceAll('\n', '  \n    '),
  'literal \\n': PKCS8.replaceAll('\n', '\\n'),
  'literal \\r\\n': PKCS8.replaceAll('\n', '\\r\\n'),
  'one line with blanks': oneLine,
  'one line of PKCS#1': pem(key, 'pkcs1').trim().replaceAll('\n', ' '),
  'double quotes around it': `"${PKCS8.replaceAll('\n', '\\n')}"`,
  'single quotes around it': `'${PKCS8}'`,
  'comments before and after it': `# from the vault\nsubject=chat\n${PKCS8}\n# end\n`,
  'its public key beside it': publicPem + PKCS8,
  'base64 of the PEM': Buffer.from(PKCS8).toString('base64'),
  'wrapped base64 of the PEM': Buffer.from(PKCS8).toString('base64').replace(/.{76}/g, '$&\n'),
  'base64 of the DER, PKCS#8': key.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  'base64 of the DER, PKCS#1': key.export({ type: 'pkcs1', format: 'der' }).toString('base64'),
  'a JWK': JSON.stringify(jwk),
  'a JWK with use, alg and kid': JSON.stringify({ ...jwk, use: 'sig', alg: 'RS256', kid: 'k1' }),
  'base64 of a JWK': Buffer.from(JSON.stringify(jwk)).toString('base64'),
}

describe('loadPrivateKey', () => {
  it.each(Object.entries(FORMS))('reads %s', async (_form, text) => {
    const loaded = await loadPrivateKey(text)
    expect(loaded.publicJwk).toEqual({ kty: 'RSA', n: jwk.n, e: 'AQAB' })
    expect(loaded.bits).toBe(2048)
    expect(loaded.privateKey.extractable).toBe(false)
    expect(loaded.privateKey.usages).toEqual(['sign'])
  })

  it.each(['pkcs8', 'pkcs1'] as const)('decrypts an encrypted %s key, also on one line', async (type) => {
    const text = encrypted(key, type, 'correct horse battery')
    for (const form of [text, text.replaceAll('\n', '\\n'), text.trim().replaceAll('\n', ' ')]) {
      expect((await loadPrivateKey(form, { passphrase: 'correct horse battery' })).publicJwk.n).toBe(jwk.n)
    }
  })

  it('keeps the kid of a JWK', async () => {
    expect((await loadPrivateKey(JSON.stringify({ ...jwk, kid: 'k1' }))).kid).toBe('k1')
  })

  it.each([3072, 4096])('accepts a key of %i bits', async (bits) => {
    expect((await loadPrivateKey(pem(rsa(bits)))).bits).toBe(bits)
  })

  const other = rsa(2048)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
  const REFUSED: [string, string, string, string?][] = [
    ['nothing', '  ', 'private-key-malformed'],
    ['words', 'not a key!', 'private-key-malformed'],
    ['UTF-16', Buffer.from(PKCS8, 'utf16le').toString('utf8'), 'private-key-malformed'],
    ['a key that is cut off', PKCS8.slice(0, 800), 'private-key-malformed'],
    ['a key with a hole', PKCS8.replace(/\n.{64}\n/, '\n'), 'private-key-malformed'],
    [
      'OpenSSH’s format',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
      'private-key-malformed',
    ],
    [
      'base64 of base64',
      Buffer.from(Buffer.from('abcd').toString('base64')).toString('base64'),
      'private-key-malformed',
    ],
    ['a public key', publicPem, 'private-key-public'],
    ['a public JWK', JSON.stringify({ kty: 'RSA', n: jwk.n, e: jwk.e }), 'private-key-public'],
    ['two private keys', PKCS8 + pem(other), 'private-key-ambiguous'],
    ['a JWK Set', JSON.stringify({ keys: [jwk] }), 'private-key-ambiguous'],
    [
      'an encrypted key without a passphrase',
      encrypted(key, 'pkcs8', 'correct horse'),
      'private-key-encrypted',
    ],
    [
      'an encrypted PKCS#1 key without one',
      encrypted(key, 'pkcs1', 'correct horse'),
      'private-key-encrypted',
    ],
    ['a wrong passphrase', encrypted(key, 'pkcs8', 'correct horse'), 'private-key-passphrase', 'wrong'],
    ['1024 bits', pem(rsa(1024)), 'private-key-too-small'],
    ['2047 bits', pem(rsa(2047)), 'private-key-too-small'],
    ['the exponent 3', pem(rsa(2048, 3)), 'private-key-exponent'],
    ['an elliptic curve key', pem(ec), 'private-key-not-rsa'],
    ['an RSA-PSS key', pem(pss), 'private-key-not-rsa'],
    ['an EC JWK', JSON.stringify(ec.export({ format: 'jwk' })), 'private-key-not-rsa'],
    ['a JWK for another algorithm', JSON.stringify({ ...jwk, alg: 'PS256' }), 'private-key-algorithm'],
    ['a JWK for encryption', JSON.stringify({ ...jwk, use: 'enc' }), 'private-key-algorithm'],
  ]
  it.each(REFUSED)('rejects %s', async (_what, text, code, passphrase) => {
    const error: unknown = await loadPrivateKey(text, { passphrase }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OperatorProblem)
    expect((error as OperatorProblem).code).toBe(code)
    expect((error as OperatorProblem).remediation).not.toBe('')
  })

  it('rejects a key whose modulus belongs to another key', async () => {
    const mixed = { ...jwk, n: other.export({ format: 'jwk' }).n }
    await expect(loadPrivateKey(JSON.stringify(mixed))).rejects.toThrow(OperatorProblem)
  })

  it('repeats no part of the key in its errors', async () => {
    for (const [, text, , passphrase] of REFUSED) {
      const error = (await loadPrivateKey(text, { passphrase }).catch(
        (thrown: unknown) => thrown,
      )) as OperatorProblem
      const body = /[\w+/-]{40,}/.exec(text)?.[0]
      if (body) expect(`${error.message} ${error.remediation}`).not.toContain(body.slice(0, 24))
    }
  })

  it('returns the same RFC 7638 thumbprint for every form', async () => {
    const prints = await Promise.all(
      Object.values(FORMS).map(async (text) => (await loadPrivateKey(text)).thumbprint),
    )
    expect(new Set(prints).size).toBe(1)
    const { calculateJwkThumbprint } = await import('jose')
    expect(prints[0]).toBe(
      await calculateJwkThumbprint(createPrivateKey(PKCS8).export({ format: 'jwk' }) as JWK),
    )
  })
})
