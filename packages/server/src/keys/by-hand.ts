import type { KeyRecord } from './key-state.js'
import { registrationOf, type Registered, type Registry } from './registry.js'
import type { RemoteKey } from '../kinescope/jwk-api.js'

/** A request for somebody else to make: whoever holds the API token where this machine may not. */
export interface ManualRequest {
  method: 'POST' | 'DELETE'
  url: string
  /** What must be found out first; null where nothing is open. */
  first: string | null
  body: object | null
}

/** Takes every request as made as soon as it is told. */
export class ByHandRegistry implements Registry {
  readonly #apiUrl: string
  readonly #tell: (kid: string, request: ManualRequest) => void

  constructor(apiUrl: string, tell: (kid: string, request: ManualRequest) => void) {
    this.#apiUrl = apiUrl
    this.#tell = tell
  }

  find({ publishedAt, remoteId, expiresAt }: KeyRecord, { again }: { again: boolean }) {
    return Promise.resolve(publishedAt === null || again ? null : { remoteId, expiresAt, duplicates: [] })
  }

  create(key: KeyRecord): Promise<Registered> {
    const body = registrationOf(key)
    this.#tell(key.kid, { method: 'POST', url: `${this.#apiUrl}/v1/jwk`, first: null, body })
    return Promise.resolve({ remoteId: key.remoteId, expiresAt: key.expiresAt, duplicates: [] })
  }

  unregister(key: KeyRecord): Promise<void> {
    const id = key.remoteId ?? '{{jwk_id}}'
    const first =
      key.remoteId === null
        ? `find the id of the key whose kid is ${key.kid}: GET ${this.#apiUrl}/v1/jwk`
        : null
    this.#tell(key.kid, { method: 'DELETE', url: `${this.#apiUrl}/v1/jwk/${id}`, first, body: null })
    return Promise.resolve()
  }

  list(): Promise<RemoteKey[] | null> {
    return Promise.resolve(null)
  }

  removeDuplicate(): Promise<void> {
    return Promise.resolve() // can't be seen from here
  }

  clock(): null {
    return null
  }

  until(): Registry {
    return this
  }
}
