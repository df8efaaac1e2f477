import { readCookie } from './cookie.js'
import { base64url, type IdentitySource } from './identity.js'

/** The prefix makes browsers refuse it from any other host or path, and without TLS (RFC 6265bis, section 4.1.3.2). */
const COOKIE = '__Host-kinescope-chat-guest'
const YEAR_S = 31_536_000
const MAX_COOKIE_LENGTH = 200

export interface GuestOptions {
  /** Signs the cookie. */
  secret: string
  /** What stands before the number, such as `Guest 4821 0937 5512`. */
  label?: string
  randomBytes?: (length: number) => Uint8Array
}

/**
 * Anyone may come in, under a number of their own that a signed cookie keeps. The number is ours and not the browser's:
 * nobody can pick another guest's, nor ask for new ones until it comes up.
 */
export function guestIdentity({
  secret,
  label = 'Guest',
  randomBytes = secureRandom,
}: GuestOptions): IdentitySource {
  const mac = macWith(secret)
  const userFor = async (id: string) => ({
    id: `guest-${id}`,
    name: `${label} ${numberFrom(await mac.sign(`number:${id}`))}`,
  })

  return async (call) => {
    const cookie = readCookie(call.header('cookie'), COOKIE) ?? ''
    const [id, mark] = cookie.length > MAX_COOKIE_LENGTH ? [] : cookie.split('.')
    if (id && mark && (await mac.verify(`cookie:${id}`, mark))) return { user: await userFor(id) }
    const fresh = base64url(randomBytes(12))
    const value = `${fresh}.${base64url(await mac.sign(`cookie:${fresh}`))}`
    return {
      user: await userFor(fresh),
      // in a frame or on a page of another site only a partitioned cookie is kept at all
      setCookie: `${COOKIE}=${value}; Path=/; Max-Age=${YEAR_S}; Secure; HttpOnly; SameSite=None; Partitioned`,
    }
  }
}

/** Twelve digits: with four, half a minute of asking brings up the number of somebody who is known in the chat. */
function numberFrom(bytes: Uint8Array): string {
  const number = new DataView(bytes.buffer).getBigUint64(0) % 1_000_000_000_000n
  return String(number)
    .padStart(12, '0')
    .replace(/\d{4}(?=\d)/g, '$& ')
}

/** HMAC-SHA-256. Web Crypto compares in constant time. */
function macWith(secret: string) {
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign', 'verify'])
  return {
    sign: async (text: string) =>
      new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(text))),
    async verify(text: string, mark: string): Promise<boolean> {
      const bytes = bytesOf(mark)
      return bytes !== null && crypto.subtle.verify('HMAC', await key, bytes, encoder.encode(text))
    },
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

function secureRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}
