import type { CryptoKey, JWK } from 'jose'
import { algorithmOf, RSA_ENCRYPTION } from './key-der.js'
import { keyProblem, notRsa } from './key-problem.js'
import { checkJwk, readKeyText, type KeyText } from './key-text.js'

/** The public members of an RSA key (RFC 7518, section 6.3.1), base64url without padding. */
export interface PublicJwk {
  kty: 'RSA'
  n: string
  e: string
}

/** A private key that passed every check. */
export interface ImportedKey {
  /** For RS256, not extractable. */
  privateKey: CryptoKey
  publicJwk: PublicJwk
  bits: number
  /** The key id that a JWK brought along. */
  kid?: string
}

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
/** RFC 7518, section 3.3, and what Kinescope takes. */
export const MIN_BITS = 2048

/**
 * Reads a private key as people have it: PKCS#8, PKCS#1, encrypted or not, JWK, and all that environment variables,
 * editors and clipboards do to one. Refuses what Kinescope would refuse, or what would only fail at the first
 * signature, and signs once to prove the key. `serve`, the command line and `importSigningKey` all come through here.
 *
 * @throws OperatorProblem, whose code begins with `private-key-`
 */
export async function importPrivateKey(
  given: string | JWK,
  { passphrase }: { passphrase?: string | undefined } = {},
): Promise<ImportedKey> {
  const text: KeyText = typeof given === 'string' ? readKeyText(given) : { form: 'jwk', jwk: checkJwk(given) }
  const kid = text.form === 'jwk' && typeof text.jwk.kid === 'string' ? text.jwk.kid : ''
  const pkcs8 = await toPkcs8Der(text, passphrase)
  const known = await subtle().importKey('pkcs8', pkcs8, RS256, true, ['sign']).catch(unreadable)
  const { n = '', e = '' } = await subtle().exportKey('jwk', known)
  const publicJwk: PublicJwk = { kty: 'RSA', n, e }
  const bits = refuseUnfit(known, publicJwk)
  const privateKey = await subtle().importKey('pkcs8', pkcs8, RS256, false, ['sign'])
  await proveKey(privateKey, publicJwk)
  return { privateKey, publicJwk, bits, ...(kid === '' ? {} : { kid }) }
}

const subtle = () => globalThis.crypto.subtle

/** The key as PKCS#8, decrypted. */
export async function toPkcs8Der(text: KeyText, passphrase?: string): Promise<Uint8Array<ArrayBuffer>> {
  switch (text.form) {
    case 'pkcs8':
      refuseOtherThanRsa(text.der)
      return text.der
    case 'encrypted': {
      const der = await decrypt(text.pem, passphrase)
      refuseOtherThanRsa(der)
      return der
    }
    case 'jwk': {
      // only the members of the key itself: others, such as key_ops, may contradict what it is imported for
      const { kty, n, e, d, p, q, dp, dq, qi } = text.jwk
      const jwk = { kty, n, e, d, p, q, dp, dq, qi } as JWK
      const key = await subtle()
        .importKey('jwk', jwk, RS256, true, ['sign'])
        .catch(() => {
          throw keyProblem(
            'malformed',
            'the JWK is not a whole RSA private key',
            'Copy the JWK whole, from { to }.',
          )
        })
      return new Uint8Array(await subtle().exportKey('pkcs8', key))
    }
  }
}

function refuseOtherThanRsa(der: Uint8Array): void {
  const algorithm = algorithmOf(der)
  if (algorithm === RSA_ENCRYPTION) return
  const known: Record<string, string> = {
    '2a864886f70d01010a': 'an RSA-PSS key',
    '2a8648ce3d0201': 'an elliptic-curve key (EC)',
    '2b6570': 'an Ed25519 key',
    '2b6571': 'an Ed448 key',
  }
  throw notRsa(known[algorithm] ?? 'a key of another kind')
}

/** The parts of `node:crypto` that open encrypted keys; Deno and Bun have them too. */
interface NodeCrypto {
  createPrivateKey(input: { key: string; passphrase: string }): {
    export(options: { type: 'pkcs8'; format: 'der' }): Uint8Array
  }
}

/** Web Crypto has no way of its own to open one: the runtime's OpenSSL does, asked for without an import. */
function decrypt(pem: string, passphrase: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  if (!passphrase) {
    throw keyProblem(
      'encrypted',
      'the private key is encrypted and no passphrase is set',
      'Set CHAT_KEY_PASSPHRASE, or CHAT_KEY_PASSPHRASE_FILE with the name of the file that holds it; in code, passphrase.',
    )
  }
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined }
  }
  const crypto = process?.getBuiltinModule?.('crypto')
  if (!crypto) {
    throw keyProblem(
      'encrypted',
      'this runtime can’t open an encrypted key',
      'Give it decrypted, as a secret of the runtime’s own: `openssl pkcs8 -in KEY -out key.pem`.',
    )
  }
  try {
    const key = crypto.createPrivateKey({ key: pem, passphrase })
    return Promise.resolve(new Uint8Array(key.export({ type: 'pkcs8', format: 'der' })))
  } catch (cause) {
    // OpenSSL's own message is left out: it is the same for an old cipher and for a wrong passphrase
    const unsupported = /unsupported|unknown/i.test((cause as { reason?: string }).reason ?? '')
    throw keyProblem(
      'passphrase',
      unsupported
        ? 'the private key can’t be opened: the passphrase is wrong, or the encryption an old one'
        : 'the passphrase does not open the private key',
      'Check CHAT_KEY_PASSPHRASE (white space around it is ignored); `openssl pkcs8 -topk8 -in KEY -out key.pem` writes the key anew.',
    )
  }
}

function unreadable(): never {
  throw keyProblem('malformed', 'the private key is damaged: its parts can’t be read', 'Copy the key whole.')
}

function refuseUnfit({ algorithm }: CryptoKey, { e }: PublicJwk): number {
  const { modulusLength: bits } = algorithm as unknown as { modulusLength: number }
  if (bits < MIN_BITS) {
    throw keyProblem(
      'too-small',
      `the private key has ${bits} bits, and Kinescope takes keys of at least ${MIN_BITS}`,
      'Make a new key with `kinescope-chat-server keys generate`; a small key can’t be enlarged.',
    )
  }
  if (e !== 'AQAB') {
    throw keyProblem(
      'exponent',
      'the key’s public exponent is not 65537 (AQAB), the one Kinescope documents',
      'Make a new key with `kinescope-chat-server keys generate`.',
    )
  }
  return bits
}

/** A key whose parts don't belong together imports without a word: only a signature shows it. */
async function proveKey(privateKey: CryptoKey, publicJwk: PublicJwk): Promise<void> {
  const probe = new TextEncoder().encode('kinescope-chat')
  const good = await subtle()
    .importKey('jwk', { ...publicJwk }, RS256, false, ['verify'])
    .then(async (publicKey) =>
      subtle().verify(RS256.name, publicKey, await subtle().sign(RS256.name, privateKey, probe), probe),
    )
    .catch(() => false)
  if (!good) {
    throw keyProblem(
      'inconsistent',
      'the private key does not fit its own public part: a signature made with it does not verify',
      'Restore the key from where it was made, or make a new one with `kinescope-chat-server keys generate`.',
    )
  }
}
