import type { JWK } from 'jose'
import { OperatorProblem } from '../problem.js'
import { shapeOf, wrapPkcs1, type KeyShape } from './key-der.js'

/** A private key as it was written, undone of what was done to it on the way. Uses nothing but Web standards. */
export type KeyText =
  | { form: 'pkcs8'; der: Uint8Array<ArrayBuffer> }
  | { form: 'encrypted'; pem: string }
  | { form: 'jwk'; jwk: JWK }

/** More than a key of 16,384 bits needs, twice encoded. Characters. */
const MAX_TEXT = 65_536

const MAKE_ONE =
  'Give the private key as PEM (PKCS#8 or PKCS#1) or JWK; `kinescope-chat-server keys generate` makes one.'

export const keyProblem = (code: string, message: string, remediation = MAKE_ONE): OperatorProblem =>
  new OperatorProblem(`private-key-${code}`, message, remediation)

/** How to make any readable key of OpenSSL's the kind that is read everywhere. */
const CONVERT = '`openssl pkcs8 -topk8 -in KEY -out key.pem`'

/**
 * Undoes what environment variables, editors and secret stores do to a key: byte-order mark, quotes, newlines escaped
 * once or more often, CR, indentation, one line, percent-encoding, base64 around it all, text before and after the block.
 * @throws OperatorProblem, whose code begins with `private-key-`
 */
export function readKeyText(text: string): KeyText {
  if (text.length > MAX_TEXT) throw keyProblem('malformed', 'the text is far too long for a private key')
  return readLayer(text, 0)
}

function readLayer(text: string, depth: number): KeyText {
  const clean = text.trim()
  if (clean === '') throw keyProblem('malformed', 'the private key is empty')
  if (clean.includes('\0')) {
    throw keyProblem(
      'malformed',
      'the private key is saved as UTF-16',
      'Save the file as UTF-8 or plain ASCII.',
    )
  }
  const bare = unescapeText(withoutQuotes(clean)).trim()
  if (bare.startsWith('{')) return fromJson(bare)
  if (bare.includes('-----BEGIN')) return fromPem(bare)
  refuseLookalike(bare)
  return fromBase64(bare, depth)
}

