import type { CryptoKey } from 'jose'

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
