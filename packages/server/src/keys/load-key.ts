import { createHash, webcrypto, type KeyObject } from 'node:crypto'
import { OperatorProblem } from '../problem.js'
import { readKeyText } from './key-text.js'

/** The public members of an RSA key (RFC 7518, section 6.3.1), base64url without padding. */
export interface PublicJwk {
  kty: 'RSA'
  n: string
  e: string
}

/** A private key that passed every check. */
export interface LoadedKey {
  /** For RS256, not extractable. */
  privateKey: webcrypto.CryptoKey
  publicJwk: PublicJwk
  bits: number
  /** RFC 7638, SHA-256, base64url. */
  thumbprint: string
  /** The key id that a JWK brought along. */
  kid?: string
}

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
export const MIN_BITS = 2048

/**
 * Reads a private key as people have it: PKCS#8, PKCS#1, encrypted or not, JWK, and all that environment variables,
 * editors and clipboards do to one. Refuses what Kinescope would refuse, or what would only fail at the first
 * signature, and signs once to prove the key.
 *
 * @throws OperatorProblem, whose code begins with `private-key-`
 */
export async function loadPrivateKey(
  text: string,
  { passphrase }: { passphrase?: string | undefined } = {},
): Promise<LoadedKey> {
  const { key, kid } = readKeyText(text, passphrase)
  const bits = refuseUnfit(key)
  const { n, e } = key.export({ format: 'jwk' }) as PublicJwk
  const publicJwk: PublicJwk = { kty: 'RSA', n, e }
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, RS256, false, ['sign'])
  await proveKey(privateKey, publicJwk)
  return { privateKey, publicJwk, bits, thumbprint: thumbprintOf(publicJwk), ...(kid ? { kid } : {}) }
}

/** The RFC 7638 thumbprint: required members only, in lexicographic order. */
export const thumbprintOf = ({ n, e }: { n: string; e: string }): string =>
  createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')

/** Reads the text as OpenSSL does and returns the PKCS#8 PEM, to be kept in a ring. */
export function toPkcs8(text: string, from: string | undefined, to: string | undefined): string {
  return pkcs8Pem(readKeyText(text, from).key, to)
}

export const pkcs8Pem = (key: KeyObject, passphrase: string | undefined): string =>
  key.export({
    type: 'pkcs8',
    format: 'pem',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  }) as string

function refuseUnfit(key: KeyObject): number {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  if (type !== 'rsa') {
    throw new OperatorProblem(
      'private-key-not-rsa',
      `the private key is of type ${type ?? 'unknown'}, and RS256 needs a plain RSA key`,
      'Make one with `kinescope-chat keys generate` or `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`.',
    )
  }
  const bits = details.modulusLength ?? 0
  if (bits < MIN_BITS) {
    throw new OperatorProblem(
      'private-key-too-small',
      `the private key has ${bits} bits, and Kinescope takes keys of at least ${MIN_BITS}`,
      'Make a new key with `kinescope-chat keys generate`; a small key can’t be enlarged.',
    )
  }
  if (details.publicExponent !== 65537n) {
    throw new OperatorProblem(
      'private-key-exponent',
      'the key’s public exponent is not 65537 (AQAB), the one Kinescope documents',
      'Make a new key with `kinescope-chat keys generate`.',
    )
  }
  return bits
}

/** A key whose parts don't belong together imports without a word: only a signature shows it. */
async function proveKey(privateKey: webcrypto.CryptoKey, publicJwk: PublicJwk): Promise<void> {
  const { subtle } = webcrypto
  const probe = new TextEncoder().encode('kinescope-chat')
  const publicKey = await subtle.importKey('jwk', { ...publicJwk }, RS256, false, ['verify'])
  const good = await subtle
    .sign(RS256.name, privateKey, probe)
    .then((signature) => subtle.verify(RS256.name, publicKey, signature, probe))
    .catch(() => false)
  if (!good) {
    throw new OperatorProblem(
      'private-key-inconsistent',
      'the private key does not fit its own public part: a signature made with it does not verify',
      'Restore the key from where it was made, or make a new one with `kinescope-chat keys generate`.',
    )
  }
}
