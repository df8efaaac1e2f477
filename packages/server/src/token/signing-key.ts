import type { CryptoKey, JWK } from 'jose'
import { importPrivateKey, MIN_BITS } from '../keys/import-key.js'
import { OperatorProblem } from '../problem.js'

/**
 * Signs with a key that is held elsewhere (KMS, HSM, vault): RSASSA-PKCS1-v1_5 with SHA-256 over `data`, the bytes of the
 * JWS signing input (RFC 7515, section 5.1). Should give up when `signal` does.
 */
export type SignFunction = (data: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>

interface SigningKeyFacts {
  readonly kid: string
  /** Milliseconds since the epoch after which the public key is dead at Kinescope; null where unknown. */
  readonly expiresAt: number | null
}

/** A private key that may sign now, under the id Kinescope knows it by: here, or behind a function. */
export type SigningKey = SigningKeyFacts &
  (
    | {
        /** RSASSA-PKCS1-v1_5 with SHA-256, imported once: parsing a PEM for every token costs three times the signature. */
        readonly privateKey: CryptoKey
      }
    | {
        /** As `remoteSigningKey` makes it: bounded, and its signatures verified. */
        readonly sign: SignFunction
      }
  )

/** The key to sign with at a moment, or the code of why there is none. */
export type KeyChoice =
  { key: SigningKey } | { problem: 'key-unavailable' | 'key-not-registered' | 'key-expired' }

/** Where signing keys come from. Asked for every token, so the answer must be at hand. */
export interface KeySource {
  /** @param now milliseconds since the epoch */
  current(now: number): KeyChoice
}

/** One key that is there from the start: `CHAT_PRIVATE_KEY`, an edge function's secret, a test. */
export function fixedKeySource(key: SigningKey): KeySource {
  return {
    current: (now) => (key.expiresAt !== null && key.expiresAt <= now ? { problem: 'key-expired' } : { key }),
  }
}

export interface SigningKeyInput {
  /** The id the public key is registered under at Kinescope. */
  kid: string
  /**
   * Everything that `CHAT_PRIVATE_KEY` takes: PEM (PKCS#8, PKCS#1, encrypted or not; escaped newlines, one line), base64 of
   * it or of the DER, a private JWK as JSON or as an object; or a key that Web Crypto has imported.
   */
  privateKey: string | JWK | CryptoKey
  /** Opens an encrypted key, where the runtime has `node:crypto`. */
  passphrase?: string
  /** When the public key dies at Kinescope. */
  expiresAt?: Date | string | null
}

/**
 * Makes a signing key, on Node and on edge runtimes alike.
 * @throws OperatorProblem: `key-unavailable`, or a code that begins with `private-key-`
 */
export async function importSigningKey({
  kid,
  privateKey,
  passphrase,
  expiresAt = null,
}: SigningKeyInput): Promise<SigningKey> {
  const id = kid.trim()
  if (id === '' || /\p{Cc}/u.test(id)) {
    throw badKey('there is no kid', 'Give the kid the public key is registered under.')
  }
  const expires = expiresAt === null ? null : new Date(expiresAt).getTime()
  if (Number.isNaN(expires))
    throw badKey('expiresAt is no date', 'Give an ISO 8601 date, such as 2027-12-31T23:59:59Z.')
  const key = isImported(privateKey)
    ? checkImported(privateKey)
    : (await importPrivateKey(privateKey, { passphrase })).privateKey
  return { kid: id, privateKey: key, expiresAt: expires }
}

interface RsaAlgorithm {
  name: string
  modulusLength: number
  hash: { name: string }
}

function isImported(key: string | JWK | CryptoKey): key is CryptoKey {
  return typeof key === 'object' && 'algorithm' in key
}

function checkImported(key: CryptoKey): CryptoKey {
  const { name, modulusLength, hash } = key.algorithm as unknown as RsaAlgorithm
  if (key.type !== 'private' || name !== 'RSASSA-PKCS1-v1_5' || hash.name !== 'SHA-256') {
    throw badKey(
      'it is not a private RSA key for RS256',
      'Use the private key whose public half is registered.',
    )
  }
  if (modulusLength < MIN_BITS) {
    throw badKey(
      `it has ${modulusLength} bits`,
      'Make one of 2048 bits or more: kinescope-chat-server keys generate',
    )
  }
  return key
}

function badKey(message: string, remediation: string): OperatorProblem {
  return new OperatorProblem('key-unavailable', `The signing key can't be used: ${message}.`, remediation)
}

export const DAY_MS = 86_400_000
/** Operators may be on holiday; a rotation itself takes ten minutes. */
export const WARN_DAYS = 30

/** Whole days until the signing key expires at Kinescope; null where there is no key, or its end is unknown. */
export function daysLeft(choice: KeyChoice, now: number): number | null {
  if (!('key' in choice) || choice.key.expiresAt === null) return null
  return Math.floor((choice.key.expiresAt - now) / DAY_MS)
}

/** Whether the key ends so soon that operators need a warning. */
export function endsSoon(choice: KeyChoice, now: number): boolean {
  const days = daysLeft(choice, now)
  return days !== null && days < WARN_DAYS
}
