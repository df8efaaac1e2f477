import { importJWK, importSPKI, type CryptoKey, type JWK } from 'jose'

/** A public key as text: SPKI PEM, with real or escaped line ends, or a JWK. */
export type PublicKeyText = { pem: string } | { jwk: JWK }

/** Tells the two forms apart; null for anything else, a private key included. */
export function readPublicKeyText(text: string): PublicKeyText | null {
  const trimmed = text.replaceAll('\\n', '\n').trim()
  if (trimmed.startsWith('-----BEGIN PUBLIC KEY-----')) return { pem: trimmed }
  if (!trimmed.startsWith('{')) return null
  try {
    const jwk = JSON.parse(trimmed) as JWK
    return 'd' in jwk || 'k' in jwk ? null : { jwk }
  } catch {
    return null
  }
}

/** Imports a public key for one algorithm. @throws where the text isn't a public key for it */
export async function importPublicKey(key: string | JWK, alg: string): Promise<CryptoKey> {
  const read = typeof key === 'string' ? readPublicKeyText(key) : { jwk: key }
  if (read === null) throw new TypeError('not a public key, PEM (SPKI) or JWK')
  if ('pem' in read) return importSPKI(read.pem, alg)
  return (await importJWK(read.jwk, alg)) as CryptoKey
}
