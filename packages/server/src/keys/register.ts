import { OperatorProblem } from '../problem.js'
import { loadRingKey } from './key-ring.js'
import { keyState, signingKeyRecord, type KeyRecord } from './key-state.js'
import { keyByKid, type KeyWork } from './key-work.js'
import { kidOf } from './generate-key.js'
import { loadPrivateKey, toPkcs8 } from './load-key.js'
import { isoTime, newRecord } from './ring-store.js'

/**
 * Registers a key of the ring: the named one, else all that Kinescope doesn't know. Safe to repeat. A key signs at
 * once where none does yet; else it is a spare for the next rotation.
 */
export async function register(
  work: KeyWork,
  { kid }: { kid?: string | undefined } = {},
): Promise<KeyRecord[]> {
  const { store, now } = work
  const wanted = kid === undefined ? store.ring.keys.filter(isOpen(now())) : [keyByKid(store.ring.keys, kid)]
  if (wanted.length === 0) {
    throw new OperatorProblem(
      'key-unavailable',
      'the ring has no key to register',
      'Make one: `kinescope-chat keys generate`.',
    )
  }
  for (const key of wanted) {
    const state = keyState(key, now())
    if (state === 'revoked' || state === 'removed' || state === 'expired') {
      throw new OperatorProblem(
        state === 'expired' ? 'key-expired' : 'key-unavailable',
        `${key.kid} is ${state} and can’t be registered`,
        'Take a new key: `kinescope-chat keys rotate`.',
      )
    }
    await registerOne(work, key, kid !== undefined)
  }
  return wanted.map((key) => keyByKid(store.ring.keys, key.kid))
}

/** Those that are or should be at Kinescope and may sign yet. */
const isOpen = (now: number) => (key: KeyRecord) =>
  ['generated', 'published', 'active'].includes(keyState(key, now))

async function registerOne(work: KeyWork, key: KeyRecord, again: boolean): Promise<void> {
  const { store, now } = work
  const changes = await publish(work, key, again)
  const starts = key.signFrom === null && signingKeyRecord(store.ring, now()) === null
  const signFrom = isoTime(now())
  await store.commit({ [key.kid]: { ...changes, ...(starts ? { signFrom } : {}) } })
  if (starts) work.report({ action: 'signs', kid: key.kid, from: signFrom, instead: [] })
}

/** Makes sure that Kinescope lists the key, and returns what the ring has to learn from that. Commits nothing. */
export async function publish(work: KeyWork, key: KeyRecord, again = false): Promise<Partial<KeyRecord>> {
  const { store, registry, report, now } = work
  // a private key that can't be read must not get a public half that people rely on
  await loadRingKey(store.dir, key, store.options.passphrase)
  report({ action: 'registering', kid: key.kid })
  const { remoteId, expiresAt, found, duplicates } = await registry.register(key, { again })
  for (const id of duplicates) {
    await registry.removeDuplicate(id)
    report({ action: 'duplicate-removed', kid: key.kid, remoteId: id })
  }
  report({ action: 'registered', kid: key.kid, remoteId, expiresAt, found })
  return { remoteId, expiresAt, publishedAt: key.publishedAt ?? isoTime(now()) }
}

/** Takes a private key of another tool into the ring, under the kid it is known by. */
export async function adopt(
  { store, report, now }: KeyWork,
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
  const record = { ...newRecord({ ...loaded, kid: wanted }, now(), lifeDays), file: `${own}.pem` }
  await store.savePrivateKey(record.file, await toPkcs8(text, passphrase, passphrase))
  await store.commit({}, [record])
  report({ action: 'adopted', kid: wanted, bits: record.bits })
  return record
}
