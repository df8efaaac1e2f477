import type { Registration, Registry } from '../keys/registry.js'
import { readExistingStore, readStore, RingStore, type RingStoreOptions } from '../keys/store/ring-store.js'
import type { RemoteKey } from '../kinescope/jwk-api.js'
import type { KeyRecord } from '../keys/key-ring.js'

/** Runs `work` on a copy of the key ring in memory. Takes no lock and writes nothing. */
export async function withRingInMemory<T>(
  options: RingStoreOptions,
  work: (store: RingStore) => Promise<T>,
): Promise<T> {
  const stored = await (options.make ? readStore : readExistingStore)(options.location)
  const nothing = () => Promise.resolve()
  const session = { stored, renewLock: nothing, write: nothing, close: nothing }
  const maxTokenTtl = Math.max(stored.ring.maxTokenTtl, options.maxTokenTtl)
  return work(new RingStore(options, session, { ...stored.ring, vendor: options.vendor, maxTokenTtl }))
}

/** Reads the registry and reports every change as made, without making it. */
export class DryRunRegistry implements Registry {
  readonly #real: Registry

  constructor(real: Registry) {
    this.#real = real
  }

  find(key: KeyRecord, options: { again: boolean }): Promise<Registration | null> {
    return this.#real.find(key, options)
  }

  list(): Promise<RemoteKey[] | null> {
    return this.#real.list()
  }

  clock(): number | null {
    return this.#real.clock()
  }

  create({ remoteId, expiresAt }: KeyRecord): Promise<Registration> {
    return Promise.resolve({ remoteId, expiresAt, duplicates: [] })
  }

  unregister(): Promise<boolean> {
    return Promise.resolve(true)
  }

  removeDuplicate(): Promise<void> {
    return Promise.resolve()
  }

  until(signal: AbortSignal): Registry {
    return new DryRunRegistry(this.#real.until(signal))
  }
}
