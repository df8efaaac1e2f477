import { OperatorProblem } from '../problem.js'
import type { ManualRequest } from './by-hand.js'
import { generateKey, kidOf, loadPrivateKey, toPkcs8 } from './private-key.js'
import {
  endIfPublished,
  keyState,
  overlapMs,
  type KeyRecord,
  isKidOfAnother,
  isoTime,
  KID,
  newRecord,
} from './key-ring.js'
import { assertNotExpired, assertClock, type Registry } from './registry.js'
import type { RingStore } from './store/ring-store.js'

/** The actions of a key command, in order: shown while it runs, and complete in `--json`. */
export type KeyAction =
  | { action: 'generating'; bits: number }
  | { action: 'generated'; kid: string; bits: number }
  | { action: 'adopted'; kid: string; bits: number }
  | { action: 'registering'; kid: string }
  | { action: 'registered'; kid: string; remoteId: string | null; expiresAt: string; found: boolean }
  | { action: 'signs'; kid: string; from: string; instead: string[] }
  | { action: 'revoked'; kid: string }
  | { action: 'removing'; kid: string }
  /** `missing`: Kinescope should have had the key. */
  | { action: 'removed'; kid: string; missing: boolean; apiUrl: string }
  | { action: 'duplicate-removed'; kid: string; remoteId: string }
  /** A key or a file that can't be used. It stays unchanged. */
  | { action: 'refused'; what: string; code: string; message: string; remediation: string }
  | { action: 'by-hand'; kid: string; request: ManualRequest }

/** The dependencies of the steps. */
export interface KeyWork {
  store: RingStore
  registry: Registry
  report: (action: KeyAction) => void
  /** ms since the epoch */
  now: () => number
  /** Skips the check of the clock, which must not delay the revocation of a leaked key. */
  urgent?: boolean
  /** Ends the command: the operator stops it, or its deadline is over. */
  signal?: AbortSignal | undefined
}

/** A key that Kinescope lists, and the changes of its record that aren't written yet. */
export interface RegisteredKey {
  key: KeyRecord
  changes: Partial<KeyRecord>
}

/**
 * The five steps of all key commands. Each is one durable write, or one change at Kinescope and then its record. After
 * a crash between any two, the next command continues from the stored state.
 */

/** Step 1, **add**: stores the private key, then its entry; Kinescope receives it last. */
export async function addKey(
  { store, report, now }: Pick<KeyWork, 'store' | 'report' | 'now'>,
  { bits }: { bits?: number | undefined },
): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  await assertPassphrase(store, now())
  report({ action: 'generating', bits: bits ?? 2048 })
  const { pem, ...key } = await generateKey({ bits, passphrase, now: now() })
  const record = newRecord(key, now(), lifeDays)
  await store.commit({}, { added: [record], put: { file: record.file, pem } })
  report({ action: 'generated', kid: record.kid, bits: record.bits })
  return record
}

/** Step 1 for a private key of another tool, under its own kid. @throws OperatorProblem `kid-invalid`, `kid-taken` */
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
  if (!KID.test(wanted) || isKidOfAnother(wanted, loaded.thumbprint)) {
    throw new OperatorProblem(
      'kid-invalid',
      `${kid === undefined ? 'the JWK’s kid' : '--kid'} can’t be the kid of this key`,
      'Write, for example, --kid my-key-2026: 1 to 200 ASCII characters without spaces. The form of our own kids (20261125-…) is reserved.',
    )
  }
  if (known || store.ring.keys.some((key) => key.kid === wanted)) {
    throw new OperatorProblem(
      'kid-taken',
      known
        ? `the ring already has this key as ${known.kid}`
        : `the ring has another key with the kid ${wanted}`,
      'Omit --kid, or choose another.',
    )
  }
  await assertPassphrase(store, now())
  const existing = store.unknownFiles.find((name) => name.includes(loaded.thumbprint.slice(0, 16)))
  const file = existing ?? `${own}.pem`
  const record = { ...newRecord({ ...loaded, kid: wanted }, now(), lifeDays), file }
  const pem = await toPkcs8(text, passphrase, passphrase)
  await store.commit({}, { added: [record], ...(existing ? {} : { put: { file, pem } }) })
  report({ action: 'adopted', kid: wanted, bits: record.bits })
  return record
}

export const isPassphraseProblem = (error: unknown): error is OperatorProblem =>
  error instanceof OperatorProblem && /^private-key-(passphrase|encrypted)$/.test(error.code)

/** Servers couldn't read a key that is stored under another passphrase than theirs. @throws OperatorProblem */
async function assertPassphrase(store: RingStore, now: number): Promise<void> {
  let fault: OperatorProblem | null = null
  for (const key of store.ring.keys.filter((known) => isLive(known, now))) {
    try {
      await store.loadKey(key)
      return
    } catch (error) {
      if (isPassphraseProblem(error)) fault ??= error
      else if (!(error instanceof OperatorProblem)) throw error
    }
  }
  if (!fault) return
  throw new OperatorProblem(
    fault.code,
    `no key is added under another passphrase than the ring’s: ${fault.message}`,
    'Set CHAT_KEY_PASSPHRASE to the servers’ value. If it is right, the files in the key directory are damaged: restore them from a backup, or move them away.',
  )
}

/** The same work without reports. */
export const silently = (work: KeyWork): KeyWork => ({ ...work, report: () => undefined })

/** The first key whose private half can be loaded; reports the others. */
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
      report(refused(key.kid, error))
    }
  }
  return null
}

