import { CompactSign } from 'jose'
import { chatClaims, type ChatClaimsInput } from './claims.js'
import type { SigningKey } from './signing-key.js'

export interface MintTokenInput extends Omit<ChatClaimsInput, 'expiresAtCap' | 'now'> {
  key: SigningKey
  /** Milliseconds since the epoch; the system's clock by default. */
  now?: number
}

export interface MintedToken {
  /** The RS256 JWT. Whoever has it is that visitor until it expires: never log it. */
  token: string
  /** Seconds the token lives; less than asked for where the key dies earlier, and never positive once it is dead. */
  expiresIn: number
  kid: string
}

const encoder = new TextEncoder()

/** Signs a chat token. Web Crypto signs off the main thread, so the event loop stays free meanwhile. */
export async function mintToken({ key, now = Date.now(), ...input }: MintTokenInput): Promise<MintedToken> {
  const claims = chatClaims({ ...input, now, expiresAtCap: key.expiresAt })
  // the claims are ours to the last character: SignJWT would clone and check them once more
  const token = await new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid })
    .sign(key.privateKey)
  return { token, expiresIn: claims.exp - Math.floor(now / 1000), kid: key.kid }
}
