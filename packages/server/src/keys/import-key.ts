import type { CryptoKey, JWK } from 'jose'
import { errorCode, OperatorProblem } from '../problem.js'

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

/** A private key as it was written, without what environment variables, editors and secret stores did to it. */
type KeyText = { jwk: JWK } | { pem: string } | { der: Bytes }
type Bytes = Uint8Array<ArrayBuffer>

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
/** RFC 7518, section 3.3, and what Kinescope accepts. */
export const MIN_BITS = 2048
/** More than a key of 16,384 bits needs, twice encoded. Characters. */
const MAX_TEXT = 65_536
const subtle = () => globalThis.crypto.subtle

/**
 * Reads a private key: PKCS#8, PKCS#1, encrypted or not, or JWK. Rejects a key that Kinescope would reject, and signs once
 * to prove the key.
 *
 * @throws OperatorProblem, whose code begins with `private-key-`
 */
export async function importPrivateKey(
  given: string | JWK,
  { passphrase }: { passphrase?: string | undefined } = {},
): Promise<ImportedKey> {
  const text: KeyText = typeof given === 'string' ? readKeyText(given) : { jwk: checkJwk(given) }
  const kid = 'jwk' in text && typeof text.jwk.kid === 'string' ? text.jwk.kid : ''
  const pkcs8 = await toPkcs8Der(text, passphrase)
  const known = await subtle().importKey('pkcs8', pkcs8, RS256, true, ['sign']).catch(damaged)
  const { n = '', e = '' } = await subtle().exportKey('jwk', known)
  const publicJwk: PublicJwk = { kty: 'RSA', n, e }
  const bits = checkSize(known, publicJwk)
  const privateKey = await subtle().importKey('pkcs8', pkcs8, RS256, false, ['sign'])
  await proveKey(privateKey, publicJwk)
  return { privateKey, publicJwk, bits, ...(kid === '' ? {} : { kid }) }
}

/**
 * Undoes what environment variables, editors and secret stores do to a key: byte-order mark, quotes, escaped newlines, CR,
 * indentation, one line, base64 around it all, text before and after the block.
 *
 * @throws OperatorProblem, whose code begins with `private-key-`
 */