export const refused = (what: string, { code, message, remediation }: OperatorProblem): KeyAction => ({
  action: 'refused',
  what,
  code,
  message,
  remediation,
})

/**
 * Step 2, **publish**: registers the key once and checks that it is listed. `activate` or `markPublished` records that.
 */
export async function publish(work: KeyWork, key: KeyRecord, again = false): Promise<RegisteredKey> {
  const { store, registry, report, now } = work
  // never register the public half of a private key that can't be loaded
  await store.loadKey(key)
  report({ action: 'registering', kid: key.kid })
  const known = await registry.find(key, { again })
  // with a wrong clock, the activation time would be too late or in the past
  if (!work.urgent) assertClock(work)
  const registered = known ?? (await create(work, key))
  for (const id of registered.duplicates) {
    await store.renewLock()
    await registry.removeDuplicate(id)
    report({ action: 'duplicate-removed', kid: key.kid, remoteId: id })
  }
  const { remoteId, expiresAt } = registered
  assertNotExpired(key.kid, expiresAt, now())
  report({ action: 'registered', kid: key.kid, remoteId, expiresAt, found: known !== null })
  return { key, changes: { remoteId, expiresAt, publishedAt: key.publishedAt ?? isoTime(now()) } }
}

async function create({ store, registry, now }: KeyWork, key: KeyRecord) {
  const expiresAt = isoTime(endIfPublished(key, registry.clock() ?? now()))
  // recorded first: if the response is lost, Kinescope's list may not show it
  if (expiresAt !== key.expiresAt) await store.commit({ [key.kid]: { expiresAt } })
  await store.renewLock()
  return registry.create({ ...key, expiresAt })
}

/** Ends step 2 for a spare: records that the key is registered. */
export const markPublished = ({ store }: KeyWork, { key, changes }: RegisteredKey): Promise<void> =>
  store.commit({ [key.kid]: changes })

/** Step 3, **activate**: one write sets when a key signs, and when the keys before it stop and may be removed. */
export async function activate(
  { store, report }: KeyWork,
  { key: { kid }, changes }: RegisteredKey,
  at: number,
  instead: readonly KeyRecord[] = [],
): Promise<{ kid: string; from: string; instead: string[] }> {
  const from = isoTime(at)
  const end = { signUntil: from, removeAfter: isoTime(at + overlapMs(store.ring)) }
  await store.commit({
    ...Object.fromEntries(instead.map((old) => [old.kid, end])),
    [kid]: { ...changes, signFrom: from },
  })
  const started = { kid, from, instead: instead.map((old) => old.kid) }
  report({ action: 'signs', ...started })
  return started
}

/** Step 4, **retire**: one write revokes keys and activates another at once. */
export async function retire(
  { store, report, now }: KeyWork,
  keys: readonly KeyRecord[],
  { next, resumed }: { next: RegisteredKey | null; resumed: Readonly<Record<string, Partial<KeyRecord>>> },
): Promise<void> {
  const at = isoTime(now())
  const unrevoked = keys.filter(({ revokedAt }) => revokedAt === null)
  if (unrevoked.length > 0 || next) {
    await store.commit({
      ...Object.fromEntries(unrevoked.map(({ kid }) => [kid, { revokedAt: at }])),
      // a scheduled key that starts early keeps its end, unless the key after it is revoked
      ...(next ? { [next.key.kid]: { ...next.changes, ...resumed[next.key.kid], signFrom: at } } : resumed),
    })
  }
  for (const { kid } of unrevoked) report({ action: 'revoked', kid })
  if (next) report({ action: 'signs', kid: next.key.kid, from: at, instead: keys.map(({ kid }) => kid) })
}

/** Step 5, **remove**: deletes a key at Kinescope, then here, so that no key stays registered unnoticed. */
async function remove({ store, registry, report, now }: KeyWork, key: KeyRecord): Promise<void> {
  report({ action: 'removing', kid: key.kid })
  await store.renewLock()
  const found = await registry.unregister(key)
  await store.commit({ [key.kid]: { removedAt: isoTime(now()) } }, { drop: key.file })
  const missing = !found && key.publishedAt !== null && Date.parse(key.expiresAt) > now()
  report({ action: 'removed', kid: key.kid, missing, apiUrl: store.options.vendor })
}

/** Removes keys and reports those that Kinescope still lists: one must stop neither the others nor a rotation. @returns their kids */
export async function removeEach(work: KeyWork, keys: readonly KeyRecord[]): Promise<string[]> {
  const listed: string[] = []
  for (const key of keys) {
    try {
      await remove(work, key)
    } catch (error) {
      if (!(error instanceof OperatorProblem) || error.code !== 'key-not-deleted') throw error
      work.report(refused(key.kid, error))
      listed.push(key.kid)
    }
  }
  return listed
}

/** @throws OperatorProblem `key-unknown` */
export function keyByKid(keys: readonly KeyRecord[], kid: string): KeyRecord {
  const key = keys.find((candidate) => candidate.kid === kid)
  if (key) return key
  throw new OperatorProblem(
    'key-unknown',
    `the ring has no key ${kid}`,
    keys.length > 0
      ? `Choose one of: ${keys.map((known) => known.kid).join(', ')}.`
      : 'The ring is empty. Check CHAT_KEY_DIR, or make a key with `kinescope-chat-server keys generate`.',
  )
}

/** Whether Kinescope may have the key. */
export const isLive = (key: KeyRecord, now: number): boolean =>
  !['removed', 'revoked'].includes(keyState(key, now))
