import {
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose'
import { guardListener } from '../guard-listener.js'
import { decodeUtf8, parseJson, readCapped, startDeadline } from '../net/limits.js'

/** A set of this age is fetched again before it is used. Milliseconds. */
const FRESH_MS = 10 * 60_000
/** While its address fails, the last good set serves for so long. */
const KEEP_MS = 12 * 3_600_000
/** Between two fetches for a key that isn't in the set, and after a failure. */
const COOL_DOWN_MS = 10_000
/** After a failure without any set. */
const COLD_COOL_DOWN_MS = 2000
const TIMEOUT_MS = 3000
/** A hundred keys with certificates; more isn't a key set. */
const MAX_BYTES = 256 * 1024
/** Tokens whose key was missing are remembered so that each is retried after one more fetch. */
const MAX_WAITING = 1000

export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** What happened at a fetch of a key set, for the log and metrics. */
export type KeySetEvent =
  | { ok: true; name: string }
  /** `lastGoodMs`: age of the set that still serves; null if there is none. */
  | { ok: false; name: string; error: unknown; lastGoodMs: number | null }

export interface KeySetOptions {
  /** For logs: a URL without a secret, or the issuer. */
  name: string
  /** Finds the set's address, which an issuer may move. */
  locate: (fetchJson: FetchJson, signal: AbortSignal) => Promise<string>
  fetch?: typeof fetch | undefined
  /** Milliseconds. By default a monotonic clock: a clock that is set back must not make a set look new. */
  now?: (() => number) | undefined
  onFetch?: ((event: KeySetEvent) => void) | undefined
}

export type FetchJson = (url: string, signal: AbortSignal) => Promise<unknown>

/** No set is known, or none that is new enough to reject a token by it. */
export class KeySetUnavailable extends Error {
  override readonly name = 'KeySetUnavailable'
  readonly reason: 'key-set' | 'key-unknown'
  /** Whole seconds. */
  readonly retryAfter: number

  constructor(reason: 'key-set' | 'key-unknown', retryAfter: number, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
    this.retryAfter = retryAfter
  }
}

type GetKey = ReturnType<typeof createLocalJWKSet>

interface GoodSet {
  getKey: GetKey
  /** The keys without a `kid`, which may fit a token that has one. */
  unnamed: GetKey | null
  fetchedAt: number
}

/**
 * A JWK Set by its address. The last good one serves for hours while the address fails. A key that isn't in it is
 * unknown, not wrong, until the set was fetched again: a provider that rotates its keys must not sign visitors out.
 */
export class KeySet {
  readonly #options: KeySetOptions
  readonly #now: () => number
  readonly #fetch: typeof fetch
  readonly #onFetch: (event: KeySetEvent) => void
  readonly #waiting = new Map<string, number>()
  #good: GoodSet | null = null
  #lastTry = -Infinity
  #failure: unknown = null
  #fetching: Promise<void> | null = null

  constructor(options: KeySetOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#fetch = options.fetch ?? globalThis.fetch
    this.#onFetch = guardListener(options.onFetch)
  }

  get name(): string {
    return this.#options.name
  }

  /** Whether the address fails while an old set serves, or none. */
  get failing(): boolean {
    return this.#failure !== null
  }

  /**
   * Verifies a JWT with the set's keys.
   * @throws KeySetUnavailable, NoKeyFits, or jose's error for the token
   */
  async verify(token: string, rules: JWTVerifyOptions): Promise<JWTPayload> {
    const startedAt = this.#now()
    const good = await this.#current(startedAt)
    try {
      return await verifyWith(good, token, rules)
    } catch (cause) {
      if (cause instanceof NoKeyFits)
        return verifyWith(await this.#newer(good, token, startedAt), token, rules)
      if (!(cause instanceof errors.JWSSignatureVerificationFailed)) throw cause
      // some sites change a key and keep its kid
      const again = await this.#refetched(good)
      if (!again) throw cause
      return verifyWith(again, token, rules)
    }
  }

  /** The set to verify with: a fresh one, or the last good one where the address fails. */
  async #current(now: number): Promise<GoodSet> {
    const age = this.#good ? now - this.#good.fetchedAt : Infinity
    if (age >= FRESH_MS) {
      if (now - this.#lastTry >= (age > KEEP_MS ? COLD_COOL_DOWN_MS : COOL_DOWN_MS)) void this.#fetchOnce()
      // while the address is known to fail, no request waits for it
      if (age > KEEP_MS || this.#failure === null) await this.#fetching
    }
    if (this.#good && this.#now() - this.#good.fetchedAt <= KEEP_MS) return this.#good
    throw new KeySetUnavailable('key-set', COLD_COOL_DOWN_MS / 1000, this.#failure)
  }

  /** A set that was fetched after this token first came. @throws KeySetUnavailable until there is one */
  async #newer(good: GoodSet, token: string, startedAt: number): Promise<GoodSet> {
    const id = token.slice(-64)
    const since = this.#waiting.get(id) ?? startedAt
    if (good.fetchedAt >= since) return good
    const again = await this.#refetched(good)
    if (again) return again
    this.#waiting.delete(id)
    this.#waiting.set(id, since)
    if (this.#waiting.size > MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value!)
    const waitMs = this.#lastTry + COOL_DOWN_MS - this.#now()
    throw new KeySetUnavailable('key-unknown', Math.max(1, Math.ceil(waitMs / 1000)), this.#failure)
  }

  /** A newer set, if one may be fetched now and can be. */
  async #refetched(good: GoodSet): Promise<GoodSet | null> {
    if (this.#now() - this.#lastTry >= COOL_DOWN_MS) void this.#fetchOnce()
    await this.#fetching
    return this.#good === good ? null : this.#good
  }

  #fetchOnce(): Promise<void> {
    return (this.#fetching ??= this.#refresh().finally(() => (this.#fetching = null)))
  }

  async #refresh(): Promise<void> {
    const { name, locate } = this.#options
    this.#lastTry = this.#now()
    const deadline = startDeadline(TIMEOUT_MS)
    try {
      const url = await locate(this.#fetchJson, deadline.signal)
      const set = await this.#fetchJson(url, deadline.signal)
      const getKey = createLocalJWKSet(set as JSONWebKeySet)
      if (!(await canVerify(getKey)))
        throw new Error('the answer is not a JWK Set with a key that can verify')
      const nameless = (set as JSONWebKeySet).keys.filter(({ kid }) => kid === undefined)
      const unnamed = nameless.length > 0 ? createLocalJWKSet({ keys: nameless }) : null
      this.#good = { getKey, unnamed, fetchedAt: this.#now() }
      this.#failure = null
      this.#onFetch({ ok: true, name })
    } catch (error) {
      this.#failure = error
      const age = this.#good ? this.#now() - this.#good.fetchedAt : Infinity
      this.#onFetch({ ok: false, name, error, lastGoodMs: age <= KEEP_MS ? age : null })
    } finally {
      deadline.clear()
    }
  }

  readonly #fetchJson: FetchJson = async (url, signal) => {
    // as a method of another object, an edge runtime's own throws
    const fetch = this.#fetch
    const response = await fetch(url, {
      headers: { Accept: 'application/json' },
      redirect: 'manual',
      signal,
    })
    if (response.status !== 200) {
      await response.body?.cancel().catch(() => undefined)
      throw new Error(`${new URL(url).origin} answered ${response.status}`)
    }
    const { bytes, truncated } = await readCapped(response.body, MAX_BYTES, signal)
    if (truncated) throw new Error('the answer is longer than 256 KiB')
    const value = parseJson(decodeUtf8(bytes) ?? '')
    if (value === null || typeof value !== 'object') throw new Error('the answer is not a JSON object')
    return value
  }
}

/** A key set at a fixed address. */
export const keySetAt = (url: string, options: Omit<KeySetOptions, 'name' | 'locate'> = {}): KeySet =>
  new KeySet({ ...options, name: new URL(url).origin, locate: () => Promise.resolve(url) })

/** Whether a set has a key for signatures. A broken one must not replace the last good one. */
async function canVerify(getKey: GetKey): Promise<boolean> {
  for (const alg of PUBLIC_KEY_ALGORITHMS) {
    try {
      await getKey({ alg })
      return true
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return true
    }
  }
  return false
}

/** No key has the token's `kid`, or it names none and no key fits. */
export class NoKeyFits extends Error {
  override readonly name = 'NoKeyFits'
}

async function verifyWith({ getKey, unnamed }: GoodSet, token: string, rules: JWTVerifyOptions) {
  try {
    return await verifyBy(getKey, token, rules)
  } catch (cause) {
    if (cause instanceof errors.JWKSNoMatchingKey && unnamed) {
      const byAlgorithm: JWTVerifyGetKey = ({ kid: _kid, ...header }, jws) => unnamed(header, jws)
      return verifyBy(byAlgorithm, token, rules).catch(noKeyFits)
    }
    if (cause instanceof errors.JWSSignatureVerificationFailed && hasKid(token)) throw cause
    return noKeyFits(cause)
  }
}

/** Turns a missing key, or one of several possible keys that doesn't fit, into `NoKeyFits`. */
function noKeyFits(cause: unknown): never {
  const isKeys =
    cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWSSignatureVerificationFailed
  throw isKeys ? new NoKeyFits('no key of the set fits', { cause }) : cause
}

async function verifyBy(
  getKey: JWTVerifyGetKey,
  token: string,
  rules: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, getKey, rules)).payload
  } catch (cause) {
    if (cause instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAny(cause, token, rules)
    throw cause
  }
}

/** RFC 7515, section 4.1.4: `kid` is optional, so each key that may fit is tried. jose throws a TypeError for a short one. */
async function verifyWithAny(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  rules: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await jwtVerify(token, key, rules)).payload
    } catch (error) {
      const isKeysFault =
        error instanceof errors.JWSSignatureVerificationFailed || !(error instanceof errors.JOSEError)
      if (!isKeysFault) throw error
    }
  }
  throw new NoKeyFits('no key of the set fits')
}

const hasKid = (token: string): boolean => typeof decodeProtectedHeader(token).kid === 'string'
