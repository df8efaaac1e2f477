import { OperatorProblem } from '../problem.js'
import type { ManualRequest } from './by-hand.js'
import { generateKey, kidOf } from './generate-key.js'
import { endIfPublished, keyState, overlapMs, type KeyRecord } from './key-state.js'
import { loadPrivateKey, toPkcs8 } from './load-key.js'
import { refuseSpent, refuseWrongClock } from './plausible-times.js'
import type { Registry } from './registry.js'
import { isoTime, newRecord } from './store/ring-format.js'
import type { RingStore } from './store/ring-store.js'

/** What a key command did, in order: shown as it happens, and whole in `--json`. */
export type KeyAction =
  | { action: 'generating'; bits: number }
  | { action: 'generated'; kid: string; bits: number }
  | { action: 'adopted'; kid: string; bits: number }
  | { action: 'registering'; kid: string }
  | { action: 'registered'; kid: string; remoteId: string | null; expiresAt: string; found: boolean }
  | { action: 'signs'; kid: string; from: string; instead: string[] }
  | { action: 'revoked'; kid: string }
  | { action: 'removing'; kid: string }
  | { action: 'removed'; kid: string }
  | { action: 'duplicate-removed'; kid: string; remoteId: string }
  /** A key or a file that was left alone, and why. */
  | { action: 'refused'; what: string; code: string; message: string }
  | { action: 'by-hand'; kid: string; request: ManualRequest }

/** What the steps work with. */
export interface KeyWork {
  store: RingStore
  registry: Registry
  report: (action: KeyAction) => void
  /** ms since the epoch */
  now: () => number
  /** A leak can't wait for somebody to set a clock. */
  urgent?: boolean
  /** Somebody wants it to end, or it has gone on for too long. */
  signal?: AbortSignal | undefined
}

/** A key that Kinescope lists, and what the ring has still to learn of that. */
export interface Published {
  key: KeyRecord
  changes: Partial<KeyRecord>
}

/**
 * The five steps all key commands are made of. Each is one durable change, or one at Kinescope and then the record of
 * it, in the order in which a process may die after any of them: the next command goes on from what is kept.
 */

/** Step 1, **add**: the private key is kept before the ring knows of it, the ring before Kinescope does. */
export async function addKey(
  { store, report, now }: Pick<KeyWork, 'store' | 'report' | 'now'>,
  { bits }: { bits?: number | undefined },
): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  report({ action: 'generating', bits: bits ?? 2048 })
  const { pem, ...key } = await generateKey({ bits, passphrase, now: now() })
  const record = newRecord(key, now(), lifeDays)
  await store.commit({}, { added: [record], put: { file: record.file, pem } })
  report({ action: 'generated', kid: record.kid, bits: record.bits })
  return record
}

/** Step 1 for a private key of another tool, under the kid it is known by. */
export async function adopt(
  { store, report, now }: Pick<KeyWork, 'store' | 'report' | 'now'>,
  { text, kid }: { text: string; kid?: string | undefined },
): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  const loaded = await loadPrivateKey(text, { passphrase })
  const own = kidOf(loaded.thumbprint, now())
  const wanted = kid ?? loaded.kid ?? own
  const known = store.ring.keys.find(({ thumbprint }) => thumbprint === loaded.thumbprint)
  if (known?.kid === wanted || (known && kid === undefined)) return known
  if (known || store.ring.keys.some((key) => key.kid === wanted)) {
    throw new OperatorProblem(
      'kid-taken',
      known ? `the ring has this key as ${known.kid}` : `the ring has another key under the kid ${wanted}`,
      'A kid stands for one key, and a key has one kid: leave --kid out, or choose another.',
    )
  }
  const stray = store.strays.find((name) => name.includes(loaded.thumbprint.slice(0, 16)))
  const file = stray ?? `${own}.pem`
  const record = { ...newRecord({ ...loaded, kid: wanted }, now(), lifeDays), file }
  const pem = await toPkcs8(text, passphrase, passphrase)
  await store.commit({}, { added: [record], ...(stray ? {} : { put: { file, pem } }) })
  report({ action: 'adopted', kid: wanted, bits: record.bits })
  return record
}

/** The first of some keys whose private half is there, ours, and that key's; the others are told of. */
export async function firstUsable(
  { store, report }: KeyWork,
  keys: readonly KeyRecord[],
): Promise<KeyRecord | null> {
  for (const key of keys) {
    try {
      await store.loadKey(key)
      return key
    } catch (error) {
      if (!(error instanceof OperatorProblem)) throw error
      report({ action: 'refused', what: key.kid, code: error.code, message: error.message })
    }
  }
  return null
}

