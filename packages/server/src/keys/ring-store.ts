import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorProblem } from '../problem.js'
import { UNFINISHED, writeDurably } from './durable-write.js'
import { errorCode } from './file-error.js'
import { readKeyRing, writeKeyRing } from './key-ring.js'
import type { KeyRecord, KeyRing } from './key-state.js'
import { loadPrivateKey } from './load-key.js'
import { lockRing, type RingLock } from './ring-lock.js'

export interface RingStoreOptions {
  dir: string
  /** The API the keys are for. */
  vendor: string
  /** Seconds; what the servers' CHAT_TOKEN_TTL is. */
  maxTokenTtl: number
  passphrase?: string | undefined
  /** Days a key lives that is found without an entry. */
  lifeDays: number
  now: () => number
}

/** A key directory under lock, swept of what a dead process left. */
export class RingStore {
  readonly options: RingStoreOptions
  readonly #lock: RingLock
  #ring: KeyRing

  constructor(options: RingStoreOptions, lock: RingLock, ring: KeyRing) {
    this.options = options
    this.#lock = lock
    this.#ring = ring
  }

  get dir(): string {
    return this.options.dir
  }

  get ring(): KeyRing {
    return this.#ring
  }

  /** Puts a private key in place: on the disk before anybody hears of it. */
  savePrivateKey(file: string, pem: string): Promise<void> {
    return writeDurably(join(this.dir, file), pem)
  }

  async removePrivateKey(file: string): Promise<void> {
    await unlink(join(this.dir, file)).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
  }

  /** Changes records in one write: either all of it is true afterwards, or nothing. */
  async commit(
    changes: Readonly<Record<string, Partial<KeyRecord>>>,
    added: readonly KeyRecord[] = [],
  ): Promise<void> {
    await this.#lock.assertHeld()
    const keys = [...this.#ring.keys, ...added].map((key) => ({ ...key, ...changes[key.kid] }))
    const next = { ...this.#ring, revision: this.#ring.revision + 1, keys }
    await writeKeyRing(this.dir, next)
    this.#ring = next
  }
}

/**
 * Runs `work` as the only process that changes the directory. What a killed process left is tidied first: unfinished
 * files go, private keys of removed entries go, and a private key of ours without an entry gets one, so that no key
 * that may be registered is ever forgotten.
 */
export async function withRing<T>(
  options: RingStoreOptions,
  work: (store: RingStore) => Promise<T>,
): Promise<T> {
  const { dir, vendor, now } = options
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const lock = await lockRing(dir, now)
  try {
    const read = await readKeyRing(dir)
    if (read.keys.length > 0 && read.vendor !== vendor) {
      throw new OperatorProblem(
        'key-ring-elsewhere',
        `the keys in ${dir} are registered at ${read.vendor}, not at ${vendor}`,
        'Set KINESCOPE_API_URL to that address, or CHAT_KEY_DIR to another directory.',
      )
    }
    const maxTokenTtl = Math.max(read.maxTokenTtl, options.maxTokenTtl)
    const store = new RingStore(options, lock, { ...read, vendor, maxTokenTtl })
    await tidy(store)
    if (read.keys.length > 0 && maxTokenTtl > read.maxTokenTtl) await store.commit({})
    return await work(store)
  } finally {
    await lock.release()
  }
}

/** Our own names; anything else in the directory is somebody else's. */
const OURS = /^\d{8}-[\w-]{16}\.pem$/

async function tidy(store: RingStore): Promise<void> {
  const { keys } = store.ring
  const names = await readdir(store.dir)
  const removed = new Set(keys.filter(({ removedAt }) => removedAt !== null).map(({ file }) => file))
  for (const name of names) {
    if (name.endsWith(UNFINISHED) || removed.has(name)) await store.removePrivateKey(name)
  }
  const known = new Set(keys.map(({ file }) => file))
  const found = names.filter((name) => OURS.test(name) && !known.has(name))
  if (found.length === 0) return
  await store.commit({}, await Promise.all(found.map((name) => recordOf(store, name))))
}

async function recordOf({ dir, options }: RingStore, file: string): Promise<KeyRecord> {
  const path = join(dir, file)
  const { thumbprint, publicJwk, bits } = await loadPrivateKey(await readFile(path, 'utf8'), options)
  const created = (await stat(path)).mtimeMs
  return newRecord(
    { kid: file.slice(0, -'.pem'.length), thumbprint, publicJwk, bits },
    created,
    options.lifeDays,
  )
}

export function newRecord(
  {
    kid,
    thumbprint,
    publicJwk,
    bits,
  }: Pick<KeyRecord, 'kid' | 'thumbprint' | 'bits'> & { publicJwk: { n: string; e: string } },
  createdAt: number,
  lifeDays: number,
): KeyRecord {
  return {
    kid,
    thumbprint,
    bits,
    n: publicJwk.n,
    e: publicJwk.e,
    file: `${kid}.pem`,
    remoteId: null,
    createdAt: isoTime(createdAt),
    publishedAt: null,
    signFrom: null,
    signUntil: null,
    removeAfter: null,
    revokedAt: null,
    removedAt: null,
    expiresAt: isoTime(createdAt + lifeDays * 86_400_000),
  }
}

/** As the article writes times: whole seconds, `Z`. */
export const isoTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
