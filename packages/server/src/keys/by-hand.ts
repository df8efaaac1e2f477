import type { KeyRecord } from './key-ring.js'
import { registrationOf, type Registration, type Registry } from './registry.js'
import type { RemoteKey } from '../kinescope/jwk-api.js'

/** A request that a person with the API token makes, where this machine has none. */
export interface ManualRequest {
  method: 'POST' | 'DELETE'
  url: string
  /** What to look up first; null if nothing. */
  first: string | null
  body: object | null
}

/** How to delete a key that no command deletes. Kinescope's article documents only this request for it. */
export const deleteByHand = (apiUrl: string): string =>
  `\`curl --request DELETE ${apiUrl}/v1/jwk/ID --header "Authorization: Bearer $KINESCOPE_API_TOKEN"\`. Its ID is \`remoteId\` in \`kinescope-chat-server keys list --removed --json\`.`

/** Prints requests and takes each as done. */
export class ByHandRegistry implements Registry {
  readonly #apiUrl: string
  readonly #report: (kid: string, request: ManualRequest) => void

  constructor(apiUrl: string, report: (kid: string, request: ManualRequest) => void) {
    this.#apiUrl = apiUrl
    this.#report = report
  }

  find({ publishedAt, remoteId, expiresAt }: KeyRecord, { again }: { again: boolean }) {
    return Promise.resolve(publishedAt === null || again ? null : { remoteId, expiresAt, duplicates: [] })
  }

  create(key: KeyRecord): Promise<Registration> {
    const body = registrationOf(key)
    this.#report(key.kid, { method: 'POST', url: `${this.#apiUrl}/v1/jwk`, first: null, body })
    return Promise.resolve({ remoteId: key.remoteId, expiresAt: key.expiresAt, duplicates: [] })
  }

  unregister(key: KeyRecord): Promise<boolean> {
    const id = key.remoteId ?? '{{jwk_id}}'
    const first =
      key.remoteId === null
        ? `find the id of the key whose kid is ${key.kid}: GET ${this.#apiUrl}/v1/jwk`
        : null
    this.#report(key.kid, { method: 'DELETE', url: `${this.#apiUrl}/v1/jwk/${id}`, first, body: null })
    return Promise.resolve(true)
  }

  list(): Promise<RemoteKey[] | null> {
    return Promise.resolve(null)
  }

  removeDuplicate(): Promise<void> {
    return Promise.resolve() // no duplicates are known without the API
  }

  clock(): null {
    return null
  }

  until(): Registry {
    return this
  }
}
