import type { VerifyKey } from '../token/verify-token.js'
import { keyState, type KeyRing } from './key-state.js'

/** The keys Kinescope should know, by the ring. */
export const registeredKeys = (ring: KeyRing, now: number): VerifyKey[] =>
  ring.keys
    .filter((key) => ['published', 'active', 'retiring', 'expired'].includes(keyState(key, now)))
    .map(({ kid, n, e, expiresAt }) => ({ kid, kty: 'RSA', n, e, expiresAt }))
