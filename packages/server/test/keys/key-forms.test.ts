import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { importJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { openKeys } from '../../src/keys/source/open-keys.js'
import { readServeConfig } from '../../src/config.js'
import { readKeyText } from '../../src/keys/import-key.js'
import { ConfigProblem, OperatorProblem } from '../../src/problem.js'
import { importSigningKey, type SigningKey } from '../../src/token/signing-key.js'
import { mintToken } from '../../src/token/mint-token.js'
import { runs } from '../../../../scripts/test-tier.js'

const PASSPHRASE = 'correct horse battery staple'
const { privateKey: key, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (type: 'pkcs8' | 'pkcs1', options = {}) =>
  key.export({ type, format: 'pem', ...options }) as string
const der = (type: 'pkcs8' | 'pkcs1') => key.export({ type, format: 'der' })
const encrypted = (type: 'pkcs8' | 'pkcs1', cipher = 'aes-256-cbc') =>
  pem(type, { cipher, passphrase: PASSPHRASE })
const jwk = key.export({ format: 'jwk' })
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')

const PKCS8 = pem('pkcs8')
const escaped = (newline: string) => PKCS8.replaceAll('\n', newline)

const FORMS: Record<string, string> = {
  'PKCS#8': PKCS8,
  'PKCS#1': pem('pkcs1'),
  'PKCS#1 under PKCS#8’s label': pem('pkcs1').replaceAll('RSA PRIVATE', 'PRIVATE'),
  'CRLF line ends': escaped('\r\n'),
  'CR line ends': escaped('\r'),
  'no final line end': PKCS8.trim(),
  'literal \\n': escaped('\\n'),
  'literal \\r\\n': escaped('\\r\\n'),
  'doubly escaped newlines': escaped('\\\\n'),
  'newlines escaped three times over': escaped('\\\\\\\\n'),
  'doubly escaped \\r\\n': escaped('\\\\r\\\\n'),
  'a JSON string': JSON.stringify(PKCS8),
  'a JSON string in a JSON string': JSON.stringify(JSON.stringify(PKCS8)),
  'a JSON string with escaped slashes, as PHP writes it': JSON.stringify(PKCS8).replaceAll('/', '\\/'),
  'one line with blanks': PKCS8.trim().replaceAll('\n', ' '),
  'one line without blanks': PKCS8.replace(/\s+/g, ''),
  'tabs for line ends': escaped('\t'),
  'double quotes': `"${escaped('\\n')}"`,
  'single quotes and a line end after them': `'${PKCS8}'\n`,
  'a byte-order mark': `\ufeff${PKCS8}`,
  'the indentation of YAML': PKCS8.replaceAll('\n', '\n    '),
  'blank lines between its lines': escaped('\n\n'),
  'a comment, attributes and the public key around it': `# chat\nBag Attributes\n    localKeyID: 01\n${PKCS8}${createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string}`,
  'base64 of the PEM': base64(PKCS8),
  'base64 of the PEM, wrapped and indented': base64(PKCS8).replace(/.{64}/g, '$&\n  '),
  'base64url of the PEM, without padding': Buffer.from(PKCS8).toString('base64url'),
  'base64 of base64 of the PEM': base64(base64(PKCS8)),
  'base64 of a PEM with a byte-order mark': base64(`\ufeff${PKCS8}`),
  'base64 of a PEM with a comment before it': base64(`# chat\n${PKCS8}`),
  'base64 of an escaped, quoted PEM': base64(`"${escaped('\\n')}"`),
  'base64 of the DER, PKCS#8': base64(der('pkcs8')),
  'base64 of the DER, PKCS#1': base64(der('pkcs1')),
  'a JWK': JSON.stringify(jwk),
  'a JWK, indented, with use, alg, kid and key_ops': JSON.stringify(
    { ...jwk, use: 'sig', alg: 'RS256', kid: 'k1', key_ops: ['sign'] },
    null,
    2,
  ),
  'a JWK in quotes': `'${JSON.stringify(jwk)}'`,
  'a JWK as a JSON string': JSON.stringify(JSON.stringify(jwk)),
  'base64 of a JWK': base64(JSON.stringify(jwk)),
  'an encrypted PKCS#8': encrypted('pkcs8'),
  'an encrypted PKCS#8 on one line': encrypted('pkcs8').trim().replaceAll('\n', '\\n'),
  'base64 of the DER of an encrypted PKCS#8': encrypted('pkcs8').replace(/-----.*-----|\s/g, ''),
  'an encrypted PKCS#1 of old': encrypted('pkcs1'),
  'an encrypted PKCS#1 of old, 3DES, on one line': encrypted('pkcs1', 'des-ede3-cbc')
    .trim()
    .replaceAll('\n', ' '),
}

/** The two entry points for a private key: the settings of `serve`, and the API. */
const ENTRY_POINTS: Record<string, (text: string, passphrase?: string) => Promise<SigningKey>> = {
  serve: async (text, passphrase) => {
    const env = {
      CHAT_EVENTS: 'a',
      CHAT_IDENTITY: 'forward',
      CHAT_IDENTITY_URL: 'https://site.test/me',
      CHAT_PRIVATE_KEY: text,
      CHAT_KEY_ID: 'kid',
      ...(passphrase === undefined ? {} : { CHAT_KEY_PASSPHRASE: passphrase }),
    }
    const choice = (await openKeys(readServeConfig(env))).current(Date.now())
    if ('problem' in choice) throw new Error(choice.problem)
    return choice.key
  },
  importSigningKey: (text, passphrase) =>
    importSigningKey({ kid: 'kid', privateKey: text, ...(passphrase === undefined ? {} : { passphrase }) }),
}

async function proves(signer: SigningKey): Promise<void> {
  const visitor = { userId: 'u', username: 'n', eventId: 'e', ttl: 60, notBefore: false, now: Date.now() }
  const { token } = await mintToken({ key: signer, ...visitor })
  await jwtVerify(token, await importJWK(publicKey.export({ format: 'jwk' }) as never, 'RS256'))
}

describe.each(Object.entries(ENTRY_POINTS))('a private key given to %s', (entryPoint, open) => {
  it.each(Object.entries(FORMS))('is read as %s, and signs', async (_form, text) => {
    await proves(await open(text, PASSPHRASE))
  })

  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const exported = (other: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
    other.export({ type, format: 'pem' }) as string
  const spki = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string
  const REFUSED: Record<string, [text: string, code: string, passphrase?: string]> = {
    'a public key': [spki, 'private-key-public'],
    'base64 of the DER of a public key': [spki.replace(/-----.*-----|\s/g, ''), 'private-key-public'],
    'a public JWK': [JSON.stringify({ kty: 'RSA', n: jwk.n, e: jwk.e }), 'private-key-public'],
    'a certificate': [spki.replaceAll('PUBLIC KEY', 'CERTIFICATE'), 'private-key-public'],
    'a certificate request': [spki.replaceAll('PUBLIC KEY', 'CERTIFICATE REQUEST'), 'private-key-public'],
    'an EC key, PKCS#8': [exported(ec.privateKey), 'private-key-not-rsa'],
    'an EC key, SEC1': [exported(ec.privateKey, 'sec1'), 'private-key-not-rsa'],
    'an Ed25519 key': [exported(generateKeyPairSync('ed25519').privateKey), 'private-key-not-rsa'],
    'an EC JWK': [JSON.stringify(ec.privateKey.export({ format: 'jwk' })), 'private-key-not-rsa'],
    '1024 bits': [exported(rsa(1024)), 'private-key-too-small'],
    'an encrypted key without a passphrase': [encrypted('pkcs8'), 'private-key-encrypted'],
    'a wrong passphrase': [encrypted('pkcs8'), 'private-key-passphrase', 'another'],
    'a wrong passphrase for an old encryption': [encrypted('pkcs1'), 'private-key-passphrase', 'another'],
    'an encryption too old to be opened': [
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,0011223344556677\n\nAAAA\n-----END RSA PRIVATE KEY-----',
      'private-key-encryption',
      PASSPHRASE,
    ],
    'a key that is cut off': [PKCS8.slice(0, 900), 'private-key-malformed'],
    'a key with a line missing': [PKCS8.replace(/\n.{64}\n/, '\n'), 'private-key-malformed'],
    'the name of a file': ['/run/secrets/chat/private', 'private-key-malformed'],
    'the name of a file beside it': ['key.pem', 'private-key-malformed'],
    'a variable that nobody expanded': ['$(cat key.pem)', 'private-key-malformed'],
    'a JWK Set': [JSON.stringify({ keys: [jwk] }), 'private-key-ambiguous'],
    'another JSON': [JSON.stringify({ private_key_id: '1' }), 'private-key-malformed'],
  }
  it.each(Object.entries(REFUSED))(
    'is rejected as %s, with a remedy',
    async (_what, [text, code, passphrase]) => {
      const error: unknown = await open(text, passphrase).catch((thrown: unknown) => thrown)
      const { message, remediation } =
        error instanceof ConfigProblem ? error.settings[0]! : (error as OperatorProblem)
      if (entryPoint === 'serve') expect(error).toBeInstanceOf(ConfigProblem)
      else expect(error).toMatchObject({ code })
      expect(remediation).not.toBe('')
      const body = /[\w+/-]{40,}/.exec(text)?.[0]
      if (body) expect(message + remediation).not.toContain(body.slice(0, 24))
    },
  )
})

describe('the reader of keys', () => {
  it('returns a key or its own error for any text (property)', () => {
    const pieces = fc.constantFrom(
      '-----BEGIN ',
      'PRIVATE KEY',
      '-----',
      '-----END ',
      '\\n',
      '{',
      '"',
      '%0A',
      'MIIE',
      'Proc-Type: 4',
      '\n',
      '=',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(pieces, fc.string())).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        try {
          readKeyText(text)
        } catch (error) {
          expect(error).toBeInstanceOf(OperatorProblem)
        }
      }),
      { numRuns: runs(500) },
    )
  })

  it('takes time linear in the text’s length', () => {
    for (const unit of [
      '-----BEGIN A-----',
      '\\',
      '%0',
      '"\\n',
      'AAAA',
      '-----BEGIN PRIVATE KEY-----Proc-Type: 4 DEK-Info:',
      '= ',
    ])
      expect(() => readKeyText(unit.repeat(4_000_000 / unit.length)), unit).toThrow(OperatorProblem)
    for (const unit of [
      '-----BEGIN A-----',
      '\\',
      '%0',
      '"\\n',
      '\n',
      '-----BEGIN PRIVATE KEY-----Proc-Type: 4 DEK-Info:',
      '= ',
    ]) {
      const costs = [16_000, 64_000].map((size) => {
        const text = unit.repeat(size / unit.length)
        const best = Array.from({ length: 5 }, () => {
          const started = performance.now()
          try {
            readKeyText(text)
          } catch {
            // the text is rejected, as expected
          }
          return performance.now() - started
        })
        return Math.min(...best)
      })
      // for four times the length, quadratic work would take sixteen times as long
      expect(costs[1]!, unit).toBeLessThan(Math.max(costs[0]! * 10, 100))
    }
  })
})
