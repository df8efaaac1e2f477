import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { importPrivateKey, readKeyText, toPkcs8Der, type ImportedKey } from './import-key.js'

export { MIN_BITS, type PublicJwk } from './import-key.js'

/** A private key that passed every check, with the name its public half goes by. */
export interface LoadedKey extends ImportedKey {
  /** RFC 7638, SHA-256, base64url. */
  thumbprint: string
}

/** Reads a private key as people have it. @throws OperatorProblem, whose code begins with `private-key-` */
export async function loadPrivateKey(
  text: string,
  options: { passphrase?: string | undefined } = {},
): Promise<LoadedKey> {
  const key = await importPrivateKey(text, options)
  return { ...key, thumbprint: thumbprintOf(key.publicJwk) }
}

/** The RFC 7638 thumbprint: required members only, in lexicographic order. */
export const thumbprintOf = ({ n, e }: { n: string; e: string }): string =>
  createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url')

/** Reads the text in any form and returns the PKCS#8 PEM, to be kept in a ring. */
export async function toPkcs8(
  text: string,
  from: string | undefined,
  to: string | undefined,
): Promise<string> {
  const der = await toPkcs8Der(readKeyText(text), from)
  return pkcs8Pem(createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }), to)
}

export const pkcs8Pem = (key: KeyObject, passphrase: string | undefined): string =>
  key.export({
    type: 'pkcs8',
    format: 'pem',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  }) as string
