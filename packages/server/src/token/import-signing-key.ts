import { importJWK, importPKCS8, type CryptoKey, type JWK } from 'jose'
import { OperatorProblem } from '../problem.js'
import type { SigningKey } from './signing-key.js'

/** RFC 7518, section 3.3. */
const MIN_BITS = 2048

export interface SigningKeyInput {
  /** The id the public key is registered under at Kinescope. */
  kid: string
  /** PKCS#8 PEM (escaped newlines are fine), a private JWK as an object or JSON, or an imported key. */
  privateKey: string | JWK | CryptoKey
  /** When the public key dies at Kinescope. */
  expiresAt?: Date | string | null
}

/** Makes a signing key with Web Crypto alone, for edge runtimes; `kinescope-chat serve` reads many more forms. */
export async function importSigningKey({
  kid,
  privateKey,
  expiresAt = null,
}: SigningKeyInput): Promise<SigningKey> {
  if (!kid) throw badKey('there is no kid', 'Give the kid the public key is registered under.')
  const expires = expiresAt === null ? null : new Date(expiresAt).getTime()
  if (Number.isNaN(expires))
    throw badKey('expiresAt is no date', 'Give an ISO 8601 date, such as 2027-12-31T23:59:59Z.')
  const key = isImported(privateKey) ? privateKey : await importText(privateKey)
  const { name, modulusLength } = key.algorithm as { name: string; modulusLength: number }
  if (key.type !== 'private' || name !== 'RSASSA-PKCS1-v1_5') {
    throw badKey(
      'it is not a private RSA key for RS256',
      'Use the private key whose public half is registered.',
    )
  }
  if (modulusLength < MIN_BITS) {
    throw badKey(
      `it has ${modulusLength} bits`,
      'Make one of 2048 bits or more: kinescope-chat keys generate',
    )
  }
  return { kid, privateKey: key, expiresAt: expires }
}

async function importText(given: string | JWK): Promise<CryptoKey> {
  try {
    if (typeof given !== 'string') return (await importJWK(given, 'RS256')) as CryptoKey
    const text = given
      .replaceAll('\\n', '\n')
      .replace(/^["']|["']$/g, '')
      .trim()
    if (text.startsWith('{')) return (await importJWK(JSON.parse(text) as JWK, 'RS256')) as CryptoKey
    return await importPKCS8(text, 'RS256')
  } catch {
    // the library's message is left out: it may quote what it was given
    throw badKey(
      'it could not be read',
      'Give PKCS#8 PEM (openssl pkcs8 -topk8 -nocrypt -in key.pem) or a private JWK.',
    )
  }
}

function isImported(key: string | JWK | CryptoKey): key is CryptoKey {
  return typeof key === 'object' && 'algorithm' in key
}

function badKey(message: string, remediation: string): OperatorProblem {
  return new OperatorProblem('key-unavailable', `The signing key can't be used: ${message}.`, remediation)
}
