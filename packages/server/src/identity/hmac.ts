import { base64url } from 'jose'

/** HMAC-SHA-256 with one key. Web Crypto compares in constant time. */
export interface Hmac {
  sign(text: string): Promise<Uint8Array<ArrayBuffer>>
  verify(text: string, mac: Uint8Array<ArrayBuffer> | null): Promise<boolean>
}

const encoder = new TextEncoder()

export function hmacWith(secret: string | Uint8Array<ArrayBuffer>): Hmac {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const bytes = typeof secret === 'string' ? encoder.encode(secret) : secret
  const key = crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify'])
  return {
    sign: async (text) => new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(text))),
    verify: async (text, mac) =>
      mac !== null && crypto.subtle.verify('HMAC', await key, mac, encoder.encode(text)),
  }
}

/** Decodes base64url (RFC 4648, section 5) without padding, in its canonical form only; null for any other text. */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]*$/.test(text)) return null
  try {
    const bytes = new Uint8Array(base64url.decode(text))
    return base64url.encode(bytes) === text ? bytes : null
  } catch {
    return null
  }
}

export function decodeHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^(?:[\da-f]{2})+$/i.test(text)) return null
  return Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16))
}

/** A JSON object in base64url; null for anything else. */
export function decodeClaims(text: string): Record<string, unknown> | null {
  const bytes = decodeBase64url(text)
  if (bytes === null) return null
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/**
 * Signs and opens the server's own tokens, `PREFIX.<claims>.<MAC>`. The signature includes the prefix, so that one
 * secret can serve several kinds. A JWT's header is never such a prefix.
 */
export function sealedTokens(prefix: string, secret: string) {
  const hmac = hmacWith(secret)
  return {
    async seal(claims: object): Promise<string> {
      const text = `${prefix}.${base64url.encode(JSON.stringify(claims))}`
      return `${text}.${base64url.encode(await hmac.sign(text))}`
    },
    /** The claims of a token that this secret signed; null for any other text. */
    async open(token: string): Promise<Record<string, unknown> | null> {
      const [kind, claims, mac, ...rest] = token.split('.', 5)
      if (kind !== prefix || claims === undefined || mac === undefined || rest.length > 0) return null
      const isSigned = await hmac.verify(`${prefix}.${claims}`, decodeBase64url(mac))
      return isSigned ? decodeClaims(claims) : null
    },
  }
}

/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
const MIN_SECRET_BYTES = 32
/** A random secret of that length has more different characters, also if it consists of digits. */
const MIN_DIFFERENT = 6
/** The longest unit that counts as repeated, such as a word. Characters. */
const SHORT_UNIT = 8

/**
 * The reason why a secret is easy to guess, to follow its name; null without one. Never contains any part of the
 * secret.
 */
export function weaknessOf(secret: string): string | null {
  const { length } = new TextEncoder().encode(secret)
  if (length < MIN_SECRET_BYTES) return `must have ${MIN_SECRET_BYTES} bytes or more, and has ${length}.`
  // the offset at which a text occurs again in its double is the length of its repeated unit
  if ((secret + secret).indexOf(secret, 1) <= SHORT_UNIT)
    return 'is a repeated pattern, which anyone can guess.'
  if (new Set(secret).size < MIN_DIFFERENT) return `has fewer than ${MIN_DIFFERENT} different characters.`
  return null
}

/** Whether a text is too short or too monotonous to be a secret. */
export const isWeakSecret = (text: string): boolean => weaknessOf(text) !== null