/** Step 2, **publish**: Kinescope lists the key, once. The ring doesn't know yet: see `start` and `keep`. */
export async function publish(work: KeyWork, key: KeyRecord, again = false): Promise<Published> {
  const { store, registry, report, now } = work
  // a private key that can't be read, or is another's, must not get a public half that people rely on
  await store.loadKey(key)
  report({ action: 'registering', kid: key.kid })
  const known = await registry.find(key, { again })
  // a takeover set by a clock that is off would come too late, or be over
  if (!work.urgent) refuseWrongClock(work)
  const registered = known ?? (await create(work, key))
  for (const id of registered.duplicates) {
    await store.hold()
    await registry.removeDuplicate(id)
    report({ action: 'duplicate-removed', kid: key.kid, remoteId: id })
  }
  const { remoteId, expiresAt } = registered
  refuseSpent(key.kid, expiresAt, now())
  report({ action: 'registered', kid: key.kid, remoteId, expiresAt, found: known !== null })
  return { key, changes: { remoteId, expiresAt, publishedAt: key.publishedAt ?? isoTime(now()) } }
}

async function create({ store, registry, now }: KeyWork, key: KeyRecord) {
  const expiresAt = isoTime(endIfPublished(key, registry.clock() ?? now()))
  // the end is on record before Kinescope hears of it: where the answer gets lost, the list may not show it
  if (expiresAt !== key.expiresAt) await store.commit({ [key.kid]: { expiresAt } })
  await store.hold()
  return registry.create({ ...key, expiresAt })
}

/** Ends step 2 for a spare. */
export const keep = ({ store }: KeyWork, { key, changes }: Published): Promise<void> =>
  store.commit({ [key.kid]: changes })

/** Step 3, **start**: one write says from when a key signs and when those before it stop and may go. */
export async function start(
  { store, report }: KeyWork,
  { key: { kid }, changes }: Published,
  at: number,
  instead: readonly KeyRecord[] = [],
): Promise<{ kid: string; from: string; instead: string[] }> {
  const from = isoTime(at)
  const end = { signUntil: from, removeAfter: isoTime(at + overlapMs(store.ring)) }
  await store.commit({
    ...Object.fromEntries(instead.map((old) => [old.kid, end])),
    [kid]: { ...changes, signFrom: from, signUntil: null, removeAfter: null },
  })
  const started = { kid, from, instead: instead.map((old) => old.kid) }
  report({ action: 'signs', ...started })
  return started
}

/** Step 4, **stop**: one write takes keys out of service at once, and puts another in their place. */
export async function stop(
  { store, report, now }: KeyWork,
  keys: readonly KeyRecord[],
  { next, stays }: { next: Published | null; stays: KeyRecord | null },
): Promise<void> {
  const at = isoTime(now())
  const fresh = keys.filter(({ revokedAt }) => revokedAt === null)
  const goesOn = { signUntil: null, removeAfter: null }
  if (fresh.length > 0 || next) {
    await store.commit({
      ...Object.fromEntries(fresh.map(({ kid }) => [kid, { revokedAt: at }])),
      ...(stays ? { [stays.kid]: goesOn } : {}),
      ...(next ? { [next.key.kid]: { ...next.changes, signFrom: at, ...goesOn } } : {}),
    })
  }
  for (const { kid } of fresh) report({ action: 'revoked', kid })
  if (next) report({ action: 'signs', kid: next.key.kid, from: at, instead: keys.map(({ kid }) => kid) })
}

/** Step 5, **remove**: deletes a key at Kinescope, then here; in this order nothing is forgotten there. */
export async function remove({ store, registry, report, now }: KeyWork, key: KeyRecord): Promise<void> {
  report({ action: 'removing', kid: key.kid })
  await store.hold()
  await registry.unregister(key)
  await store.commit({ [key.kid]: { removedAt: isoTime(now()) } }, { drop: key.file })
  report({ action: 'removed', kid: key.kid })
}

/** @throws OperatorProblem `key-unknown` */
export function keyByKid(keys: readonly KeyRecord[], kid: string): KeyRecord {
  const key = keys.find((candidate) => candidate.kid === kid)
  if (key) return key
  throw new OperatorProblem(
    'key-unknown',
    `the ring has no key ${kid}`,
    keys.length > 0
      ? `It has: ${keys.map((known) => known.kid).join(', ')}. Keys that others registered are not ours to change.`
      : 'The ring is empty: check CHAT_KEY_DIR, or make a key with `kinescope-chat-server keys generate`.',
  )
}

/** Keys in the ring that Kinescope may have. */
export const isLive = (key: KeyRecord, now: number): boolean =>
  !['removed', 'revoked'].includes(keyState(key, now))
