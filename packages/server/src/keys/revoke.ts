import { startDeadline } from '../net/limits.js'
import { OperatorProblem } from '../problem.js'
import { deleteByHand } from './by-hand.js'
import { keyState, scheduledKey, signers, successors, type KeyRecord } from './key-ring.js'
import {
  addKey,
  firstUsable,
  isLive,
  isPassphraseProblem,
  keyByKid,
  publish,
  removeEach,
  retire,
  silently,
  type KeyWork,
  type RegisteredKey,
} from './steps.js'

/** A leaked key stops signing after this time, though Kinescope hasn't registered another. */
const REPLACEMENT_MS = 15_000

export interface Revocation {
  revoked: string[]
  /** The key that signs now; null if the revoked key didn't sign. */
  signs: string | null
  /** Keys that Kinescope still lists after their deletion. */
  refused: string[]
}

/**
 * Revokes keys at once. A replacement is registered first, so that one write can retire the old key and activate the new
 * one. If that fails, the old key is retired and deleted anyway.
 */
export async function revoke(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined } = {},
): Promise<Revocation> {
  const { store } = work
  for (const kid of kids) keyByKid(store.ring.keys, kid)
  if (store.ring.keys.length === 0) {
    throw new OperatorProblem(
      'key-unavailable',
      'the ring has no key to revoke',
      'Check CHAT_KEY_DIR (CHAT_KEY_SECRET in a cluster).',
    )
  }
  const open = () =>
    kids.map((kid) => keyByKid(store.ring.keys, kid)).filter(({ removedAt }) => removedAt === null)

  const needed = await needsReplacement(work, kids)
  let failure: unknown
  const next = needed
    ? await replacement(work, kids, options).catch((error: unknown) => {
        // another process has the lock, or the operator stops the command
        if (isBusy(error) || work.signal?.aborted) throw error
        if (isPassphraseProblem(error)) throw notRevoked(work, kids, error)
        failure = error
      })
    : null
  await retire(work, open(), { next: next ?? null, resumed: resumed(work, open()) })
  const refused = await removeEach(work, open()).catch((error: unknown) => {
    throw needed && !next ? withoutKey(work, kids, error) : error
  })
  const signer = needed ? (next ?? (await secondTry(work, kids, options, failure))) : null
  const revoked = kids.filter((kid) => !refused.includes(kid))
  return { revoked, signs: signer?.key.kid ?? null, refused }
}

/** Whether the key that servers sign with is revoked, or there is none. They pass over keys that they can't load. */
async function needsReplacement(work: KeyWork, kids: readonly string[]): Promise<boolean> {
  const { store, now } = work
  const ordered = signers(store.ring, now()).map(({ key }) => key)
  const usable = await firstUsable(silently(work), ordered)
  return [ordered[0], usable ?? ordered[0]].some((key) => !key || kids.includes(key.kid))
}

async function replacement(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined },
): Promise<RegisteredKey> {
  const { store, registry, now } = work
  const keys = store.ring.keys.filter(({ kid }) => !kids.includes(kid))
  const left = { ...store.ring, keys }
  const scheduled = scheduledKey(left, now())
  const ready = [...(scheduled ? [scheduled] : []), ...successors(left, now())]
  const key = (await firstUsable(work, ready)) ?? (await addKey(work, options))
  const deadline = startDeadline(REPLACEMENT_MS)
  try {
    return await publish({ ...work, registry: registry.until(deadline.signal), urgent: true }, key)
  } catch (error) {
    // a recorded spare is better than nothing while Kinescope doesn't answer
    if (key.publishedAt === null || isBusy(error)) throw error
    return { key, changes: {} }
  } finally {
    deadline.clear()
  }
}

/** A key that was to stop when a revoked key starts goes on until that key would have stopped. */
function resumed({ store, now }: KeyWork, keys: readonly KeyRecord[]): Record<string, Partial<KeyRecord>> {
  const scheduled = keys.filter((key) => key.signFrom !== null && keyState(key, now()) === 'published')
  const others = store.ring.keys.filter((key) => !keys.includes(key) && isLive(key, now()))
  return Object.fromEntries(
    scheduled.flatMap(({ signFrom, signUntil, removeAfter }) =>
      others.filter((key) => key.signUntil === signFrom).map((key) => [key.kid, { signUntil, removeAfter }]),
    ),
  )
}

/** Tries again after the old key is deleted: the account may have reached its limit of keys before. */
async function secondTry(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined },
  failure: unknown,
): Promise<RegisteredKey> {
  try {
    const next = await replacement(work, kids, options)
    await retire(work, [], { next, resumed: {} })
    return next
  } catch {
    throw withoutKey(work, kids, failure)
  }
}

/** Nothing was changed, but a leaked key can't wait until someone finds the passphrase. */
const notRevoked = (
  { store }: KeyWork,
  kids: readonly string[],
  { code, message, remediation }: OperatorProblem,
) =>
  new OperatorProblem(
    code,
    `${kids.join(', ')} is not revoked: ${message}`,
    `${remediation} If that takes time, delete the leaked key first: ${deleteByHand(store.options.vendor)}`,
  )

/** The error of a revocation after which Kinescope has no new key. */
function withoutKey({ store, now }: KeyWork, kids: readonly string[], failure: unknown): unknown {
  if (!(failure instanceof OperatorProblem) || isBusy(failure)) return failure
  const { code, message, requestId } = failure
  const [left] = signers(store.ring, now())
  const signs = left ? `${left.key.kid} signs for a short time` : 'no key signs now'
  return new OperatorProblem(
    code,
    `${kids.join(', ')} is revoked, but no new key could be registered, so ${signs}: ${message}`,
    'Run `kinescope-chat-server keys reconcile` when Kinescope answers again: it deletes revoked keys, and registers and activates a new one.',
    requestId === undefined ? {} : { requestId },
  )
}

const isBusy = (error: unknown) => error instanceof OperatorProblem && error.code === 'keys-busy'
