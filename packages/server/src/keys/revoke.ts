import { OperatorProblem } from '../problem.js'
import { keyState, scheduledKey, signingKeyRecord, successorFor, type KeyRecord } from './key-state.js'
import { addKey, keyByKid, type KeyWork } from './key-work.js'
import { remove } from './reconcile.js'
import { publish } from './register.js'
import { isoTime } from './ring-store.js'

export interface Revocation {
  revoked: string[]
  /** The key that signs now; null where nothing had to change hands. */
  signs: string | null
}

/**
 * Takes keys out of service at once. A replacement is registered first, which takes a second, so that one write can
 * stop the old and start the new; where that fails the old one is stopped and deleted all the same.
 */
export async function revoke(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined } = {},
): Promise<Revocation> {
  const { store } = work
  for (const kid of kids) keyByKid(store.ring.keys, kid)
  const open = () =>
    kids.map((kid) => keyByKid(store.ring.keys, kid)).filter(({ removedAt }) => removedAt === null)

  const needed = needsReplacement(work, kids)
  let failure: unknown
  const next = needed
    ? await replacement(work, kids, options).catch((error: unknown) => void (failure = error))
    : null
  await stop(work, open(), next ?? null)
  for (const key of open()) await remove(work, key)
  if (!needed) return { revoked: [...kids], signs: null }
  if (next) return { revoked: [...kids], signs: next.kid }
  return { revoked: [...kids], signs: (await secondTry(work, kids, options, failure)).kid }
}

/** Whether the signing key is among them, or there is none. */
function needsReplacement({ store, now }: KeyWork, kids: readonly string[]): boolean {
  const signer = signingKeyRecord(store.ring, now())
  return !signer || kids.includes(signer.kid)
}

interface Replacement {
  kid: string
  changes: Partial<KeyRecord>
}

async function replacement(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined },
): Promise<Replacement> {
  const { store, now } = work
  const keys = store.ring.keys.filter(({ kid }) => !kids.includes(kid))
  const left = { ...store.ring, keys }
  const key = scheduledKey(left, now()) ?? successorFor(left, now()) ?? (await addKey(work, options))
  return { kid: key.kid, changes: await publish(work, key) }
}

/** One write: the old keys stop, the new one starts. */
async function stop(
  { store, report, now }: KeyWork,
  keys: KeyRecord[],
  next: Replacement | null,
): Promise<void> {
  const at = isoTime(now())
  const fresh = keys.filter(({ revokedAt }) => revokedAt === null)
  const signer = signingKeyRecord(store.ring, now())
  // the successor it was to make room for may be among the revoked
  const stays =
    !next && signer && !keys.includes(signer) && fresh.some((key) => keyState(key, now()) === 'published')
  if (fresh.length > 0 || next) {
    await store.commit({
      ...Object.fromEntries(fresh.map(({ kid }) => [kid, { revokedAt: at }])),
      ...(stays ? { [signer.kid]: { signUntil: null, removeAfter: null } } : {}),
      ...(next ? { [next.kid]: { ...next.changes, signFrom: at, signUntil: null, removeAfter: null } } : {}),
    })
  }
  for (const { kid } of fresh) report({ action: 'revoked', kid })
  if (next) report({ action: 'signs', kid: next.kid, from: at, instead: keys.map(({ kid }) => kid) })
}

/** With the old key gone there may be room for the new one, where the account was full. */
async function secondTry(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined },
  failure: unknown,
): Promise<Replacement> {
  try {
    const next = await replacement(work, kids, options)
    await stop(work, [], next)
    return next
  } catch {
    const { code, message, requestId } =
      failure instanceof OperatorProblem ? failure : (failure as OperatorProblem)
    throw new OperatorProblem(
      code,
      `${kids.join(', ')} is revoked, but no other key could be registered, so nothing signs now: ${message}`,
      'Run `kinescope-chat keys reconcile` as soon as Kinescope answers: it registers a new key and signs with it.',
      requestId === undefined ? {} : { requestId },
    )
  }
}
