import type { KeySource, SigningKey } from '../../token/signing-key.js'

/** One key that is there from the start: `CHAT_PRIVATE_KEY`, an edge function's secret, a test. */
export function fixedKeySource(key: SigningKey): KeySource {
  return {
    current: (now) => (key.expiresAt !== null && key.expiresAt <= now ? { problem: 'key-expired' } : { key }),
  }
}
