import { OperatorProblem } from '../../problem.js'
import { directoryStore } from './directory-store.js'
import {
  locationText,
  type KeyFiles,
  type KeyStoreLocation,
  type KeyStore,
  type StoreSession,
} from './key-store.js'
import type { KeyRecord, KeyRing } from '../key-state.js'
import { noStore } from './no-keys.js'
import { loadPrivateKey, type LoadedKey } from '../load-key.js'
import { parseKeyRing, ringText } from './ring-format.js'
import { secretStore } from './secret-store.js'
import type { StoredRing } from './key-store.js'

export interface StoreOptions {
  now?: () => number
  wait?: (ms: number) => Promise<void>
  /** Ends what is waited for; nothing that is being written. */
  signal?: AbortSignal | undefined
}

/** The store at a place. Opens nothing yet. */
export function openStore(
  location: KeyStoreLocation,
  { now = Date.now, wait = pause, signal }: StoreOptions = {},
): KeyStore {
  return 'dir' in location ? directoryStore(location.dir, now) : secretStore(location.secret, wait, signal)
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Reads a ring with what belongs to it, and changes nothing. @throws OperatorProblem */
export const readStore = (location: KeyStoreLocation): Promise<StoredRing> => openStore(location).read()

/** The same, of a place that has to be there. @throws OperatorProblem `key-directory-missing`, `key-secret-missing` */
export async function readPresent(location: KeyStoreLocation): Promise<StoredRing> {
  const stored = await readStore(location)
  if (stored.absent === 'store') throw noStore(location)
  return stored
}

/** Loads the private key of a record and makes sure that it is that key. */
export async function loadStoredKey(
  { privateKey }: Pick<StoredRing, 'privateKey'>,
  key: KeyRecord,
  passphrase?: string,
): Promise<LoadedKey & { exposed: boolean }> {
  const { text, exposed } = await privateKey(key.file)
  const loaded = await loadPrivateKey(text, { passphrase })
  if (loaded.thumbprint !== key.thumbprint) {
    throw new OperatorProblem(
      'private-key-swapped',
      `${key.file} holds another key than ${key.kid}`,
      'Find out who put it there. Restore the file from a backup, or take another key with `kinescope-chat-server keys rotate`.',
    )
  }
  return { ...loaded, exposed }
}

export interface RingStoreOptions extends StoreOptions {
  location: KeyStoreLocation
  /** The API the keys are for. */
  vendor: string
  /** Seconds; what the servers' CHAT_TOKEN_TTL is. */
  maxTokenTtl: number
  passphrase?: string | undefined
  /** Days a key lives. */
  lifeDays: number
  now: () => number
  /** Makes the place where there is none: for what makes the first key. Everything else is looking for keys elsewhere. */
  make?: boolean
}

/** A key ring in our hands alone. */
export class RingStore {
  readonly options: RingStoreOptions
  /** Private keys without an entry: of a lost ring, or planted. */
  readonly strays: readonly string[]
  readonly #session: StoreSession
  readonly #added = new Map<string, string>()
  #ring: KeyRing

  constructor(options: RingStoreOptions, session: StoreSession, ring: KeyRing) {
    this.options = options
    this.#session = session
    this.strays = session.stored.strays
    this.#ring = ring
  }

  get ring(): KeyRing {
    return this.#ring
  }

  /** Asked before anything is done at Kinescope. @throws OperatorProblem `keys-busy` */
  hold(): Promise<void> {
    return this.#session.hold()
  }

  /** Proves that a key's private half is there, ours, and that key's. */
  loadKey(key: KeyRecord): Promise<LoadedKey> {
    const text = this.#added.get(key.file)
    const privateKey = (file: string) =>
      text === undefined ? this.#session.stored.privateKey(file) : Promise.resolve({ text, exposed: false })
    return loadStoredKey({ privateKey }, key, this.options.passphrase)
  }

  /** The text of a private key that has no entry. */
  async strayText(file: string): Promise<string> {
    return (await this.#session.stored.privateKey(file)).text
  }

  /** Changes records in one write: either all of it is true afterwards, or nothing. */
  async commit(
    changes: Readonly<Record<string, Partial<KeyRecord>>>,
    { added = [], ...files }: KeyFiles & { added?: readonly KeyRecord[] } = {},
  ): Promise<void> {
    const keys = [...this.#ring.keys, ...added].map((key) => ({ ...key, ...changes[key.kid] }))
    const next = { ...this.#ring, revision: this.#ring.revision + 1, keys }
    parseKeyRing(ringText(next), 'what was to be written') // never a ring that nobody could read
    await this.#session.write(next, files)
    if (files.put) this.#added.set(files.put.file, files.put.pem)
    this.#ring = next
  }
}

/** Runs `work` as the only process that changes the keys, on a store tidied of what a killed one left. */
export async function withRing<T>(
  options: RingStoreOptions,
  work: (store: RingStore) => Promise<T>,
): Promise<T> {
  const { location, vendor } = options
  const session = await openStore(location, options).open(options.make ?? false)
  try {
    const { ring } = session.stored
    if (ring.keys.length > 0 && ring.vendor !== vendor) {
      throw new OperatorProblem(
        'key-ring-elsewhere',
        `the keys in ${locationText(location)} are registered at ${ring.vendor}, not at ${vendor}`,
        'Set KINESCOPE_API_URL to that address, or CHAT_KEY_DIR to another directory.',
      )
    }
    const maxTokenTtl = Math.max(ring.maxTokenTtl, options.maxTokenTtl)
    const store = new RingStore(options, session, { ...ring, vendor, maxTokenTtl })
    if (ring.keys.length > 0 && maxTokenTtl > ring.maxTokenTtl) await store.commit({})
    return await work(store)
  } finally {
    await session.close()
  }
}
