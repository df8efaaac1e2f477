import { createHash, createPrivateKey, type KeyObject, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import {
  importPrivateKey,
  MIN_BITS,
  readKeyText,
  toPkcs8Der,
  type ImportedKey,
  type PublicJwk,
} from './import-key.js'
import { OperatorProblem } from '../problem.js'

/** A private key that passed every check, with the name of its public half. */
export interface LoadedKey extends ImportedKey {
  /** RFC 7638, SHA-256, base64url. */
  thumbprint: string
}

/** Reads a private key in any common form. @throws OperatorProblem, whose code begins with `private-key-` */
export async function loadPrivateKey(
  text: string,
  options: { passphrase?: string | undefined } = {},
): Promise<LoadedKey> {
  const key = await importPrivateKey(text, options)
  return { ...key, thumbprint: thumbprintOf(key.publicJwk) }
}

/** The RFC 7638 thumbprint: required members only, in lexicographic order. */
export const thumbprintOf = ({ n, e }: { n: string; e: string }): string =>
  createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')

/** Reads the text in any form and returns the PKCS#8 PEM for a key ring. */
export async function toPkcs8(
  text: string,
  from: string | undefined,
  to: string | undefined,
): Promise<string> {
  const der = await toPkcs8Der(readKeyText(text), from)
  return pkcs8Pem(createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }), to)
}

const pkcs8Pem = (key: KeyObject, passphrase: string | undefined): string =>
  key.export({
    type: 'pkcs8',
    format: 'pem',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  }) as string

/** The useful sizes: 3072 signs 3 to 5 times slower than 2048, 4096 about 13 times. */
export const KEY_SIZES: readonly number[] = [2048, 3072, 4096]
/** OpenSSL derives the file's key with few rounds, so the passphrase itself must be hard to guess. */
const MIN_PASSPHRASE = 16

export interface GeneratedKey {
  kid: string
  /** PKCS#8, encrypted if there is a passphrase. */
  pem: string
  publicJwk: PublicJwk
  bits: number
  thumbprint: string
}

/** Makes an RSA key pair off the main thread, in 0.1 s for 2048 bits and about 1 s for 4096. */
export async function generateKey({
  bits = MIN_BITS,
  passphrase,
  now,
}: {
  bits?: number | undefined
  passphrase?: string | undefined
  /** ms since the epoch */
  now: number
}): Promise<GeneratedKey> {
  if (!KEY_SIZES.includes(bits)) {
    throw new OperatorProblem(
      'key-size',
      `a key of ${bits} bits can’t be made`,
      `Choose ${KEY_SIZES.join(', ')} bits; Kinescope takes no key below ${MIN_BITS}.`,
    )
  }
  if (passphrase !== undefined && passphrase.length < MIN_PASSPHRASE) {
    throw new OperatorProblem(
      'passphrase-short',
      `the passphrase has fewer than ${MIN_PASSPHRASE} characters`,
      'Take a random one: `openssl rand -base64 24`.',
    )
  }
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: bits,
    publicExponent: 65537,
  })
  const { n, e } = privateKey.export({ format: 'jwk' }) as PublicJwk
  const thumbprint = thumbprintOf({ n, e })
  return {
    kid: kidOf(thumbprint, now),
    pem: pkcs8Pem(privateKey, passphrase),
    publicJwk: { kty: 'RSA', n, e },
    bits,
    thumbprint,
  }
}

/**
 * Combines the day, for people, with the thumbprint, for uniqueness. A day alone, as in the article's `key-2024-12-25`,
 * collides on the second rotation of a day. The same `kid` here always means the same key.
 */
export const kidOf = (thumbprint: string, now: number): string =>
  `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}-${thumbprint.slice(0, 16)}`
