import { createPublicKey } from 'node:crypto'
import { OperatorProblem } from '../problem.js'
import { thumbprintOf, type PublicJwk } from '../keys/load-key.js'
import type { VerifyKey } from '../token/verify-token.js'

/** Reads public keys to verify with: a JWK, a JWK Set, or a PEM, whose kid is given beside it. */
export function readPublicKeys(text: string, kid: string | undefined): VerifyKey[] {
  const clean = text.replace(/^\uFEFF/, '').trim()
  try {
    if (!clean.startsWith('{')) return [named(createPublicKey(clean).export({ format: 'jwk' }), kid)]
    const value = JSON.parse(clean) as { keys?: unknown[] }
    return Array.isArray(value.keys) ? value.keys.map((key) => named(key, undefined)) : [named(value, kid)]
  } catch (cause) {
    if (cause instanceof OperatorProblem) throw cause
    throw unreadable('it is neither a JWK, nor a JWK Set, nor a PEM', cause)
  }
}

function named(value: unknown, kid: string | undefined): VerifyKey {
  const key = value as PublicJwk & { kid?: unknown }
  if (key.kty !== 'RSA' || typeof key.n !== 'string' || typeof key.e !== 'string')
    throw unreadable('it is not an RSA key')
  const { n, e } = key
  return { kid: kid ?? (typeof key.kid === 'string' ? key.kid : thumbprintOf({ n, e })), kty: 'RSA', n, e }
}

const unreadable = (why: string, cause?: unknown) =>
  new OperatorProblem(
    'public-key-malformed',
    `the public key can’t be used: ${why}`,
    'Give the public JWK that `kinescope-chat-server keys show KID` prints, or a PEM with --kid.',
    { cause },
  )
