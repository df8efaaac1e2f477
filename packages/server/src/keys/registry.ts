import { JwkApi, type JwkRegistration, type RemoteKey } from '../kinescope/jwk-api.js'
import { KinescopeError } from '../kinescope/kinescope-error.js'
import { OperatorProblem } from '../problem.js'
import { type KeyRecord, CLOCK_SKEW_MS } from './key-ring.js'

export interface Registration {
  /** Kinescope's id; null where another person registers the key. */
  remoteId: string | null
  /** As Kinescope has it. */
  expiresAt: string
  /** Ids of further registrations of the same key. */
  duplicates: string[]
}

/** Where public keys are registered. Every call is safe to repeat; `create` only after `find` found nothing. */
export interface Registry {
  /** A key's registration, or null. `again`: looks it up although the ring has it as registered. */
  find(key: KeyRecord, options: { again: boolean }): Promise<Registration | null>
  /** Registers a key, and resolves once the list shows it. */
  create(key: KeyRecord): Promise<Registration>
  /** Deletes a key, and resolves once the list lacks it. @returns false if Kinescope didn't have the key */
  unregister(key: KeyRecord): Promise<boolean>
  /** null: not available here. */
  list(): Promise<RemoteKey[] | null>
  removeDuplicate(remoteId: string): Promise<void>
  /** The `Date` of Kinescope's last response, in ms since the epoch; null where unknown. */
  clock(): number | null
  /** The same registry, whose calls also end with the signal. */
  until(signal: AbortSignal): Registry
}

/** The public JWK with exactly the members Kinescope documents. */
export const publicJwkOf = ({ kid, n, e }: Pick<KeyRecord, 'kid' | 'n' | 'e'>) =>
  ({ kty: 'RSA', e, use: 'sig', kid, alg: 'RS256', n }) as const

export const registrationOf = (key: KeyRecord): JwkRegistration => ({
  ...publicJwkOf(key),
  expires_at: key.expiresAt,
})

/** How often the list is read until it shows a change. */
const LIST_READS = 5
const LIST_DELAY_MS = 1000

/** After these errors, only the list shows whether Kinescope has the key. */
const UNCLEAR: readonly string[] = [
  'api-unreachable',
  'api-timeout',
  'api-gave-up',
  'api-unavailable',
  'api-bad-answer',
  'kid-taken',
]

/** Kinescope's API as the registry. A POST is repeated only after the list shows that the key isn't there. */
export class ApiRegistry implements Registry {
  readonly #jwk: JwkApi
  readonly #wait: (ms: number) => Promise<void>

  constructor(jwk: JwkApi, wait: (ms: number) => Promise<void>) {
    this.#jwk = jwk
    this.#wait = wait
  }

  list(): Promise<RemoteKey[]> {
    return this.#jwk.list()
  }

  clock(): number | null {
    return this.#jwk.api.clock
  }

  until(signal: AbortSignal): Registry {
    return new ApiRegistry(new JwkApi(this.#jwk.api.until(signal)), this.#wait)
  }

  async create(key: KeyRecord): Promise<Registration> {
    const found = await this.#create(key, true)
    if (found) return found
    const seen = await this.#untilSeen(() => this.find(key))
    if (seen) return seen
    throw new OperatorProblem(
      'key-not-registered',
      `Kinescope accepted ${key.kid} but doesn’t list it yet`,
      'Run the command again in a minute; it continues safely.',
    )
  }

  /** Reads the list again until it shows a change; null where it doesn't. */
  async #untilSeen<T>(look: () => Promise<T | null>): Promise<T | null> {
    for (let read = 1; ; read += 1) {
      const seen = await look()
      if (seen !== null || read === LIST_READS) return seen
      await this.#wait(LIST_DELAY_MS)
    }
  }

  /** Registers a key. After an unclear error, returns what the list shows. */
  async #create(key: KeyRecord, again: boolean): Promise<Registration | null> {
    try {
      await this.#jwk.create(registrationOf(key))
      return null
    } catch (error) {
      if (!(error instanceof KinescopeError) || !UNCLEAR.includes(error.code)) throw error
      const found = await this.find(key)
      if (found) return found
      // a keep-alive connection that the server had closed: the request never arrived
      if (again && error.code === 'api-unreachable') return this.#create(key, false)
      throw error
    }
  }

