import type { CryptoKey } from 'jose'

/** A private key that may sign now, under the id Kinescope knows it by. */
export interface SigningKey {
  readonly kid: string
  /** RSASSA-PKCS1-v1_5 with SHA-256, imported once: parsing a PEM for every token costs three times the signature. */
  readonly privateKey: CryptoKey
  /** Milliseconds since the epoch after which the public key is dead at Kinescope; null where unknown. */
  readonly expiresAt: number | null
}

/** The key to sign with at a moment, or the code of why there is none. */
export type KeyChoice =
  { key: SigningKey } | { problem: 'key-unavailable' | 'key-not-registered' | 'key-expired' }

/** Where signing keys come from. Asked for every token, so the answer must be at hand. */
export interface KeySource {
  /** @param now milliseconds since the epoch */
  current(now: number): KeyChoice
}
