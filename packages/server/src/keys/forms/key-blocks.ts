import type { JWK } from 'jose'
import type { OperatorProblem } from '../../problem.js'
import { shapeOf, wrapPkcs1, type KeyShape } from './key-der.js'
import { keyProblem, notRsa } from './key-problem.js'

/** A private key as it was written, undone of what was done to it on the way. Uses nothing but Web standards. */
export type KeyText =
  | { form: 'pkcs8'; der: Uint8Array<ArrayBuffer> }
  | { form: 'encrypted'; pem: string }
  | { form: 'jwk'; jwk: JWK }

/** How to make any readable key of OpenSSL's the kind that is read everywhere. */
const CONVERT = '`openssl pkcs8 -topk8 -in KEY -out key.pem`'

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

/** The one private key among the blocks of a PEM text (RFC 7468). */
export function fromPem(text: string): KeyText {
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

/** A private key by its bytes. `label`: what the block around them called it. */
export function fromDer(der: Uint8Array<ArrayBuffer>, label = ''): KeyText {
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

/** Bytes of base64 or base64url with any white space in it; null where it is neither. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  const packed = text
    .replace(/\s+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replace(/(?<!=)=+$/, '')
  if (!/^[A-Za-z0-9+/]+$/.test(packed) || packed.length % 4 === 1) return null
  return Uint8Array.from(atob(packed), (character) => character.charCodeAt(0))
}
