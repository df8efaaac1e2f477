import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyChoice, KeySource, SigningKey } from '../token/signing-key.js'
import { loadRingKey, readKeyRing, RING_FILE } from './key-ring.js'
import { keyState, signingKeyRecord, whyNoSigner, type KeyRing } from './key-state.js'

/** A directory watch misses changes on some mounts; looking costs one small read. */
const POLL_MS = 5000

export interface RingKeySourceOptions {
  dir: string
  passphrase?: string | undefined
  pollMs?: number
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Called after each change that was taken over, and once for each that couldn't be. */
  onReload?: (result: { ok: true; revision: number } | { ok: false; error: unknown }) => void
}

/** Signing keys of a ring on disk, that follows the directory while the server runs. */
export interface RingKeySource extends KeySource {
  readonly ring: KeyRing
  /** Looks now, as on SIGHUP; resolves when the answer is in. */
  reload(): Promise<void>
  close(): void
}

interface LoadedRing {
  ring: KeyRing
  keys: ReadonlyMap<string, SigningKey>
}

/**
 * Opens a key ring. Changes are found by content, since a rename, an atomic `..data` swap of Kubernetes and a copy all
 * look different to a file watch. A changed ring is loaded whole and every key in it signs and verifies once before it
 * takes over; while it can't be used, the last good one stays.
 * @throws where the ring can't be used at start
 */
export async function ringKeySource(options: RingKeySourceOptions): Promise<RingKeySource> {
  const { dir, passphrase, pollMs = POLL_MS, onReload, now = Date.now } = options
  // taken first: what changes between the two is found by the next look
  let digest = await digestOf(dir)
  let loaded = await load(dir, passphrase, now())
  let looking: Promise<void> | null = null
  let again = false
  let closed = false

  async function look(): Promise<void> {
    const found = await digestOf(dir)
    if (found === digest || closed) return
    // remembered before it is tried: a broken ring is reported once, not every five seconds
    digest = found
    try {
      loaded = await load(dir, passphrase, now())
      onReload?.({ ok: true, revision: loaded.ring.revision })
    } catch (error) {
      onReload?.({ ok: false, error })
    }
  }

  /** One look at a time; what changes meanwhile is looked at again. */
  function reload(): Promise<void> {
    if (looking) {
      again = true
      return looking
    }
    looking = (async () => {
      do {
        again = false
        await look()
      } while (again && !closed)
    })().finally(() => (looking = null))
    return looking
  }

  const timer = setInterval(() => void reload(), pollMs).unref()
  const watcher = watchDirectory(dir, () => void reload())

  return {
    get ring() {
      return loaded.ring
    },
    current: (now) => choose(loaded, now),
    reload,
    close() {
      closed = true
      clearInterval(timer)
      watcher?.close()
    },
  }
}

function choose({ ring, keys }: LoadedRing, now: number): KeyChoice {
  const record = signingKeyRecord(ring, now)
  const key = record && keys.get(record.kid)
  return key ? { key } : { problem: whyNoSigner(ring, now) }
}

/** Loads every key that may sign now or later; loading one signs and verifies with it. */
async function load(dir: string, passphrase: string | undefined, now: number): Promise<LoadedRing> {
  const ring = await readKeyRing(dir)
  const able = ring.keys.filter((key) => ['generated', 'published', 'active'].includes(keyState(key, now)))
  const keys = await Promise.all(
    able.map(async (record): Promise<[string, SigningKey]> => {
      const { privateKey } = await loadRingKey(dir, record, passphrase)
      return [record.kid, { kid: record.kid, privateKey, expiresAt: Date.parse(record.expiresAt) }]
    }),
  )
  return { ring, keys: new Map(keys) }
}

/** Tells two states of the ring apart; an unreadable one is a state too. */
async function digestOf(dir: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(join(dir, RING_FILE)))
      .digest('hex')
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`
  }
}

/** The directory, not the file: a file's watch is dead after the first rename over it. */
function watchDirectory(dir: string, changed: () => void): FSWatcher | null {
  try {
    return watch(dir, { persistent: false }, changed).on('error', () => undefined)
  } catch {
    return null // no watch here (some network mounts): looking will do
  }
}
