import type { RemoteKey } from '../kinescope/jwk-api.js'
import { claimStrays } from './claim.js'
import { keyState, removalsDue, rotationDueAt, scheduledKey, signers, type KeyRecord } from './key-state.js'
import { isSame } from './registry.js'
import { isoTime } from './store/ring-format.js'
import { rotate, type RotateOptions, type Rotation } from './rotate.js'
import { refuseEarlyEnd, refuseWrongClock } from './plausible-times.js'
import { remove, start, type KeyWork } from './steps.js'

export interface Reconciliation {
  /** Kids that should be at Kinescope and aren't. */
  missing: string[]
  /** Files in the store that nobody accounts for, or that aren't what they say: left alone. */
  refused: string[]
  rotation: Rotation | null
  /** What comes next, and when. Empty for an empty ring. */
  next: { at: string; what: 'signs' | 'removal' | 'rotation'; kid: string }[]
}

/** Does whatever is due and nothing else: removals, then a rotation at two thirds of the key's life. For a daily job. */
export async function reconcile(work: KeyWork, options: RotateOptions): Promise<Reconciliation> {
  const { store, registry, now } = work
  if (store.ring.keys.length === 0 && store.strays.length === 0) {
    return { missing: [], refused: [], rotation: null, next: [] }
  }
  const listed = await registry.list()
  refuseWrongClock(work)
  const refused = await claimStrays(work, listed)
  if (listed) await agreeWith(work, listed)
  for (const key of removalsDue(store.ring, now())) await remove(work, key)
  const missing = listed ? missingFrom(listed, store.ring.keys, now()) : []
  const rotation = store.ring.keys.length > 0 ? await startWhatIsDue(work, options) : null
  return { missing, refused, rotation, next: comingUp(store.ring.keys, now()) }
}

async function startWhatIsDue(work: KeyWork, options: RotateOptions): Promise<Rotation | null> {
  const { store, now } = work
  const scheduled = scheduledKey(store.ring, now())
  const active = signers(store.ring, now()).find(({ key }) => keyState(key, now()) === 'active')?.key
  // its turn was set by a clock that has been set back since: nothing else signs, so it is its turn now
  if (!active && scheduled) {
    return { rotation: 'set', ...(await start(work, { key: scheduled, changes: {} }, now())) }
  }
  const due = !active || (rotationDueAt(active) <= now() && !scheduled)
  return due ? rotate(work, { ...options, force: true }) : null
}

/** Takes over what the list knows better, deletes double and forgotten registrations of our own keys, and only those. */
async function agreeWith(
  { store, registry, report, now }: KeyWork,
  listed: readonly RemoteKey[],
): Promise<void> {
  for (const key of store.ring.keys) {
    const [first, ...more] = listed
      .filter((remote) => isSame(remote, key))
      .sort((a, b) => Number(b.id === key.remoteId) - Number(a.id === key.remoteId))
    if (!first) continue
    if (key.removedAt === null) refuseEarlyEnd(key, first)
    for (const { id } of key.removedAt === null ? more : [first, ...more]) {
      await store.hold()
      await registry.removeDuplicate(id)
      report({ action: 'duplicate-removed', kid: key.kid, remoteId: id })
    }
    // the end Kinescope shows is the one that counts
    const moved = first.expiresAt !== null && Date.parse(first.expiresAt) !== Date.parse(key.expiresAt)
    if (key.removedAt === null && (key.publishedAt === null || key.remoteId !== first.id || moved)) {
      const expiresAt = first.expiresAt ?? key.expiresAt
      const publishedAt = key.publishedAt ?? isoTime(now())
      await store.commit({ [key.kid]: { remoteId: first.id, publishedAt, expiresAt } })
      report({ action: 'registered', kid: key.kid, remoteId: first.id, expiresAt, found: true })
    }
  }
}

/** `active` and `published` keys whose tokens nobody would accept. A deleted key may be a leaked one: not put back. */
export const missingFrom = (
  listed: readonly RemoteKey[],
  keys: readonly KeyRecord[],
  now: number,
): string[] =>
  keys
    .filter((key) => ['active', 'published'].includes(keyState(key, now)))
    .filter((key) => !listed.some((remote) => isSame(remote, key)))
    .map(({ kid }) => kid)

function comingUp(keys: readonly KeyRecord[], now: number): Reconciliation['next'] {
  return keys
    .flatMap((key): Reconciliation['next'] => {
      const { kid, signFrom, removeAfter, signUntil } = key
      switch (keyState(key, now)) {
        case 'published':
          return signFrom === null ? [] : [{ at: signFrom, what: 'signs', kid }]
        case 'retiring':
          return removeAfter === null ? [] : [{ at: removeAfter, what: 'removal', kid }]
        case 'active':
          return signUntil === null
            ? [{ at: isoTime(rotationDueAt(key)), what: 'rotation', kid }]
            : [{ at: removeAfter ?? signUntil, what: 'removal', kid }]
        default:
          return []
      }
    })
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
