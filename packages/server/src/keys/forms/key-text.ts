import type { JWK } from 'jose'
import { bytesOf, fromDer, fromPem, type KeyText } from './key-blocks.js'
import { keyProblem, notRsa } from './key-problem.js'

export type { KeyText } from './key-blocks.js'

/** More than a key of 16,384 bits needs, twice encoded. Characters. */
const MAX_TEXT = 65_536

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
