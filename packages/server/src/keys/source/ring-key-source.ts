import type { CryptoKey } from 'jose'
import { guardListener } from '../../guard-listener.js'
import type { KeySource, KeyChoice } from '../../token/signing-key.js'
import {
  type KeyRing,
  keyState,
  signers,
  turningPoints,
  whyNoSigner,
  type KeyRecord,
  emptyRing,
} from '../key-ring.js'
import {
  locationText,
  type KeyStoreLocation,
  type StoredRing,
  isRingLost,
  noStore,
  ringIncomplete,
  ringLost,
} from '../store/key-store.js'
import { openStore, loadStoredKey } from '../store/ring-store.js'
import { OperatorProblem } from '../../problem.js'

/** A directory watch misses changes on some mounts; a poll costs one small read. */
const POLL_MS = 5000
/** A slower read (a dead network mount, a cluster that hangs) makes the ring stale. */
const READ_MS = 15_000

/** One thing an operator should know of the keys, though there may be one to sign with. */
export interface KeyNote {
  code: 'key-ring-stale' | 'key-unusable' | 'private-key-exposed'
  /** For the operator, not for the public. */
  detail: string
}

/** `dir`: the key directory, as `CHAT_KEY_DIR`; or `secret`: the Secret of a cluster, as `CHAT_KEY_SECRET`. */
export type RingKeySourceOptions = KeyStoreLocation & FollowOptions

/** `kid`: the key that signs now, or null. */
export type ReloadResult = { ok: true; revision: number; kid: string | null } | { ok: false; error: unknown }

export interface FollowOptions {
  passphrase?: string | undefined
  /** Milliseconds; 5000 by default. */
  pollMs?: number
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Called after each change that was applied, and once for each new reason why one could not be. */
  onReload?: (result: ReloadResult) => void
  /** Called when another key signs, or none can: after a change of the ring, or when a key's time comes or ends. */
  onSigner?: (choice: KeyChoice) => void
}

/** Signing keys of a ring, which follows its store while the server runs. */
export interface RingKeySource extends KeySource {
  readonly ring: KeyRing
  /** The current problems: a ring that can't be read, keys that can't be loaded. */
  notes(): KeyNote[]
  /** Reads the store now, as on SIGHUP; resolves when it is done. */
  reload(): Promise<void>
  /** Stops the polling. A key handed out before still signs. */
  close(): void
}

/**
 * Opens a key ring. Changes are found by content, since a rename, an atomic `..data` swap of Kubernetes and a copy all
 * look different to a file watch. Every key signs and verifies once before it is used. A change that can't be loaded is
 * retried at each poll. Meanwhile the last good ring applies. It also applies while a newer ring has no signing key and
 * lacks the current one. A key that a ring revoked or removed never signs again.
 *
 * @throws OperatorProblem where the ring can't be read at start, or has a signing key and none that can be loaded
 */
export async function ringKeySource(options: RingKeySourceOptions): Promise<RingKeySource> {
  const { passphrase, pollMs = POLL_MS, now = Date.now } = options
  const onReload = guardListener(options.onReload)
  const onSigner = guardListener(options.onSigner)
  const store = openStore(options, { now })
  const closing = new AbortController()
  const cache = new KeyCache()
  let version = ''
  let readAt = performance.now()
  /** Why the newest content of the store doesn't apply. */
  let readError: Error | null = null
  let reported: string | null = null
  let signer = ''
  let reading: Promise<void> | null = null
  let isChangedMeanwhile = false

  async function read(): Promise<void> {
    try {
      const stored = await store.read(closing.signal)
      // an unmounted volume or a directory being restored: the keys in memory are better than none
      if (isRingLost(stored) || (stored.absent !== null && cache.ring.keys.length > 0)) {
        throw stored.absent === 'store' ? noStore(options) : ringLost(options, stored)
      }
      await cache.update(stored, passphrase, now())
      readError = incompleteRing()
      report(stored.version)
    } catch (error) {
      readError = error as Error
      report(version)
    }
    readAt = performance.now()
  }

  /** The newest ring has no signing key, so one that it forgot signs. */
  function incompleteRing(): OperatorProblem | null {
    const choice = cache.current(now())
    if ('problem' in choice || signers(cache.ring, now()).length > 0) return null
    return ringIncomplete(options, choice.key.kid)
  }

  function report(seen: string): void {
    if (closing.signal.aborted) return
    const error = readError ?? [...cache.unusable.values()][0] ?? null
    const hasRecovered = error === null && reported !== null
    const isChanged = error === null && seen !== version
    const before = reported
    reported = error?.message ?? null
    version = seen
    if (error && error.message !== before) onReload({ ok: false, error })
    else if (hasRecovered || isChanged) {
      const choice = cache.current(now())
      onReload({ ok: true, revision: cache.ring.revision, kid: 'key' in choice ? choice.key.kid : null })
    }
    reportSigner()
  }

  function reportSigner(): void {
    const choice = cache.current(now())
    const before = signer
    signer = signerOf(choice)
    if (signer !== before) onSigner(choice)
  }

  /** One read at a time; a change in the meantime is read again. */
  function reload(): Promise<void> {
    if (reading) {
      isChangedMeanwhile = true
      return reading
    }
    reading = (async () => {
      do {
        isChangedMeanwhile = false
        await read()
      } while (isChangedMeanwhile && !closing.signal.aborted)
    })().finally(() => (reading = null))
    return reading
  }

  const first = await store.read()
  await cache.update(first, passphrase, now())
  version = first.version
  if (isRingLost(first)) readError = ringLost(options, first)
  const [unusable] = cache.unusable.values()
  if (unusable && 'problem' in cache.current(now())) throw unusable
  signer = signerOf(cache.current(now()))
  report(version)

  const timer = setInterval(() => {
    reportSigner() // also while a read hangs
    void reload()
  }, pollMs).unref()
  const unwatch = store.watch(() => void reload())
  const staleReason = () => {
    if (readError) return readError.message
    if (cache.isStale) return 'its signing key can’t be loaded here'
    return performance.now() - readAt > pollMs + READ_MS ? 'no response' : null
  }

  return {
    get ring() {
      return cache.ring
    },
    current: (time) => cache.current(time),
    notes: () => [
      ...[staleReason()].flatMap((reason) =>
        reason === null
          ? []
          : [note('key-ring-stale', `${locationText(options)} can’t be loaded: ${reason}`)],
      ),
      ...[...cache.unusable].map(([kid, { message }]) => note('key-unusable', `${kid}: ${message}`)),
      ...cache.exposed.map((kid) =>
        note('private-key-exposed', `Every user of the machine can read ${kid}.`),
      ),
    ],
    reload,
    close() {
      closing.abort()
      clearInterval(timer)
      unwatch()
    },
  }
}

