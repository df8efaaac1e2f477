import { JwkApi, type JwkRegistration, type RemoteKey } from '../kinescope/jwk-api.js'
import { KinescopeError } from '../kinescope/kinescope-error.js'
import { OperatorProblem } from '../problem.js'
import type { KeyRecord } from './key-state.js'

export interface Registered {
  /** Kinescope's id; null where somebody else registers the key. */
  remoteId: string | null
  /** As Kinescope has it. */
  expiresAt: string
  /** Ids of further registrations of the same key. */
  duplicates: string[]
}

/** Where public keys are registered. Everything may be repeated at will, `create` after a `find` that found nothing. */
export interface Registry {
  /** What is registered of a key; null: nothing. `again`: even if it is on record as registered. */
  find(key: KeyRecord, options: { again: boolean }): Promise<Registered | null>
  /** Registers a key, and resolves once it is seen in the list. */
  create(key: KeyRecord): Promise<Registered>
  unregister(key: KeyRecord): Promise<void>
  /** null: can't be known from here. */
  list(): Promise<RemoteKey[] | null>
  removeDuplicate(remoteId: string): Promise<void>
  /** The time of the last answer by Kinescope's clock, in ms since the epoch; null where that isn't known. */
  clock(): number | null
  /** The same registry, whose calls also end with the signal. */
  until(signal: AbortSignal): Registry
}

export const registrationOf = ({ kid, n, e, expiresAt }: KeyRecord): JwkRegistration => ({
  kty: 'RSA',
  e,
  use: 'sig',
  kid,
  alg: 'RS256',
  n,
  expires_at: expiresAt,
})

/** How often the list is read until a key that was just accepted shows up in it. */
const LOOKS = 5
const LOOK_DELAY_MS = 1000

/** After these nobody knows whether Kinescope has the key: the list does. */
const UNCLEAR: readonly string[] = [
  'api-unreachable',
  'api-timeout',
  'api-gave-up',
  'api-unavailable',
  'api-bad-answer',
  'kid-taken',
]

/** Kinescope's API as the registry. A `POST` is never repeated before the list says that the key isn't there. */
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

  async create(key: KeyRecord): Promise<Registered> {
    const found = await this.#create(key, true)
    if (found) return found
    for (let look = 1; look <= LOOKS; look += 1) {
      const seen = await this.find(key)
      if (seen) return seen
      if (look < LOOKS) await this.#wait(LOOK_DELAY_MS)
    }
    throw new OperatorProblem(
      'key-not-registered',
      `Kinescope accepted ${key.kid} but doesn’t list it yet`,
      'Run the command again in a minute: it goes on from here and registers nothing twice.',
    )
  }

  /** Registers, and after an unclear answer looks what became of it. Returns what was found, if anything. */
  async #create(key: KeyRecord, again: boolean): Promise<Registered | null> {
    try {
      await this.#jwk.create(registrationOf(key))
      return null
    } catch (error) {
      if (!(error instanceof KinescopeError) || !UNCLEAR.includes(error.code)) throw error
      const found = await this.find(key)
      if (found) return found
      // a kept-alive connection that the other side had closed: the request never arrived
      if (again && error.code === 'api-unreachable') return this.#create(key, false)
      throw error
    }
  }

  async unregister(key: KeyRecord): Promise<void> {
    const listed = await this.#jwk.list()
    const ours = listed.filter((remote) => isSame(remote, key)).map(({ id }) => id)
    const { remoteId } = key
    // expired keys may not be listed; an id that now belongs to another kid is not ours
    if (remoteId !== null && !listed.some(({ id }) => id === remoteId)) ours.push(remoteId)
    for (const id of ours) await this.#jwk.remove(id)
  }

  removeDuplicate(remoteId: string): Promise<void> {
    return this.#jwk.remove(remoteId)
  }

  async find(key: KeyRecord): Promise<Registered | null> {
    const named = (await this.#jwk.list()).filter(({ kid }) => kid === key.kid)
    const same = named.filter((remote) => isSame(remote, key))
    if (named.length > same.length) {
      throw new OperatorProblem(
        'kid-taken',
        `Kinescope has another key under the kid ${key.kid}`,
        'Nothing was changed. Delete that key at Kinescope if it is not in use, or take a new one with `kinescope-chat-server keys rotate`.',
      )
    }
    const first = same.find(({ id }) => id === key.remoteId) ?? same[0]
    if (!first) return null
    const duplicates = same.filter((remote) => remote !== first).map(({ id }) => id)
    return { remoteId: first.id, expiresAt: first.expiresAt ?? key.expiresAt, duplicates }
  }
}

/** By `kid`, which holds the key's thumbprint, and by the modulus where Kinescope shows it. */
export const isSame = (remote: RemoteKey, key: KeyRecord): boolean =>
  remote.kid === key.kid && (remote.n === null || remote.n === key.n)