/** Quotes around it all, escaped ones of a string within a string too. */
function withoutQuotes(text: string): string {
  const quote = /^\\*(["'])/.exec(text)
  return quote && text.endsWith(quote[1]!) ? text.slice(quote[0].length, -1) : text
}

/** Each escaping doubles the backslashes; in no form of a key does one belong. */
function unescapeText(text: string): string {
  const plain = withoutPercents(text)
  if (/^\{\s*"/.test(plain)) return plain
  return plain.replace(/(?<!\\)\\+[rnt]/g, '\n').replaceAll('\\', '')
}

function withoutPercents(text: string): string {
  if (text.startsWith('{') || !/%(20|0a|0d|2b|2f|3d)/i.test(text)) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Blocks of PEM with their label as one word; `body` is null where the END line is missing. */
function blocksIn(text: string): { label: string; body: string | null }[] {
  return text
    .split('-----BEGIN')
    .slice(1)
    .map((part) => {
      const labelEnd = part.indexOf('-----')
      const bodyEnd = part.indexOf('-----END', labelEnd + 5)
      const label = part.slice(0, Math.max(labelEnd, 0)).replace(/\s+/g, '').slice(0, 40)
      return { label, body: labelEnd < 0 || bodyEnd < 0 ? null : part.slice(labelEnd + 5, bodyEnd) }
    })
}

function fromPem(text: string): KeyText {
  const blocks = blocksIn(text)
  const secret = blocks.filter(({ label }) => label.endsWith('PRIVATEKEY'))
  if (secret.length > 1) {
    throw keyProblem(
      'ambiguous',
      `there are ${secret.length} private keys in one text`,
      'Give exactly one private key.',
    )
  }
  const [block] = secret
  if (!block) throw noPrivateKey(blocks[0]!.label)
  if (block.body === null) {
    throw keyProblem('malformed', 'the PEM block has no END line: the key is cut off', 'Copy the key whole.')
  }
  if (block.label === 'OPENSSHPRIVATEKEY') {
    throw keyProblem(
      'malformed',
      'the key is in OpenSSH’s own format',
      'Convert a copy of it: `ssh-keygen -p -m PKCS8 -N "" -f COPY`.',
    )
  }
  if (/Proc-Type:/i.test(block.body))
    return { form: 'encrypted', pem: oldEncryption(block.label, block.body) }
  const der = bytesOf(block.body)
  if (!der)
    throw keyProblem('malformed', 'the PEM block holds something else than base64', 'Copy the key whole.')
  return fromDer(der, block.label)
}

function noPrivateKey(label: string): OperatorProblem {
  const its = 'Give the private key that belongs to it, from the file that was made together with it.'
  if (label.endsWith('PUBLICKEY'))
    return keyProblem('public', 'this is a public key, not the private one', its)
  if (label.endsWith('CERTIFICATE'))
    return keyProblem('public', 'this is a certificate: it holds a public key only', its)
  if (label.endsWith('REQUEST'))
    return keyProblem('public', 'this is a certificate request: it holds a public key only', its)
  return keyProblem('malformed', 'the PEM block is no private key')
}

/** OpenSSL's own encryption of before 2010: three lines of header before the base64 (RFC 1421, section 4.6). */
function oldEncryption(label: string, body: string): string {
  const cipher = /DEK-Info:\s*([A-Z0-9-]{1,40})\s*,\s*([0-9A-F]{1,64})\b/i.exec(body)
  const rest = cipher ? body.slice(cipher.index + cipher[0].length).replace(/\s+/g, '') : ''
  if (!cipher || rest === '' || !/^(AES-\d+-CBC|DES-EDE3-CBC)$/i.test(cipher[1]!)) {
    throw keyProblem(
      'encryption',
      'the private key is encrypted in an old way (Proc-Type: 4,ENCRYPTED) that can’t be opened',
      `Write it anew, in today’s way: ${CONVERT}.`,
    )
  }
  const name = label.replace(/PRIVATEKEY$/, ' PRIVATE KEY').trim()
  const lines = rest.match(/.{1,64}/g)!.join('\n')
  const head = `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${cipher[1]!.toUpperCase()},${cipher[2]!}`
  return `-----BEGIN ${name}-----\n${head}\n\n${lines}\n-----END ${name}-----\n`
}

function fromDer(der: Uint8Array<ArrayBuffer>, label = ''): KeyText {
  const shape: KeyShape = shapeOf(der)
  switch (shape) {
    case 'pkcs8':
      return { form: 'pkcs8', der }
    case 'pkcs1':
      return { form: 'pkcs8', der: wrapPkcs1(der) }
    case 'encrypted': {
      const lines = btoa(String.fromCharCode(...der))
        .match(/.{1,64}/g)!
        .join('\n')
      return {
        form: 'encrypted',
        pem: `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines}\n-----END ENCRYPTED PRIVATE KEY-----\n`,
      }
    }
    case 'ec':
      throw notRsa('an elliptic-curve key (EC)')
    case 'public':
      throw noPrivateKey('PUBLICKEY')
    case 'certificate':
      throw noPrivateKey('CERTIFICATE')
    case 'pkcs12':
      throw keyProblem(
        'malformed',
        'this is a PKCS#12 file (.p12, .pfx)',
        'Take the key out of it: `openssl pkcs12 -in FILE -nocerts -nodes -out key.pem`.',
      )
    case null:
      throw label === ''
        ? keyProblem('malformed', 'the private key is neither PEM nor JWK, nor base64 of one')
        : keyProblem('malformed', 'the PEM block is cut off or damaged', 'Copy the key whole.')
  }
}

export const notRsa = (what: string): OperatorProblem =>
  keyProblem(
    'not-rsa',
    `the private key is ${what}, and RS256 needs a plain RSA key`,
    'Make one with `kinescope-chat-server keys generate` or `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem`.',
  )

function fromJson(text: string): KeyText {
  let jwk: JWK & { keys?: unknown }
  try {
    jwk = JSON.parse(text) as typeof jwk
  } catch {
    throw keyProblem('malformed', 'the JWK is not valid JSON', 'Copy the JWK whole, from { to }.')
  }
  if (jwk.keys !== undefined)
    throw keyProblem('ambiguous', 'this is a JWK Set', 'Give one JWK, not a set of them.')
  return { form: 'jwk', jwk: checkJwk(jwk) }
}

/** Refuses a JWK that is no private RSA key for RS256 by its own words. */
export function checkJwk(jwk: JWK): JWK {
  if (jwk.kty === undefined) throw keyProblem('malformed', 'the JSON has no kty: it is no JWK')
  if (jwk.kty !== 'RSA') throw notRsa(`a JWK of another type than RSA (kty)`)
  if (jwk.d === undefined) throw keyProblem('public', 'the JWK has no private members: it is the public key')
  const purpose = 'Kinescope supports only RS256: make a new key with `kinescope-chat-server keys generate`.'
  if (jwk.alg !== undefined && jwk.alg !== 'RS256')
    throw keyProblem('algorithm', 'the JWK is not made for RS256 (alg)', purpose)
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw keyProblem('algorithm', 'the JWK is not made for signatures (use)', purpose)
  return jwk
}

/** Base64 of a PEM or JWK, as secret stores like it, or of the DER itself. */
function fromBase64(text: string, depth: number): KeyText {
  const bytes = bytesOf(text)
  if (!bytes) throw keyProblem('malformed', 'the private key is neither PEM nor JWK nor base64')
  const inner = new TextDecoder().decode(bytes).trim()
  // a store that encodes what was encoded already
  const isText = /^(["'\\{]|[\w+/=\s-]+$)/.test(inner) || inner.includes('-----BEGIN')
  if (depth < 2 && isText) return readLayer(inner, depth + 1)
  return fromDer(bytes)
}

/** Bytes of base64 or base64url with any white space in it; null where it is neither. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  const packed = text
    .replace(/\s+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/(?<!=)=+$/, '')
  if (!/^[A-Za-z0-9+/]+$/.test(packed) || packed.length % 4 === 1) return null
  return Uint8Array.from(atob(packed), (character) => character.charCodeAt(0))
}

/** What people write where the key belongs. */
function refuseLookalike(text: string): void {
  if (text.length < 512 && (/^(~|\.{0,2})\/[^\n]*$/.test(text) || /\.(pem|key|p8|txt)$/i.test(text))) {
    throw keyProblem(
      'malformed',
      'the private key looks like the name of a file',
      'Write CHAT_PRIVATE_KEY_FILE instead of CHAT_PRIVATE_KEY; in code, read the file.',
    )
  }
  if (/^\$[({\w]/.test(text)) {
    throw keyProblem(
      'malformed',
      'the private key is a $… that nobody has replaced',
      'Let the shell expand it, or name a file with CHAT_PRIVATE_KEY_FILE.',
    )
  }
  if (text.startsWith('PuTTY-User-Key-File')) {
    throw keyProblem(
      'malformed',
      'the key is in PuTTY’s own format',
      'Convert it: `puttygen KEY.ppk -O private-openssh-new -o key && ssh-keygen -p -m PKCS8 -N "" -f key`.',
    )
  }
}
