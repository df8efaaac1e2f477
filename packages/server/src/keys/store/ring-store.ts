import { OperatorProblem } from '../../problem.js'
import { directoryStore } from './directory-store.js'
import {
  locationText,
  type KeyFiles,
  type KeyStoreLocation,
  type KeyStore,
  type StoreSession,
  type StoredRing,
  isRingLost,
  noStore,
  ringLost,
} from './key-store.js'
import { type KeyRecord, type KeyRing, keyState, parseKeyRing, ringText } from '../key-ring.js'
import { loadPrivateKey, type LoadedKey } from '../private-key.js'
import { secretStore } from './secret-store.js'

export interface StoreOptions {
  now?: () => number
  wait?: (ms: number) => Promise<void>
  /** Ends waits, never a write. */
  signal?: AbortSignal | undefined
}

/** The store at a location. Opens nothing yet. */
export function openStore(
  location: KeyStoreLocation,
  { now = Date.now, wait = pause, signal }: StoreOptions = {},
): KeyStore {
  return 'dir' in location ? directoryStore(location.dir, now) : secretStore(location.secret, wait, signal)
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Reads a key ring; changes nothing. @throws OperatorProblem */
export const readStore = (location: KeyStoreLocation): Promise<StoredRing> => openStore(location).read()

/** Reads a key ring whose store must exist. @throws OperatorProblem `key-directory-missing`, `key-secret-missing` */
export async function readExistingStore(location: KeyStoreLocation): Promise<StoredRing> {
  const stored = await readStore(location)
  if (stored.absent === 'store') throw noStore(location)
  return stored
}

/** Reads a key ring that must not be lost. @throws OperatorProblem, such as `key-ring-lost` */
export async function readExistingRing(location: KeyStoreLocation): Promise<KeyRing> {
  const stored = await readExistingStore(location)
  if (isRingLost(stored)) throw ringLost(location, stored)
  return stored.ring
}

/** Loads a record's private key and checks its thumbprint. */
export async function loadStoredKey(
  { privateKey }: Pick<StoredRing, 'privateKey'>,
  key: KeyRecord,
  passphrase?: string,
): Promise<LoadedKey & { exposed: boolean }> {
  try {
    const { text, exposed } = await privateKey(key.file)
    const loaded = await loadPrivateKey(text, { passphrase })
    if (loaded.thumbprint === key.thumbprint) return { ...loaded, exposed }
  } catch (error) {
    throw withRemedyFor(key, error)
  }
  throw new OperatorProblem(
    'private-key-swapped',
    `${key.file} holds another key than ${key.kid}`,
    `Find out who put it there. ${remedyFor(key)}`,
  )
}

const remedyFor = ({ kid, signFrom }: KeyRecord): string =>
  signFrom === null
    ? `Restore the file from a backup, or remove the spare: \`kinescope-chat-server keys revoke ${kid}\`.`
    : 'Restore the file from a backup, or replace the key with `kinescope-chat-server keys rotate`.'

/** Faults that aren't the file's own: a passphrase, or its permissions. */
const NOT_DAMAGE = /^private-key-(?:encrypt|passphrase|exposed)/

/** Names the file of a key that can't be loaded, with what to do about a key of the ring. */
function withRemedyFor(key: KeyRecord, error: unknown): unknown {
  if (!(error instanceof OperatorProblem) || !error.code.startsWith('private-key-')) return error
  const { code, message, remediation } = error
  // the file of a key that signs is perhaps only unreadable to this user
  const isOwn = NOT_DAMAGE.test(code) || (code === 'private-key-unreadable' && key.signFrom !== null)
  const named = message.includes(key.kid) ? message : `${key.file}: ${message}`
  return new OperatorProblem(code, named, isOwn ? remediation : remedyFor(key), { cause: error.cause })
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
  /** Creates the store if it doesn't exist: only for commands that make the first key. */
  make?: boolean
  /** Accepts a lost ring: only for commands that rebuild it. */
  rebuild?: boolean
}

/** A locked key ring. A lost one is rejected: a new ring would hide the keys that Kinescope still has. */
export class RingStore {
  readonly options: RingStoreOptions
  /** Private keys without an entry: of a lost ring, or of an intruder. */
  readonly unknownFiles: readonly string[]
  readonly #session: StoreSession
  readonly #added = new Map<string, string>()
  #ring: KeyRing

  /** @throws OperatorProblem `key-ring-lost` */
  constructor(options: RingStoreOptions, session: StoreSession, ring: KeyRing) {
    const { location, rebuild = false } = options
    if (isRingLost(session.stored) && !rebuild) throw ringLost(location, session.stored)
    this.options = options
    this.#session = session
    this.unknownFiles = session.stored.unknownFiles
    this.#ring = ring
  }

  get ring(): KeyRing {
    return this.#ring
  }

  /** Call it before each change at Kinescope. @throws OperatorProblem `keys-busy` */
  renewLock(): Promise<void> {
    return this.#session.renewLock()
  }

  /** Loads a key's private half and proves that it belongs to the key. */
  loadKey(key: KeyRecord): Promise<LoadedKey> {
    const text = this.#added.get(key.file)
    const privateKey = (file: string) =>
      text === undefined ? this.#session.stored.privateKey(file) : Promise.resolve({ text, exposed: false })
    return loadStoredKey({ privateKey }, key, this.options.passphrase)
  }

  /** The text of a private key without an entry. */
  async unknownFileText(file: string): Promise<string> {
    return (await this.#session.stored.privateKey(file)).text
  }

  /** Changes records in one write: all or nothing. */
  async commit(
    changes: Readonly<Record<string, Partial<KeyRecord>>>,
    { added = [], ...files }: KeyFiles & { added?: readonly KeyRecord[] } = {},
  ): Promise<void> {
    const keys = [...this.#ring.keys, ...added].map((key) => ({ ...key, ...changes[key.kid] }))
    const next = { ...this.#ring, revision: this.#ring.revision + 1, keys }
    parseKeyRing(ringText(next), 'the new ring') // never write a ring that can't be read
    await this.#session.write(next, files)
    if (files.put) this.#added.set(files.put.file, files.put.pem)
    this.#ring = next
  }
}

/** Runs `work` as the only process that changes the keys, after removing what a killed process left. */
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
        'Set KINESCOPE_API_URL to that URL, or CHAT_KEY_DIR to another directory.',
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

export interface UnusableKey {
  kid: string
  code: string
  message: string
  remediation: string
}

/** The keys that sign now or may sign later, and whose private half can't be loaded, each with its remedy. */
export async function unusableKeys(
  ring: KeyRing,
  load: (key: KeyRecord) => Promise<unknown>,
  now: number,
): Promise<UnusableKey[]> {
  const unusable: UnusableKey[] = []
  for (const key of ring.keys) {
    if (!['generated', 'published', 'active'].includes(keyState(key, now))) continue
    try {
      await load(key)
    } catch (error) {
      if (!(error instanceof OperatorProblem)) throw error
      const { code, message, remediation } = error
      unusable.push({ kid: key.kid, code, message, remediation })
    }
  }
  return unusable
}