export function readKeyText(text: string): KeyText {
  if (text.length > MAX_TEXT) throw keyProblem('malformed', 'the text is far too long for a private key')
  const bare = unescapeText(withoutQuotes(text.trim())).trim()
  if (bare === '') throw keyProblem('malformed', 'the private key is empty')
  if (bare.startsWith('{')) return { jwk: readJwk(bare) }
  if (bare.includes('-----BEGIN')) return readPem(bare)
  if (bare.length < 512 && (/^(~|\.{0,2})\/[^\n]*$/.test(bare) || /\.(pem|key|p8|txt)$/i.test(bare)))
    throw keyProblem(
      'malformed',
      'the private key looks like a file name',
      'Write CHAT_PRIVATE_KEY_FILE instead of CHAT_PRIVATE_KEY; in code, read the file.',
    )
  if (/^\$[({\w]/.test(bare))
    throw keyProblem(
      'malformed',
      'the private key is a variable that was not expanded',
      'Let the shell expand it, or name a file with CHAT_PRIVATE_KEY_FILE.',
    )
  const der = bytesOf(bare)
  if (!der) throw keyProblem('malformed', 'the private key is neither PEM nor JWK nor base64')
  const inner = new TextDecoder().decode(der).trim()
  const isText = inner !== '' && !inner.includes('\ufffd') && !/\p{Cc}/u.test(inner.replace(/\s/g, ''))
  return isText ? readKeyText(inner) : { der }
}

/** Quotes around it all, escaped ones of a string within a string too. */
function withoutQuotes(text: string): string {
  const quote = /^\\*(["'])/.exec(text)
  return quote && text.endsWith(quote[1]!) ? text.slice(quote[0].length, -1) : text
}

/** Each escaping doubles the backslashes. No form of a key has one. */
function unescapeText(text: string): string {
  if (/^\{\s*"/.test(text)) return text
  return text.replace(/(?<!\\)\\+[rnt]/g, '\n').replaceAll('\\', '')
}

function readJwk(text: string): JWK {
  let jwk: JWK & { keys?: unknown }
  try {
    jwk = JSON.parse(text) as typeof jwk
  } catch {
    throw keyProblem('malformed', 'the JWK is not valid JSON', COPY_JWK)
  }
  if (jwk.keys !== undefined)
    throw keyProblem('ambiguous', 'this is a JWK Set', 'Give one JWK, not a set of them.')
  return checkJwk(jwk)
}

/** Rejects a JWK that isn't a private RSA key for RS256. */
function checkJwk(jwk: JWK): JWK {
  if (jwk.kty === undefined) throw keyProblem('malformed', 'the JSON has no kty: it is not a JWK')
  if (jwk.kty !== 'RSA') throw notRsa('a JWK of another type than RSA (kty)')
  if (jwk.d === undefined) throw keyProblem('public', 'the JWK has no private members: it is the public key')
  const remediation =
    'Kinescope supports only RS256: make a new key with `kinescope-chat-server keys generate`.'
  if (jwk.alg !== undefined && jwk.alg !== 'RS256')
    throw keyProblem('algorithm', 'the JWK is not for RS256 (alg)', remediation)
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw keyProblem('algorithm', 'the JWK is not for signatures (use)', remediation)
  return jwk
}

/** The one private key among the blocks of a PEM text (RFC 7468). */
function readPem(text: string): KeyText {
  const labels = [...text.matchAll(/-----BEGIN([A-Z\d\s]{1,80})-----/g)]
  const keys = labels.filter(([, label]) => /PRIVATE\s*KEY\s*$/.test(label!))
  if (keys.length > 1)
    throw keyProblem(
      'ambiguous',
      `there are ${keys.length} private keys in one text`,
      'Give exactly one private key.',
    )
  const [key] = keys
  if (!key) throw notPrivate(labels[0]?.[1] ?? '')
  const label = key[1]!.replace(/\s/g, '')
  const start = key.index + key[0].length
  const end = text.indexOf('-----END', start)
  if (end < 0) throw keyProblem('malformed', 'the key is cut off: its PEM block has no END line', COPY)
  if (label === 'OPENSSHPRIVATEKEY')
    throw keyProblem(
      'malformed',
      'the key is in OpenSSH’s own format',
      'Convert a copy of it: `ssh-keygen -p -m PKCS8 -N "" -f COPY`.',
    )
  const body = text.slice(start, end)
  if (/Proc-Type:/i.test(body)) return { pem: oldEncryption(label, body) }
  const der = bytesOf(body)
  if (!der) throw keyProblem('malformed', 'the PEM block holds something other than base64', COPY)
  return { der }
}

/** OpenSSL's encryption of before 2010 keeps its parameters in the PEM block (RFC 1421, section 4.6), on lines of their own. */
function oldEncryption(label: string, body: string): string {
  const cipher = /DEK-Info:\s*([A-Z\d-]{1,40})\s*,\s*([\dA-F]{1,64})\b/i.exec(body)
  const rest = cipher ? body.slice(cipher.index + cipher[0].length).replace(/\s/g, '') : ''
  if (!cipher || rest === '') throw keyProblem('malformed', 'the encrypted PEM block is damaged', COPY)
  const name = label.replace('PRIVATEKEY', ' PRIVATE KEY').trim()
  const lines = [
    `-----BEGIN ${name}-----`,
    'Proc-Type: 4,ENCRYPTED',
    `DEK-Info: ${cipher[1]!.toUpperCase()},${cipher[2]!}`,
    '',
    ...rest.match(/.{1,64}/g)!,
    `-----END ${name}-----`,
  ]
  return `${lines.join('\n')}\n`
}

/** Bytes of base64 or base64url with any white space in it; null where it is neither. */
function bytesOf(text: string): Bytes | null {
  const packed = text
    .replace(/\s+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/(?<!=)=+$/, '')
  if (!/^[A-Za-z\d+/]+$/.test(packed) || packed.length % 4 === 1) return null
  return Uint8Array.from(atob(packed), (character) => character.charCodeAt(0))
}

/** The parts of `node:crypto` that read key files. */
interface NodeCrypto {
  createPrivateKey(input: object): NodeKey
  createPublicKey(input: object): NodeKey
}
interface NodeKey {
  asymmetricKeyType?: string
  export(options: { type: 'pkcs8'; format: 'der' }): Uint8Array
}

/** The key as PKCS#8, decrypted. */
export async function toPkcs8Der(text: KeyText, passphrase?: string): Promise<Bytes> {
  if ('jwk' in text) return jwkToPkcs8(text.jwk)
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => NodeCrypto } }
  const crypto = process?.getBuiltinModule?.('crypto')
  if (!crypto) return pkcs8OnEdge(text)
  const key =
    'pem' in text ? decrypt(crypto, { key: text.pem }, passphrase) : readDer(crypto, text.der, passphrase)
  const type = key.asymmetricKeyType ?? 'unknown'
  if (type !== 'rsa') throw notRsa(`a key of the type ${type}`)
  return new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }))
}

async function jwkToPkcs8({ kty, n, e, d, p, q, dp, dq, qi }: JWK): Promise<Bytes> {
  // only the members of the key itself: others, such as key_ops, may contradict what it is imported for
  const jwk = { kty, n, e, d, p, q, dp, dq, qi } as JWK
  const key = await subtle()
    .importKey('jwk', jwk, RS256, true, ['sign'])
    .catch(() => {
      throw keyProblem('malformed', 'the JWK is not a complete RSA private key', COPY_JWK)
    })
  return new Uint8Array(await subtle().exportKey('pkcs8', key))
}

/** Web Crypto reads unencrypted PKCS#8 only. */
async function pkcs8OnEdge(text: { pem: string } | { der: Bytes }): Promise<Bytes> {
  const readable =
    'der' in text &&
    (await subtle()
      .importKey('pkcs8', text.der, RS256, true, ['sign'])
      .catch(() => null))
  if (readable) return text.der
  throw keyProblem(
    'malformed',
    'this runtime reads RSA keys as unencrypted PKCS#8 or JWK only',
    'Convert the key: `openssl pkcs8 -topk8 -nodes -in KEY -out key.pem`.',
  )
}

/** PKCS#8, PKCS#1 and SEC 1 (EC), by OpenSSL. */
function readDer(crypto: NodeCrypto, der: Bytes, passphrase: string | undefined): NodeKey {
  for (const type of ['pkcs1', 'pkcs8', 'sec1']) {
    const input = { key: der, format: 'der', type }
    try {
      return crypto.createPrivateKey(input)
    } catch (error) {
      if (errorCode(error) === 'ERR_MISSING_PASSPHRASE') return decrypt(crypto, input, passphrase)
    }
  }
  const isPublic = ['spki', 'pkcs1'].some((type) => {
    try {
      return crypto.createPublicKey({ key: der, format: 'der', type })
    } catch {
      return false
    }
  })
  throw isPublic ? notPrivate('PUBLIC KEY') : damaged()
}

function decrypt(crypto: NodeCrypto, input: object, passphrase: string | undefined): NodeKey {
  if (!passphrase)
    throw keyProblem(
      'encrypted',
      'the private key is encrypted and no passphrase is set',
      'Set CHAT_KEY_PASSPHRASE, or CHAT_KEY_PASSPHRASE_FILE with the name of the file that holds it; in code, passphrase.',
    )
  try {
    return crypto.createPrivateKey({ ...input, passphrase })
  } catch (error) {
    if (errorCode(error)?.endsWith('UNSUPPORTED'))
      throw keyProblem(
        'encryption',
        'the encryption of the private key is too old for OpenSSL 3',
        'Encrypt it again: `openssl pkcs8 -topk8 -in KEY -out key.pem`.',
      )
    throw keyProblem(
      'passphrase',
      'the passphrase does not open the private key',
      'Check CHAT_KEY_PASSPHRASE (white space around it is ignored).',
    )
  }
}

function checkSize({ algorithm }: CryptoKey, { e }: PublicJwk): number {
  const { modulusLength: bits } = algorithm as unknown as { modulusLength: number }
  if (bits < MIN_BITS)
    throw keyProblem(
      'too-small',
      `the private key has ${bits} bits, and Kinescope accepts keys of at least ${MIN_BITS}`,
      'Make a new key with `kinescope-chat-server keys generate`; a small key can’t be enlarged.',
    )
  if (e !== 'AQAB')
    throw keyProblem(
      'exponent',
      'the key’s public exponent is not 65537 (AQAB), the one Kinescope documents',
      'Make a new key with `kinescope-chat-server keys generate`.',
    )
  return bits
}

/** A key whose parts don't belong together imports without an error: only a signature shows it. */
async function proveKey(privateKey: CryptoKey, publicJwk: PublicJwk): Promise<void> {
  const probe = new TextEncoder().encode('kinescope-chat')
  const good = await subtle()
    .importKey('jwk', { ...publicJwk }, RS256, false, ['verify'])
    .then(async (publicKey) =>
      subtle().verify(RS256.name, publicKey, await subtle().sign(RS256.name, privateKey, probe), probe),
    )
    .catch(() => false)
  if (!good)
    throw keyProblem(
      'inconsistent',
      'the private key does not fit its own public part: a signature made with it does not verify',
      'Restore the key from its backup, or make a new one with `kinescope-chat-server keys generate`.',
    )
}

const COPY = 'Copy the key whole.'
const COPY_JWK = 'Copy the JWK whole, from { to }.'
const MAKE_ONE =
  'Give the private key as PEM (PKCS#8 or PKCS#1) or JWK; `kinescope-chat-server keys generate` makes one.'

function keyProblem(code: string, message: string, remediation = MAKE_ONE): OperatorProblem {
  return new OperatorProblem(`private-key-${code}`, message, remediation)
}

function damaged(): never {
  throw keyProblem('malformed', 'the private key is damaged or cut off', COPY)
}

function notRsa(what: string): OperatorProblem {
  return keyProblem(
    'not-rsa',
    `the private key is ${what}, and RS256 needs a plain RSA key`,
    'Make one with `kinescope-chat-server keys generate` or `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem`.',
  )
}

/** @param label of the PEM block */
function notPrivate(label: string): OperatorProblem {
  const [, what] = /(PUBLIC KEY|CERTIFICATE REQUEST|CERTIFICATE)/.exec(label.replace(/\s+/g, ' ')) ?? []
  return what === undefined
    ? keyProblem('malformed', 'the PEM block is not a private key')
    : keyProblem(
        'public',
        `this is a ${what.toLowerCase()}, which holds no private key`,
        'Give the private key that belongs to it, from the file that was made together with it.',
      )
}