  async unregister(key: KeyRecord): Promise<boolean> {
    const listed = await this.#jwk.list()
    const ours = listed.filter((remote) => isSame(remote, key)).map(({ id }) => id)
    const { remoteId } = key
    // the list may omit expired keys; an id that now has another kid isn't ours
    if (remoteId !== null && !listed.some(({ id }) => id === remoteId)) ours.push(remoteId)
    let found = false
    for (const id of ours) found = (await this.#jwk.remove(id)) || found
    // a proxy can answer any request with 2xx
    if (!found || (await this.#untilSeen(() => this.#isUnlisted(key)))) return found
    throw new OperatorProblem(
      'key-not-deleted',
      `Kinescope accepted the deletion of ${key.kid} but still lists it, so its tokens may be valid`,
      'Run the command again in a minute. If the list still has the key, write to Kinescope’s support.',
    )
  }

  async #isUnlisted(key: KeyRecord): Promise<true | null> {
    return (await this.#jwk.list()).some((remote) => isSame(remote, key)) ? null : true
  }

  async removeDuplicate(remoteId: string): Promise<void> {
    await this.#jwk.remove(remoteId)
  }

  async find(key: KeyRecord): Promise<Registration | null> {
    const named = (await this.#jwk.list()).filter(({ kid }) => kid === key.kid)
    const same = named.filter((remote) => isSame(remote, key))
    if (named.length > same.length) {
      throw new OperatorProblem(
        'kid-taken',
        `Kinescope has another key with the kid ${key.kid}`,
        'Nothing was changed. Delete that key at Kinescope if it is unused, or run `kinescope-chat-server keys rotate`.',
      )
    }
    const first = same.find(({ id }) => id === key.remoteId) ?? same[0]
    if (!first) return null
    const duplicates = same.filter((remote) => remote !== first).map(({ id }) => id)
    return { remoteId: first.id, expiresAt: first.expiresAt ?? key.expiresAt, duplicates }
  }
}

/** By `kid`, which contains the key's thumbprint, and by the modulus where Kinescope shows it. */
export const isSame = (remote: RemoteKey, key: KeyRecord): boolean =>
  remote.kid === key.kid && (remote.n === null || remote.n === key.n)

/**
 * Rejects a local clock that differs from Kinescope's: keys are ended and activated by it. Call it right after a response
 * of Kinescope's. @throws OperatorProblem `clock-off`
 */
export function assertClock({ registry, now }: { registry: Registry; now: () => number }): void {
  const theirs = registry.clock()
  if (theirs === null || Math.abs(now() - theirs) <= CLOCK_SKEW_MS) return
  const seconds = Math.round((now() - theirs) / 1000)
  throw new OperatorProblem(
    'clock-off',
    `this machine’s clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} Kinescope’s`,
    'Nothing was changed at Kinescope. Synchronize the clock (NTP), then run the command again.',
  )
}

/** Rejects a key that has expired at Kinescope: its tokens would be invalid. */
export function assertNotExpired(kid: string, expiresAt: string, now: number): void {
  if (Date.parse(expiresAt) - CLOCK_SKEW_MS > now) return
  throw new OperatorProblem(
    'key-expired',
    `${kid} has expired at Kinescope (${expiresAt})`,
    'Run `kinescope-chat-server keys reconcile`: it replaces the key. If Kinescope lists every key as expired, write to their support.',
  )
}

/** Rejects a list in which a key ended before it was registered: nothing is deleted because of such a list. */
export function assertPlausibleEnd(
  { kid, createdAt, publishedAt }: KeyRecord,
  { expiresAt }: RemoteKey,
): void {
  if (expiresAt === null || Date.parse(expiresAt) > Date.parse(publishedAt ?? createdAt)) return
  throw new OperatorProblem(
    'api-bad-answer',
    `Kinescope lists ${kid} as expired (${expiresAt}) before it was created`,
    'Nothing was changed. Write to Kinescope’s support.',
  )
}
