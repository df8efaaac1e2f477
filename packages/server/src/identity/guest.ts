import { readCookies, identityTokenOf } from './credentials.js'
import { decodeBase64url, hmacWith, sealedTokens } from './hmac.js'
import { rejected, base64url, type IdentityCall, type IdentitySource } from './identity.js'
import type { GuestNameProblem } from 'kinescope-chat/contract'
import { checkGuestName, memberNames, reservedNames } from './guest-name.js'

/** The prefix makes browsers reject it from any other host or path, and without TLS (RFC 6265bis, section 4.1.3.2). */
export const GUEST_COOKIE = '__Host-kinescope-chat-guest'
const YEAR_S = 31_536_000
/** A guest token is for one visit. Seconds. */
const TOKEN_TTL_S = 86_400
const MAX_COOKIE_LENGTH = 600
/** Cookies of that name that are tried: a browser may keep one from before it had partitions. */
const MAX_COOKIES = 4
/** Guests' ids begin with it. */
export const GUEST_ID_PREFIX = 'guest-'

/** Names that no guest may have, where the site lists none. */
export const DEFAULT_RESERVED_NAMES: readonly string[] = [
  'admin',
  'administrator',
  'moderator',
  'support',
  'staff',
  'organizer',
  'organiser',
  'host',
  'speaker',
  'Kinescope',
  'админ',
  'администратор',
  'администрация',
  'модератор',
  'поддержка',
  'техподдержка',
  'организатор',
  'ведущий',
  'ведущая',
  'спикер',
]

export interface GuestOptions {
  /** Signs the cookie and the guest token. 32 bytes or more. */
  secret: string
  /** `number`: each browser gets a number. `ask`: a guest chooses a name first. */
  names?: 'number' | 'ask' | undefined
  /** Before the number, such as `Guest 4821 0937 5512`. */
  label?: string | undefined
  /** After a chosen name. By default `· guest`, or `· гость` for browsers in Russian. */
  mark?: string | undefined
  /** Names that no guest may choose, beside the default ones. */
  reserved?: readonly string[] | undefined
  /** In a chain: a visitor with an identity token that no source accepted isn't a guest. */
  inChain?: boolean | undefined
  randomBytes?: ((length: number) => Uint8Array) | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
}

export interface Guests {
  identify: IdentitySource
  /** Whether guests choose a name. */
  readonly asks: boolean
  /** Gives a guest a name. */
  register(
    call: Pick<IdentityCall, 'header'>,
    name: string,
  ): Promise<{ name: string; identity: string; setCookie: string } | { problem: GuestNameProblem }>
  /** Keeps a member's name from guests. */
  noteMember(name: string): void
}

/**
 * Admits everyone as a guest: under a number, or under a name of their own with a mark that no member has. A signed cookie
 * or, where the browser keeps none, a guest token makes them the same guest again.
 */
