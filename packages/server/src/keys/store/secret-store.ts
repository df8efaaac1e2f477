import { createHash, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { OperatorProblem } from '../../problem.js'
import {
  locationText,
  type KeyStore,
  type SecretName,
  type StoredRing,
  type StoreSession,
  noStore,
} from './key-store.js'
import { emptyRing, KEY_FILE, parseKeyRing, RING_FILE, ringText } from '../key-ring.js'
import { secretApi, type SecretApi, type V1Secret } from './secret-api.js'

const LOCK = 'kinescope-chat/lock'
/**
 * A lock that stays the same for so many polls is a dead process's: nothing that is done under it takes longer. The time
 * in it doesn't count, since clocks of two machines may disagree.
 */
const LOOKS = 24
const LOOK_MS = 5000
/** A holder shows that it lives at least this often. */
const RENEW_MS = 20_000

/**
 * One Secret as the store. Each write is a compare-and-swap by `resourceVersion`, so that of two writers one loses; an
 * annotation keeps a second one from acting at Kinescope meanwhile. Where nothing is due, nothing is written.
 */
export function secretStore(
  name: SecretName,
  wait: (ms: number) => Promise<void>,
  signal?: AbortSignal,
  api: SecretApi = secretApi(name),
): KeyStore {
  const location = locationText({ secret: name })
  return {
    location,
    read: async (ending = signal) => storedIn(await api.read(ending), location),
    async open(make) {
      const secret = await untilFree(api, location, wait, signal)
      if (!secret && !make) throw noStore({ secret: name })
      const session = new SecretSession(api, location, name, secret)
      if (lockOf(secret) !== undefined) await session.renewLock() // a dead process' lock is ours to take away
      return session
    },
    watch: () => () => undefined,
  }
}

class SecretSession implements StoreSession {
  readonly stored: StoredRing
  readonly #api: SecretApi
  readonly #location: string
  readonly #name: SecretName
  #secret: V1Secret | null
  /** Of our lock; null while we hold none. */
  #renewedAt: number | null = null

  constructor(api: SecretApi, location: string, name: SecretName, secret: V1Secret | null) {
    this.#api = api
    this.#location = location
    this.#name = name
    this.#secret = secret
    this.stored = storedIn(secret, location)
  }

  async renewLock(): Promise<void> {
    if (this.#renewedAt === null || performance.now() - this.#renewedAt > RENEW_MS) {
      await this.#put(this.#secret?.data ?? {}, lockText())
    }
  }

  async write(...[ring, { put, drop }]: Parameters<StoreSession['write']>): Promise<void> {
    const data: Record<string, string> = { ...this.#secret?.data, [RING_FILE]: toBase64(ringText(ring)) }
    if (put) {
      if (data[put.file] !== undefined) throw busy(this.#location, null) // write-once
      data[put.file] = toBase64(put.pem)
    }
    if (drop !== undefined) delete data[drop]
    await this.#put(data, lockText())
  }

  async close(): Promise<void> {
    if (this.#renewedAt === null) return
    // where this fails, the lock is found dead later
    await this.#put(this.#secret?.data ?? {}, null).catch(() => undefined)
  }

  async #put(data: Record<string, string>, lock: string | null): Promise<void> {
    const { [LOCK]: _before, ...annotations } = this.#secret?.metadata?.annotations ?? {}
    const metadata = {
      ...(this.#secret?.metadata ?? this.#name),
      annotations: { ...annotations, ...(lock === null ? {} : { [LOCK]: lock }) },
    }
    const body: V1Secret = { ...(this.#secret ?? { type: 'Opaque' }), metadata, data }
    const written = this.#secret ? await this.#api.replace(body) : await this.#api.create(body)
    if (!written) throw busy(this.#location, null)
    this.#secret = written
    this.#renewedAt = lock === null ? null : performance.now()
  }
}

/** Waits for another process' lock to go, or to be found dead. */
async function untilFree(
  api: SecretApi,
  location: string,
  wait: (ms: number) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<V1Secret | null> {
  let secret = await api.read(signal)
  const first = lockOf(secret)
  for (let look = 1; lockOf(secret) !== undefined && look <= LOOKS; look += 1) {
    await wait(LOOK_MS)
    secret = await api.read(signal)
    const now = lockOf(secret)
    if (now !== undefined && now !== first) throw busy(location, now)
  }
  return secret
}

const lockOf = (secret: V1Secret | null) => secret?.metadata?.annotations?.[LOCK]

const lockText = () =>
  JSON.stringify({ by: hostname(), pid: process.pid, nonce: randomBytes(8).toString('hex') })

function storedIn(secret: V1Secret | null, location: string): StoredRing {
  const data = secret?.data ?? {}
  const text = data[RING_FILE] === undefined ? null : fromBase64(data[RING_FILE])
  const ring = text === null ? emptyRing() : parseKeyRing(text, `${RING_FILE} in ${location}`)
  const known = new Set(ring.keys.map(({ file }) => file))
  return {
    ring,
    absent: text !== null ? null : secret === null ? 'store' : 'index',
    version: text === null ? 'none' : createHash('sha256').update(text).digest('hex'),
    unknownFiles: Object.keys(data).filter((name) => KEY_FILE.test(name) && !known.has(name)),
    privateKey(file) {
      const key = data[file]
      if (key !== undefined) return Promise.resolve({ text: fromBase64(key), exposed: false })
      return Promise.reject(
        new OperatorProblem(
          'private-key-unreadable',
          `${location} has no ${file}`,
          'Restore it from a backup, or replace the key with `kinescope-chat-server keys rotate`.',
        ),
      )
    },
  }
}

const toBase64 = (text: string) => Buffer.from(text).toString('base64')
/** The API's types promise text. */
const fromBase64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : '', 'base64').toString()

function busy(location: string, lock: string | null): OperatorProblem {
  const by = lock === null ? null : /"by":"([\w.-]{1,100})"/.exec(lock)?.[1]
  return new OperatorProblem(
    'keys-busy',
    `${location} is being changed by ${by ? `a process on ${by}` : 'another process'}`,
    'Let it finish, then run the command again. It continues from what it has done.',
  )
}
