import { readCookie } from './cookie.js'
import { base64url, pseudonymWith, type IdentitySource } from './identity.js'

/** The prefix makes browsers refuse it from any other host or path, and without TLS (RFC 6265bis, section 4.1.3.2). */
const COOKIE = '__Host-kinescope-chat-guest'
const YEAR_S = 31_536_000

export interface GuestOptions {
  /** Signs the cookie. */
  secret: string
  /** What stands before the number, such as `Guest 4821`. */
  label?: string
  randomBytes?: (length: number) => Uint8Array
}

/**
 * Anyone may come in, under a number of their own that a signed cookie keeps. The number is ours and not the browser's:
 * nobody can pick another guest's.
 */
export function guestIdentity({
  secret,
  label = 'Guest',
  randomBytes = secureRandom,
}: GuestOptions): IdentitySource {
  const signature = pseudonymWith(secret)
  const userFor = (id: string) => ({ id: `guest-${id}`, name: `${label} ${numberOf(id)}` })

  return async (call) => {
    const [id, mark] = (readCookie(call.header('cookie'), COOKIE) ?? '').split('.')
    if (id && mark && mark === (await signature(id))) return { user: userFor(id) }
    const fresh = base64url(randomBytes(12))
    const value = `${fresh}.${await signature(fresh)}`
    return {
      user: userFor(fresh),
      // in a frame or on a page of another site only a partitioned cookie is kept at all
      setCookie: `${COOKIE}=${value}; Path=/; Max-Age=${YEAR_S}; Secure; HttpOnly; SameSite=None; Partitioned`,
    }
  }
}

function numberOf(id: string): number {
  let sum = 0
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 9000
  return 1000 + sum
}

function secureRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}
