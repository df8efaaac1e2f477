import { readList, readOne, type KinescopeApi } from './api-client.js'
import { badResponse, KinescopeError } from './kinescope-error.js'

/** Exactly the seven members the article documents for `POST /v1/jwk`; what others would do is not known. */
export interface JwkRegistration {
  kty: 'RSA'
  e: string
  use: 'sig'
  kid: string
  alg: 'RS256'
  n: string
  /** ISO 8601 with `Z`. */
  expires_at: string
}

/** A registered key as far as Kinescope shows it. */
export interface RemoteKey {
  /** Kinescope's id, by which a key is deleted: not the `kid`. */
  id: string
  kid: string
  /** The modulus; the article's answers leave it out. */
  n: string | null
  /** ISO 8601; null where it isn't shown. */
  expiresAt: string | null
  /** null where it isn't shown. */
  alg: string | null
}

/** Ids are UUIDs, or thereabouts. */
const LONGEST_ID = 200

/** The registered public keys of the workspace. */
export class JwkApi {
  readonly api: KinescopeApi

  constructor(api: KinescopeApi) {
    this.api = api
  }

  async list(): Promise<RemoteKey[]> {
    const rows = await readList(this.api, { method: 'GET', path: ['v1', 'jwk'], resource: 'key' })
    return rows.map((row) => readKey(row, 'GET /v1/jwk'))
  }

  /** One key; it may show more of itself than in the list. */
  async get(id: string): Promise<RemoteKey> {
    const answer = await this.api.call({ method: 'GET', path: ['v1', 'jwk', id], resource: 'key' })
    return readKey(readOne(answer, 'GET /v1/jwk'), 'GET /v1/jwk')
  }

  /** Registers a key, once: what became of a lost answer is for the caller to look up in the list. */
  async create(registration: JwkRegistration): Promise<RemoteKey> {
    const answer = await this.api.call({
      method: 'POST',
      path: ['v1', 'jwk'],
      body: registration,
      resource: 'key',
    })
    return readKey(readOne(answer, 'POST /v1/jwk'), 'POST /v1/jwk')
  }

  /** Deletes a key. @returns false if Kinescope didn't have it */
  async remove(id: string): Promise<boolean> {
    try {
      await this.api.call({ method: 'DELETE', path: ['v1', 'jwk', id], resource: 'key' })
      return true
    } catch (error) {
      if (error instanceof KinescopeError && error.code === 'key-not-found') return false
      throw error
    }
  }
}

function readKey(row: Record<string, unknown>, what: string): RemoteKey {
  const { id, kid, n, alg, expires_at: expiresAt } = row
  if (typeof kid !== 'string' || kid === '') throw badResponse(what, 'a key without a kid')
  if ((id as string).length > LONGEST_ID) throw badResponse(what, 'an invalid id')
  return {
    id: id as string,
    kid,
    n: typeof n === 'string' && n !== '' ? n : null,
    expiresAt: typeof expiresAt === 'string' && !Number.isNaN(Date.parse(expiresAt)) ? expiresAt : null,
    alg: typeof alg === 'string' && alg !== '' ? alg : null,
  }
}
