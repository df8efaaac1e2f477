import { OperatorProblem } from '../../problem.js'
import type { KeySource } from '../../token/signing-key.js'
import { HeldKeys } from './held-keys.js'
import { locationText, type KeyStoreLocation } from '../store/key-store.js'
import type { KeyRing } from '../key-state.js'
import { noStore } from '../store/no-keys.js'
import { RING_FILE } from '../store/ring-format.js'
import { openStore } from '../store/ring-store.js'

/** A directory watch misses changes on some mounts; looking costs one small read. */
const POLL_MS = 5000
/** A look that takes longer (a dead network mount, a cluster that hangs) leaves the ring stale. */
const LOOK_MS = 15_000

/** One thing an operator should know of the keys, though there may be one to sign with. */
export interface KeyNote {
  code: 'key-ring-stale' | 'key-unusable' | 'private-key-exposed'
  /** For the operator, not for the public. */
  detail: string
}

/** `dir`: the key directory, as `CHAT_KEY_DIR`; or `secret`: the Secret of a cluster, as `CHAT_KEY_SECRET`. */
export type RingKeySourceOptions = KeyStoreLocation & FollowOptions

export interface FollowOptions {
  passphrase?: string | undefined
  /** Milliseconds; 5000 by default. */
  pollMs?: number
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Called after each change that was taken over, and once for each new reason why none could be. */
  onReload?: (result: { ok: true; revision: number } | { ok: false; error: unknown }) => void
}

/** Signing keys of a ring, that follows its store while the server runs. */
export interface RingKeySource extends KeySource {
  readonly ring: KeyRing
  /** What is wrong at the moment: a ring that can't be followed, keys that can't be used. */
  notes(): KeyNote[]
  /** Looks now, as on SIGHUP; resolves when the answer is in. */
  reload(): Promise<void>
  /** Ends the looking. What was asked for a key before still signs. */
  close(): void
}

/**
 * Opens a key ring. Changes are found by content, since a rename, an atomic `..data` swap of Kubernetes and a copy all
 * look different to a file watch. Every key signs and verifies once before it is used. What can't be loaded is tried
 * again at each look until it can; meanwhile the last good state serves, though never with a key that is known to be
 * revoked.
 *
 * @throws OperatorProblem where the ring can't be read at start, or holds a key to sign with and none that is usable
 */
export async function ringKeySource(options: RingKeySourceOptions): Promise<RingKeySource> {
  const { passphrase, pollMs = POLL_MS, onReload, now = Date.now } = options
  const store = openStore(options, { now })
  const closing = new AbortController()
  const held = new HeldKeys()
  let version = ''
  let lookedAt = performance.now()
  /** Why the store couldn't be read at the last look. */
  let unread: Error | null = null
  let said: string | null = null
  let looking: Promise<void> | null = null
  let again = false

  async function look(): Promise<void> {
    try {
      const stored = await store.read(closing.signal)
      // a volume that went away, a directory being restored: the keys in hand are worth more than none
      if (stored.absent !== null && held.ring.keys.length > 0) throw lost(options, stored.absent)
      await held.take(stored, passphrase, now())
      unread = null
      report(stored.version)
    } catch (error) {
      unread = error as Error
      report(version)
    }
    lookedAt = performance.now()
  }

  function report(seen: string): void {
    if (closing.signal.aborted) return
    const error = unread ?? [...held.unusable.values()][0] ?? null
    const recovered = error === null && said !== null
    if (error && error.message !== said) onReload?.({ ok: false, error })
    else if (recovered || (!error && seen !== version)) {
      onReload?.({ ok: true, revision: held.ring.revision })
    }
    said = error?.message ?? null
    version = seen
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
      } while (again && !closing.signal.aborted)
    })().finally(() => (looking = null))
    return looking
  }

  const first = await store.read()
  await held.take(first, passphrase, now())
  version = first.version
  const [unusable] = held.unusable.values()
  if (unusable && 'problem' in held.choose(now())) throw unusable
  report(version)

  const timer = setInterval(() => void reload(), pollMs).unref()
  const unwatch = store.watch(() => void reload())
  const why = () => {
    if (unread) return unread.message
    if (held.behind) return 'its signing key can’t be used here'
    return performance.now() - lookedAt > pollMs + LOOK_MS ? 'no answer' : null
  }

  return {
    get ring() {
      return held.ring
    },
    current: (time) => held.choose(time),
    notes: () => [
      ...[why()].flatMap((reason) =>
        reason === null ? [] : [note('key-ring-stale', `${store.location} can’t be followed: ${reason}`)],
      ),
      ...[...held.unusable].map(([kid, { message }]) => note('key-unusable', `${kid}: ${message}`)),
      ...held.exposed.map((kid) => note('private-key-exposed', `Every user of the machine can read ${kid}.`)),
    ],
    reload,
    close() {
      closing.abort()
      clearInterval(timer)
      unwatch()
    },
  }
}

const lost = (location: KeyStoreLocation, absent: 'store' | 'index') =>
  absent === 'store'
    ? noStore(location)
    : new OperatorProblem(
        'key-ring-lost',
        `${RING_FILE} is gone from ${locationText(location)}`,
        'Restore it from a backup, or run `kinescope-chat-server keys reconcile`: it is built anew from the private keys and what Kinescope lists.',
      )

const note = (code: KeyNote['code'], detail: string): KeyNote => ({ code, detail })
