import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { OperatorProblem } from '../problem.js'

/** A key in the form OpenSSL reads, with the id a JWK may bring along. */
export interface KeyText {
  key: KeyObject
  kid?: string
}

const MAKE_ONE =
  'Give the private key as PEM (PKCS#8 or PKCS#1) or JWK; `kinescope-chat keys generate` makes one.'
const problem = (code: string, message: string, remediation = MAKE_ONE) =>
  new OperatorProblem(`private-key-${code}`, message, remediation)

/**
 * Undoes what environment variables, editors and secret stores do to a key: byte-order mark, quotes, literal `\n`,
 * CR, indentation, one line, base64 around it all, text before and after the block.
 */
export function readKeyText(text: string, passphrase: string | undefined, wrapped = false): KeyText {
  const clean = text.replace(/^\uFEFF/, '').trim()
  if (clean === '') throw problem('malformed', 'the private key is empty')
  if (clean.includes('\0')) {
    throw problem('malformed', 'the private key is saved as UTF-16', 'Save the file as UTF-8 or plain ASCII.')
  }
  const bare = clean.replace(/^(['"])([\s\S]*)\1$/, '$2').trim()
  if (bare.startsWith('{')) return fromJwk(bare)
  if (!bare.includes('-----BEGIN')) {
    if (wrapped) throw problem('malformed', 'the private key is neither PEM nor JWK')
    return fromBase64(bare, passphrase)
  }
  return { key: fromPem(bare.replace(/\\r\\n|\\n|\\r/g, '\n'), passphrase) }
}

function fromPem(text: string, passphrase: string | undefined): KeyObject {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)]
  const labels = blocks.map(([, label]) => label!)
  const secret = blocks.filter(([, label]) => label!.endsWith('PRIVATE KEY'))
  if (secret.length > 1) {
    throw problem(
      'ambiguous',
      `there are ${secret.length} private keys in one text`,
      'Give exactly one private key.',
    )
  }
  const [block] = secret
  if (!block) {
    if (labels.length === 0) {
      throw problem(
        'malformed',
        'the PEM block has no matching END line: the key is cut off',
        'Copy the key whole.',
      )
    }
    throw problem('public', `this is a ${labels[0]!.toLowerCase()}, not a private key`)
  }
  const label = block[1]!
  if (label === 'OPENSSH PRIVATE KEY') {
    throw problem(
      'malformed',
      'the key is in OpenSSH’s own format',
      'Convert a copy of it: `ssh-keygen -p -m PKCS8 -N "" -f COPY`.',
    )
  }
  const [, legacy = '', body = ''] =
    /^\s*(?:Proc-Type:\s*4,ENCRYPTED\s+DEK-Info:\s*(\S+)\s)?([\s\S]*)$/.exec(block[2]!) ?? []
  const encrypted = legacy !== '' || label === 'ENCRYPTED PRIVATE KEY'
  if (encrypted && !passphrase) {
    throw problem(
      'encrypted',
      'the private key is encrypted and no passphrase is set',
      'Set CHAT_KEY_PASSPHRASE, or CHAT_KEY_PASSPHRASE_FILE with the name of the file that holds it.',
    )
  }
  const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []
  const head = legacy ? `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${legacy}\n\n` : ''
  const pem = `-----BEGIN ${label}-----\n${head}${lines.join('\n')}\n-----END ${label}-----\n`
  try {
    return createPrivateKey({ key: pem, ...(encrypted ? { passphrase } : {}) })
  } catch (cause) {
    throw encrypted
      ? problem(
          'passphrase',
          'the passphrase does not open the private key',
          'Check CHAT_KEY_PASSPHRASE; a trailing newline in the file it comes from is ignored.',
        )
      : new OperatorProblem(
          'private-key-malformed',
          'the PEM block can’t be read as a private key',
          MAKE_ONE,
          { cause },
        )
  }
}

function fromJwk(text: string): KeyText {
  let jwk: JsonWebKey & { kid?: unknown }
  try {
    jwk = JSON.parse(text) as typeof jwk
  } catch {
    throw problem('malformed', 'the JWK is not valid JSON', 'Copy the JWK whole, from { to }.')
  }
  if ('keys' in jwk) throw problem('ambiguous', 'this is a JWK Set', 'Give one JWK, not a set of them.')
  if (jwk.kty !== 'RSA')
    throw problem('not-rsa', `the JWK is of type ${String(jwk.kty)}, and RS256 needs RSA`)
  if (jwk.d === undefined) throw problem('public', 'the JWK has no private members: it is the public key')
  if (jwk['alg'] !== undefined && jwk['alg'] !== 'RS256') {
    throw problem(
      'algorithm',
      'the JWK is not made for RS256 (alg)',
      'Kinescope supports only RS256: make a new key.',
    )
  }
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') {
    throw problem('algorithm', 'the JWK is not made for signatures (use)', 'Make a new key for signatures.')
  }
  try {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    return typeof jwk.kid === 'string' && jwk.kid !== '' ? { key, kid: jwk.kid } : { key }
  } catch (cause) {
    throw new OperatorProblem('private-key-malformed', 'the JWK is not a whole RSA private key', MAKE_ONE, {
      cause,
    })
  }
}

/** Base64 of a PEM or JWK, as secret stores like it, or of the DER itself. */
function fromBase64(text: string, passphrase: string | undefined): KeyText {
  const packed = text.replace(/\s+|\\r|\\n/g, '')
  if (!/^[\w+/-]+={0,2}$/.test(packed))
    throw problem('malformed', 'the private key is neither PEM nor JWK nor base64')
  const bytes = Buffer.from(packed, 'base64')
  const inner = bytes.toString('utf8')
  if (/^\uFEFF?\s*(-----BEGIN|\{|")/.test(inner)) return readKeyText(inner, passphrase, true)
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    try {
      return { key: createPrivateKey({ key: bytes, format: 'der', type }) }
    } catch {
      // the other one, then
    }
  }
  throw problem('malformed', 'the private key is neither PEM nor JWK, nor base64 of one')
}