export function guests(options: GuestOptions): Guests {
  const { secret, names = 'number', label = 'Guest', inChain = false } = options
  const { randomBytes = secureRandom, now = Date.now } = options
  const hmac = hmacWith(secret)
  const tokens = sealedTokens('guest', secret)
  const isReserved = reservedNames([...DEFAULT_RESERVED_NAMES, ...(options.reserved ?? [])])
  const members = memberNames()
  const newId = () => base64url(randomBytes(12))
  const cookiesOf = (call: Pick<IdentityCall, 'header'>): string[] =>
    readCookies(call.header('cookie'), GUEST_COOKIE)
      .filter(({ length }) => length <= MAX_COOKIE_LENGTH)
      .slice(0, MAX_COOKIES)
  const markFor = (call: Pick<IdentityCall, 'header'>) =>
    options.mark ?? (/^\s*ru\b/i.test(call.header('accept-language') ?? '') ? '· гость' : '· guest')

  async function numbered(id: string) {
    return { id: `${GUEST_ID_PREFIX}${id}`, name: `${label} ${numberFrom(await hmac.sign(`number:${id}`))}` }
  }

  /** The id in the cookie of a numbered guest. */
  async function numberedId(cookie: string): Promise<string | null> {
    const [id, mac, ...rest] = cookie.split('.')
    if (!id || !mac || rest.length > 0) return null
    return (await hmac.verify(`cookie:${id}`, decodeBase64url(mac))) ? id : null
  }

  /** A guest who chose a name, by token or cookie; the name counts only while the rules allow it. */
  async function named(text: string): Promise<{ id: string; name: string } | null> {
    const claims = await tokens.open(text)
    if (claims === null) return null
    const { id, name, exp } = claims
    if (typeof id !== 'string' || typeof name !== 'string') return null
    if (typeof exp === 'number' && exp * 1000 <= now()) return null
    const checked = checkGuestName(name, { isReserved, isTaken: () => false })
    return 'name' in checked ? { id, name: checked.name } : null
  }

  const identify: IdentitySource = async (call) => {
    const token = identityTokenOf(call)
    const isOurs = token?.format === 'guest'
    if (inChain && token && !isOurs) {
      return rejected(
        'identity-token-unknown',
        'No identity source accepts this identity token. Check the token and CHAT_IDENTITY.',
      )
    }
    const cookies = cookiesOf(call)
    if (names === 'ask') {
      const guest = (isOurs ? await named(token.text) : null) ?? (await firstOf(cookies, named))
      if (guest === null) return { refused: 'name-required', reason: 'guest-name' }
      return { user: { id: `${GUEST_ID_PREFIX}${guest.id}`, name: `${guest.name} ${markFor(call)}` } }
    }
    const known = (await firstOf(cookies, numberedId)) ?? (await firstOf(cookies, named))?.id
    if (known) return { user: await numbered(known) }
    const id = newId()
    const value = `${id}.${base64url(await hmac.sign(`cookie:${id}`))}`
    return { user: await numbered(id), setCookie: cookieWith(value) }
  }

  return {
    identify,
    asks: names === 'ask',
    async register(call, raw) {
      const checked = checkGuestName(raw, { isReserved, isTaken: members.has })
      if ('problem' in checked) return checked
      const { name } = checked
      // a new name for the same guest, not a new guest
      const token = identityTokenOf(call)
      const cookies = cookiesOf(call)
      const known =
        (token?.format === 'guest' ? await named(token.text) : null)?.id ??
        (await firstOf(cookies, named))?.id ??
        (await firstOf(cookies, numberedId))
      const id = known ?? newId()
      const exp = Math.floor(now() / 1000) + TOKEN_TTL_S
      return {
        name: `${name} ${markFor(call)}`,
        identity: await tokens.seal({ id, name, exp }),
        setCookie: cookieWith(await tokens.seal({ id, name })),
      }
    },
    noteMember: members.add,
  }
}

/** What the first of these texts that this server signed says; null if it signed none. */
async function firstOf<T>(
  texts: readonly string[],
  read: (text: string) => Promise<T | null>,
): Promise<T | null> {
  for (const text of texts) {
    const found = await read(text)
    if (found !== null) return found
  }
  return null
}

/** A source that admits everyone under a number. For guests with names use `guests`, which also has `register`. */
export const guestIdentity = (options: GuestOptions): IdentitySource => guests(options).identify

/** In a frame or on another site's page, browsers keep partitioned cookies only. */
const cookieWith = (value: string): string =>
  `${GUEST_COOKIE}=${value}; Path=/; Max-Age=${YEAR_S}; Secure; HttpOnly; SameSite=None; Partitioned`

/** Twelve digits: with four, another guest's number would come up within half a minute of requests. */
function numberFrom(bytes: Uint8Array): string {
  const number = new DataView(bytes.buffer).getBigUint64(0) % 1_000_000_000_000n
  return String(number)
    .padStart(12, '0')
    .replace(/\d{4}(?=\d)/g, '$& ')
}

function secureRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}
