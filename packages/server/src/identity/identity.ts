/** The parts of a request that an identity source reads. */
export interface IdentityCall<R = unknown> {
  header(name: string): string | null
  /** The visitor's address, from a proxy's header only if that proxy is trusted; null if unknown. */
  readonly address: string | null
  /** The adapter's own request. */
  readonly request: R
}

/** The visitor, as the site knows them. */
export interface ChatUser {
  /** Stable and unique at the site. Leaves for Kinescope unless a pseudonym is configured. */
  id: string
  /** What the chat shows. */
  name: string
}

export interface IdentityRefusal {
  refused:
    | 'sign-in-required'
    | 'name-required'
    | 'access-denied'
    | 'identity-expired'
    | 'identity-unavailable'
    | 'overloaded'
  /** For the log: a short stable word. */
  reason: string
  /** For the developer; anyone can read it. */
  detail?: string
  /** Whole seconds. */
  retryAfter?: number
  cause?: unknown
  /** The visitor presented a credential and it doesn't count. No later source of a chain may accept the visitor. */
  rejected?: true
}

export type IdentityAnswer = { user: ChatUser; setCookie?: string } | IdentityRefusal

/**
 * Identifies the visitor of a request. Whatever the request's body claims has no influence.
 * @param until aborts when the answer is no longer needed
 */
export type IdentitySource<R = unknown> = (
  call: IdentityCall<R>,
  eventId: string,
  until: { readonly signal: AbortSignal },
) => Promise<IdentityAnswer>

const MAX_USER_ID_LENGTH = 256
const BLANK = /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u

/** The visitor presented a credential that doesn't count. */
export const rejected = (reason: string, detail?: string, cause?: unknown): IdentityRefusal => ({
  refused: 'sign-in-required',
  reason,
  rejected: true,
  ...(detail === undefined ? {} : { detail }),
  ...(cause === undefined ? {} : { cause }),
})

/** Reads a field by a dotted path, such as `data.user.id`. A name with a dot in it (a namespaced claim) is tried whole first. */
export function readField(from: unknown, path: string): unknown {
  if (from === null || typeof from !== 'object') return undefined
  const object = from as Record<string, unknown>
  if (Object.hasOwn(object, path)) return object[path]
  const dot = path.indexOf('.')
  if (dot < 0) return undefined
  const head = path.slice(0, dot)
  return Object.hasOwn(object, head) ? readField(object[head], path.slice(dot + 1)) : undefined
}

/**
 * Makes a visitor from two values of a site. Numbers are valid ids; any other type means a wrong field name. Systems write
 * 0, false and blanks for a visitor who isn't signed in, and no id has control characters.
 */
export function userFrom(id: unknown, name: unknown): IdentityAnswer {
  if (id === undefined || id === null || id === false) return { refused: 'sign-in-required', reason: 'no-id' }
  const whole = typeof id === 'bigint' || (typeof id === 'number' && Number.isSafeInteger(id))
  const text = whole ? String(id) : id
  if (typeof text !== 'string' || text.length > MAX_USER_ID_LENGTH) {
    return { refused: 'identity-unavailable', reason: 'id-not-a-string' }
  }
  if (text.trim() === '0' || BLANK.test(text)) return { refused: 'sign-in-required', reason: 'no-id' }
  if (UNFIT.test(text)) return rejected('no-id')
  return { user: { id: text, name: typeof name === 'string' ? name : '' } }
}

/**
 * Asks several sources in order. The first that knows the visitor counts. A source that recognizes the visitor's
 * credential and rejects it ends the chain, as does one that can't tell: a member must not become a guest by accident.
 */
export function chainIdentity<R>(...sources: readonly IdentitySource<R>[]): IdentitySource<R> {
  const [only] = sources
  if (!only) throw new TypeError('chainIdentity needs a source')
  if (sources.length === 1) return only
  return async (call, eventId, until) => {
    let unknown: IdentityRefusal | undefined
    for (const identify of sources) {
      const answer = await identify(call, eventId, until)
      if (!('refused' in answer)) return answer
      if (answer.refused !== 'sign-in-required' || answer.rejected) return answer
      // the first source is the one that most visitors use
      unknown ??= answer
    }
    return unknown!
  }
}

/** An identity source from a callback: null means that the visitor isn't signed in, a rejection that it can't be known. */
export function identityFromCode<R>(
  authenticate: (
    request: R,
    context: { readonly signal: AbortSignal; readonly identity: string | null },
  ) => ChatUser | null | undefined | Promise<ChatUser | null | undefined>,
): IdentitySource<R> {
  return async (call, _eventId, { signal }) => {
    try {
      const [, identity = null] = /^bearer +(\S+)$/i.exec(call.header('authorization') ?? '') ?? []
      const user = await authenticate(call.request, { signal, identity })
      return userFrom(user?.id, user?.name)
    } catch (cause) {
      return { refused: 'identity-unavailable', reason: 'authenticate-failed', cause }
    }
  }
}

/**
 * Makes a stable pseudonym of a `user_id` (HMAC-SHA-256, 128 bits of it, base64url), so that no email address or internal
 * number leaves the site.
 */
export function pseudonymWith(secret: string): (userId: string) => Promise<string> {
  const encoder = new TextEncoder()
  const key = crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return async (userId) => {
    const digest = new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(userId)))
    return base64url(digest.subarray(0, 16))
  }
}

/** RFC 4648, section 5, without padding. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