const signerOf = (choice: KeyChoice): string =>
  'key' in choice ? `the key ${choice.key.kid}` : choice.problem

const note = (code: KeyNote['code'], detail: string): KeyNote => ({ code, detail })

interface CachedKey {
  privateKey: CryptoKey
  exposed: boolean
}

/** The private keys in memory, the newest ring that was read, and the keys of earlier rings that it forgot. */
class KeyCache {
  /** The newest ring, in which a key that an earlier one revoked or removed stays so. */
  ring: KeyRing = emptyRing()
  /** Keys that should sign and can't be loaded. */
  unusable: ReadonlyMap<string, Error> = new Map()
  /** The kids of keys whose files every user can read. */
  exposed: readonly string[] = []
  /** The newest ring's signing key could not be loaded. */
  isStale = false
  #keys: ReadonlyMap<string, CachedKey> = new Map()
  /** By thumbprint: keys that a ring said are revoked or removed. */
  readonly #ended = new Map<string, KeyRecord>()
  /** Keys that the newest ring lacks or doesn't know as registered, until a ring has a signing key. */
  #forgotten: KeyRing = emptyRing()
  #choice: { from: number; until: number; choice: KeyChoice } | null = null

  async update(stored: StoredRing, passphrase: string | undefined, now: number): Promise<void> {
    for (const key of stored.ring.keys) {
      if (key.revokedAt !== null || key.removedAt !== null) this.#ended.set(key.thumbprint, key)
    }
    const records = stored.ring.keys.map((key) => this.#ended.get(key.thumbprint) ?? key)
    const ring = { ...stored.ring, keys: records }
    const unusable = new Map<string, Error>()
    const exposed: string[] = []
    const keys = new Map<string, CachedKey>()
    const loadable = ['generated', 'published', 'active', 'retiring']
    for (const record of records.filter((key) => loadable.includes(keyState(key, now)))) {
      const { kid, thumbprint } = record
      try {
        const key = this.#keys.get(thumbprint) ?? (await loadStoredKey(stored, record, passphrase))
        keys.set(thumbprint, { privateKey: key.privateKey, exposed: key.exposed })
        if (key.exposed) exposed.push(kid)
      } catch (error) {
        if (!(error instanceof OperatorProblem)) throw error
        if (['published', 'active'].includes(keyState(record, now))) unusable.set(kid, error)
      }
    }
    const signer = signers(ring, now)[0]
    const applies = signer !== undefined && keys.has(signer.key.thumbprint)
    const registered = (key: KeyRecord) => key.publishedAt !== null
    const known = new Set(records.filter(registered).map(({ thumbprint }) => thumbprint))
    const isForgotten = (key: KeyRecord) =>
      registered(key) && !known.has(key.thumbprint) && !this.#ended.has(key.thumbprint)
    const before = [...this.ring.keys, ...this.#forgotten.keys]
    this.#forgotten = { ...ring, keys: applies ? [] : before.filter(isForgotten) }
    // keys of earlier rings that may still sign stay in memory
    this.#keys = applies ? keys : new Map([...this.#keys, ...keys])
    this.exposed = exposed
    this.ring = ring
    this.isStale = signer !== undefined && !applies
    this.unusable = unusable
    this.#choice = null
  }

  /** The key to sign with. Computed once for the time between two turning points, since each token asks for it. */
  current(now: number): KeyChoice {
    const known = this.#choice
    if (known && known.from <= now && now < known.until) return known.choice
    const times = [this.ring, this.#forgotten].flatMap(turningPoints)
    const until = Math.min(Infinity, ...times.filter((time) => time > now))
    const choice = this.#chooseAt(now)
    this.#choice = { from: now, until, choice }
    return choice
  }

  #chooseAt(now: number): KeyChoice {
    for (const { key, until } of [this.ring, this.#forgotten].flatMap((ring) => signers(ring, now))) {
      const cached = this.#keys.get(key.thumbprint)
      if (cached) return { key: { kid: key.kid, privateKey: cached.privateKey, expiresAt: until } }
    }
    return { problem: whyNoSigner(this.ring, now) }
  }
}
