import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { OperatorProblem } from '../problem.js'
import { MIN_BITS, pkcs8Pem, thumbprintOf, type PublicJwk } from './load-key.js'

/** The sizes that make sense: 3072 signs 3 to 5 times slower than 2048, 4096 about 13 times. */
export const KEY_SIZES: readonly number[] = [2048, 3072, 4096]
/** OpenSSL derives the file's key with few rounds, so the passphrase itself has to be hard to guess. */
const MIN_PASSPHRASE = 16

export interface GeneratedKey {
  kid: string
  /** PKCS#8, encrypted where a passphrase was given. */
  pem: string
  publicJwk: PublicJwk
  bits: number
  thumbprint: string
}

/** Makes an RSA key pair; off the main thread, 0.1 s for 2048 bits and about 1 s for 4096. */
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
 * The day for people, the thumbprint for uniqueness: the article's `key-2024-12-25` collides on the second rotation
 * of a day, and the same `kid` here always means the same key.
 */
export const kidOf = (thumbprint: string, now: number): string =>
  `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}-${thumbprint.slice(0, 16)}`
