import type { RemoteKey } from '../kinescope/jwk-api.js'
import {
  keyState,
  removalsDue,
  rotationDueAt,
  scheduledKey,
  signers,
  type KeyRecord,
  isoTime,
  newRecord,
} from './key-ring.js'
import { isSame, assertPlausibleEnd, assertClock } from './registry.js'
import { unusableKeys } from './store/ring-store.js'
import { rotate, type RotateOptions, type Rotation } from './rotate.js'
import { activate, refused, removeEach, type KeyWork } from './steps.js'
import { OperatorProblem } from '../problem.js'
import { loadPrivateKey } from './private-key.js'

export interface Reconciliation {
  /** Kids that should be registered at Kinescope and aren't. */
  missing: string[]
  /** Unknown files, keys whose private half can't be loaded, and deleted keys that Kinescope still lists. They stay unchanged. */
  refused: string[]
  rotation: Rotation | null
  /** The next events of the ring. */
  next: { at: string; what: 'signs' | 'removal' | 'rotation'; kid: string }[]
}

/** Runs only due steps: removals, then a rotation at two thirds of the key's lifetime. For a daily job. */
export async function reconcile(work: KeyWork, options: RotateOptions): Promise<Reconciliation> {
  const { store, registry, now } = work
  if (store.ring.keys.length === 0 && store.unknownFiles.length === 0) {
    return { missing: [], refused: [], rotation: null, next: [] }
  }
  const listed = await registry.list()
  assertClock(work)
  const rejected = await adoptUnknownFiles(work, listed)
  if (listed) await syncWith(work, listed)
  const listedStill = await removeEach(work, removalsDue(store.ring, now()))
  const missing = listed ? missingFrom(listed, store.ring.keys, now()) : []
  const unusable = await unusableKeys(store.ring, (key) => store.loadKey(key), now())
  for (const { kid, ...problem } of unusable) work.report({ action: 'refused', what: kid, ...problem })
  const isReported = (what: string) => unusable.some(({ kid }) => kid === what)
  const report: KeyWork['report'] = (action) => {
    if (action.action !== 'refused' || !isReported(action.what)) work.report(action)
  }
  const rotation =
    store.ring.keys.length > 0 ? await startWhatIsDue({ ...work, report }, missing, options) : null
  const refused = [...rejected, ...listedStill, ...unusable.map(({ kid }) => kid)]
  return { missing, refused, rotation, next: comingUp(store.ring.keys, now()) }
}

async function startWhatIsDue(
  work: KeyWork,
  missing: readonly string[],
  options: RotateOptions,
): Promise<Rotation | null> {
  const { store, now } = work
  const scheduled = scheduledKey(store.ring, now())
  const active = signers(store.ring, now()).find(({ key }) => keyState(key, now()) === 'active')?.key
  // the clock was set back after the activation time was written; no other key signs
  if (!active && scheduled) {
    return { rotation: 'set', ...(await activate(work, { key: scheduled, changes: {} }, now())) }
  }
  // the API token may be of another workspace: a new key there would sign rejected tokens
  if (active && missing.includes(active.kid)) return null
  const due = !active || (rotationDueAt(active) <= now() && !scheduled)
  return due ? rotate(work, { ...options, force: true }) : null
}

/** Updates records from Kinescope's list; deletes duplicate and leftover registrations of our own keys only. */
async function syncWith(
  { store, registry, report, now }: KeyWork,
  listed: readonly RemoteKey[],
): Promise<void> {
  for (const key of store.ring.keys) {
    const [first, ...more] = listed
      .filter((remote) => isSame(remote, key))
      .sort((a, b) => Number(b.id === key.remoteId) - Number(a.id === key.remoteId))
    if (!first) continue
    if (key.removedAt === null) assertPlausibleEnd(key, first)
    for (const { id } of key.removedAt === null ? more : [first, ...more]) {
      await store.renewLock()
      await registry.removeDuplicate(id)
      report({ action: 'duplicate-removed', kid: key.kid, remoteId: id })
    }
    // Kinescope decides when a key expires
    const moved = first.expiresAt !== null && Date.parse(first.expiresAt) !== Date.parse(key.expiresAt)
    if (key.removedAt === null && (key.publishedAt === null || key.remoteId !== first.id || moved)) {
      const expiresAt = first.expiresAt ?? key.expiresAt
      const publishedAt = key.publishedAt ?? isoTime(now())
      await store.commit({ [key.kid]: { remoteId: first.id, publishedAt, expiresAt } })
      report({ action: 'registered', kid: key.kid, remoteId: first.id, expiresAt, found: true })
    }
  }
}

/** `active` and `published` keys that Kinescope doesn't list. They aren't registered again: they may be leaked. */
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

/**
 * Restores the ring entries of private keys that have none, if Kinescope lists the kid of the file's own thumbprint and
 * the key has not expired. An attacker could have added any other file, so it is reported, never registered and never
 * removed.
 *
 * @param listed null if Kinescope's list isn't available
 * @returns the rejected files
 */
async function adoptUnknownFiles(work: KeyWork, listed: readonly RemoteKey[] | null): Promise<string[]> {
  const { store, report, now } = work
  const rejected: string[] = []
  const added: KeyRecord[] = []
  for (const file of store.unknownFiles) {
    try {
      const record = await recordOf(work, file)
      const known = [...store.ring.keys, ...added].some(({ thumbprint }) => thumbprint === record.thumbprint)
      const remote = known ? undefined : listed?.find((candidate) => isSame(candidate, record))
      if (!remote) throw unregistered(file)
      const expiresAt = remote.expiresAt ?? record.expiresAt
      if (Date.parse(expiresAt) <= now()) throw expired(file, expiresAt)
      added.push({ ...record, remoteId: remote.id, publishedAt: isoTime(now()), expiresAt })
    } catch (error) {
      if (!(error instanceof OperatorProblem)) throw error
      rejected.push(file)
      report(refused(file, error))
    }
  }
  // one write of registered keys: servers never read a ring that lacks the key they sign with
  if (added.length > 0) await store.commit({}, { added })
  for (const { kid, bits } of added) report({ action: 'adopted', kid, bits })
  return rejected
}

async function recordOf({ store, now }: KeyWork, file: string): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  const { thumbprint, publicJwk, bits } = await loadPrivateKey(await store.unknownFileText(file), {
    passphrase,
  })
  if (!file.endsWith(`-${thumbprint.slice(0, 16)}.pem`)) {
    throw new OperatorProblem(
      'private-key-swapped',
      `${file} contains another key than its name says`,
      'Find out who put it there. Then remove it.',
    )
  }
  const kid = file.slice(0, -'.pem'.length)
  return newRecord({ kid, thumbprint, publicJwk, bits }, now(), lifeDays)
}

const unregistered = (file: string) =>
  new OperatorProblem(
    'private-key-unclaimed',
    `${file} is not in the ring, and Kinescope doesn’t list its key`,
    'If the key is yours, run `kinescope-chat-server keys register --adopt FILE`. Otherwise find out who put it there.',
  )

const expired = (file: string, expiresAt: string) =>
  new OperatorProblem(
    'key-expired',
    `the key in ${file} has expired at Kinescope (${expiresAt})`,
    'If Kinescope lists every key as expired, write to their support. Otherwise delete the key there and remove the file.',
  )
