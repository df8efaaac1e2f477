/** What the first members of a DER structure show it to be; null where it is no whole structure. */
export type KeyShape = 'pkcs8' | 'pkcs1' | 'encrypted' | 'ec' | 'public' | 'certificate' | 'pkcs12' | null

interface Element {
  tag: number
  /** Where its content begins and ends. */
  start: number
  end: number
}

const SEQUENCE = 0x30
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04

/** Reads tag and length (X.690, section 8.1); null where they point out of the bytes. */
function elementAt(der: Uint8Array, offset: number): Element | null {
  const tag = der[offset]
  const first = der[offset + 1]
  if (tag === undefined || first === undefined) return null
  const count = first < 0x80 ? 0 : first - 0x80
  if (count > 3) return null
  let length = count === 0 ? first : 0
  for (let i = 0; i < count; i++) length = length * 256 + (der[offset + 2 + i] ?? Infinity)
  const start = offset + 2 + count
  return start + length <= der.length ? { tag, start, end: start + length } : null
}

/** Tells the kinds of key file apart without decoding them (RFC 5958, RFC 8017, RFC 5915, RFC 5280, RFC 7292). */
export function shapeOf(der: Uint8Array): KeyShape {
  const outer = elementAt(der, 0)
  if (outer?.tag !== SEQUENCE || outer.end !== der.length) return null
  const first = elementAt(der, outer.start)
  const second = first && elementAt(der, first.end)
  if (!first || !second) return null
  if (first.tag === INTEGER) {
    if (second.tag === SEQUENCE) return der[first.start] === 3 ? 'pkcs12' : 'pkcs8'
    if (second.tag === INTEGER) return 'pkcs1'
    return second.tag === OCTET_STRING ? 'ec' : null
  }
  if (first.tag !== SEQUENCE) return null
  if (second.tag === OCTET_STRING) return 'encrypted'
  if (second.tag === BIT_STRING) return 'public'
  return second.tag === SEQUENCE ? 'certificate' : null
}

/** The object identifier of a PKCS#8 key's algorithm, its bytes in hexadecimal. */
export function algorithmOf(pkcs8: Uint8Array): string {
  const outer = elementAt(pkcs8, 0)
  const version = outer && elementAt(pkcs8, outer.start)
  const algorithm = version && elementAt(pkcs8, version.end)
  const identifier = algorithm && elementAt(pkcs8, algorithm.start)
  const bytes = identifier ? pkcs8.subarray(identifier.start, identifier.end) : []
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** `rsaEncryption` (RFC 8017, appendix A.1). */
export const RSA_ENCRYPTION = '2a864886f70d010101'

/** Puts the envelope of PKCS#8 around a PKCS#1 key: version 0, rsaEncryption, and the key as an octet string. */
export function wrapPkcs1(pkcs1: Uint8Array): Uint8Array<ArrayBuffer> {
  const algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]
  const key = [OCTET_STRING, ...lengthOf(pkcs1.length)]
  const size = 3 + algorithm.length + key.length + pkcs1.length
  return Uint8Array.from([SEQUENCE, ...lengthOf(size), INTEGER, 0x01, 0x00, ...algorithm, ...key, ...pkcs1])
}

function lengthOf(size: number): number[] {
  if (size < 0x80) return [size]
  const bytes: number[] = []
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 + bytes.length, ...bytes]
}
