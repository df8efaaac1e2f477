import type { CryptoKey, JWK } from 'jose'
import { MIN_BITS } from '../keys/import-key.js'
import { raceWithSignal, startDeadline } from '../net/limits.js'
import { OperatorProblem } from '../problem.js'
import { importPublicKey } from './public-key.js'
import type { SignFunction, SigningKey } from './signing-key.js'

const RS256 = 'RSASSA-PKCS1-v1_5'
/** A visitor waits behind it, and the element for ten seconds at most. */
const TIMEOUT_MS = 3000

export interface RemoteSigningKeyInput {
  /** The id the public key is registered under at Kinescope. */
  kid: string
  /** The public half, as registered: SPKI PEM, or a JWK. Every signature is verified with it. */
  publicKey: string | JWK
  /** Asks the service that holds the private half. */
  sign: SignFunction
  /** When the public key dies at Kinescope. */
  expiresAt?: Date | string | null
  /** Milliseconds a signature may take, 3000 by default. */
  timeoutMs?: number
}

/**
 * A signing key that is held by a KMS, an HSM, a vault or another process. It signs a probe first; from then on every
 * signature has a deadline and is verified before it leaves, so a signer with another key or another algorithm
 * (RSA-PSS, a digest taken for the message) makes no token that the chat would refuse.
 *
 * @throws OperatorProblem `key-unavailable`, here and from `sign`
 */
export async function remoteSigningKey(input: RemoteSigningKeyInput): Promise<SigningKey> {
  const { kid, sign, expiresAt = null, timeoutMs = TIMEOUT_MS } = input
  const expires = expiresAt === null ? null : new Date(expiresAt).getTime()
  if (!kid || Number.isNaN(expires)) throw badSigner('kid or expiresAt is missing or malformed')
  const publicKey = await readPublicKey(input.publicKey)

  const bounded: SignFunction = async (data, signal) => {
    const deadline = startDeadline(timeoutMs, signal)
    let signature: Uint8Array
    try {
      signature = await raceWithSignal(sign(data, deadline.signal), deadline.signal)
    } catch {
      // the error's message may hold a credential of the vault
      throw badSigner(deadline.signal.aborted ? `no signature within ${timeoutMs} ms` : 'it failed')
    } finally {
      deadline.clear()
    }
    const isGood =
      signature instanceof Uint8Array &&
      (await crypto.subtle.verify(RS256, publicKey, new Uint8Array(signature), new Uint8Array(data)))
    if (!isGood) throw badSigner(`its signature is not RS256 with the key of ${kid}`)
    return signature
  }
  await bounded(new TextEncoder().encode('kinescope-chat'), new AbortController().signal)
  return { kid, expiresAt: expires, sign: bounded }
}

async function readPublicKey(given: string | JWK): Promise<CryptoKey> {
  try {
    const key = await importPublicKey(given, 'RS256')
    const { modulusLength } = key.algorithm as unknown as { modulusLength: number }
    if (key.type === 'public' && modulusLength >= MIN_BITS) return key
  } catch {
    // below
  }
  throw badSigner(`publicKey is not an RSA public key of ${MIN_BITS} bits or more`)
}

const badSigner = (what: string) =>
  new OperatorProblem(
    'key-unavailable',
    `The signer can't be used: ${what}.`,
    'Check the service that holds the key: RSASSA-PKCS1-v1_5 with SHA-256 over the message, and the public half that is registered.',
  )
