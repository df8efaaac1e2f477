import { startDeadline } from '../net/deadline.js'
import { OperatorProblem } from '../problem.js'
import { keyState, scheduledKey, signingKeyRecord, successors, type KeyRecord } from './key-state.js'
import {
  addKey,
  firstUsable,
  keyByKid,
  publish,
  remove,
  stop,
  type KeyWork,
  type Published,
} from './steps.js'

/** A leaked key doesn't go on signing for longer than this because Kinescope is slow to take another. */
const REPLACEMENT_MS = 20_000

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
    ? await replacement(work, kids, options).catch((error: unknown) => {
        // somebody else holds the store now, so nothing can be written; or whoever runs this wants it to end
        if (isBusy(error) || work.signal?.aborted) throw error
        failure = error
      })
    : null
  await stop(work, open(), { next: next ?? null, stays: next ? null : whatStays(work, open()) })
  for (const key of open()) await remove(work, key)
  if (!needed) return { revoked: [...kids], signs: null }
  if (next) return { revoked: [...kids], signs: next.key.kid }
  return { revoked: [...kids], signs: (await secondTry(work, kids, options, failure)).key.kid }
}

/** Whether the signing key is among them, or there is none. */
function needsReplacement({ store, now }: KeyWork, kids: readonly string[]): boolean {
  const signer = signingKeyRecord(store.ring, now())
  return !signer || kids.includes(signer.kid)
}

async function replacement(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined },
): Promise<Published> {
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
    // a spare is on record as registered: better than nothing while Kinescope doesn't answer
    if (key.publishedAt === null || isBusy(error)) throw error
    return { key, changes: {} }
  } finally {
    deadline.clear()
  }
}

/** The signer goes on where the successor it was to make room for is among the revoked. */
function whatStays({ store, now }: KeyWork, keys: readonly KeyRecord[]): KeyRecord | null {
  const signer = signingKeyRecord(store.ring, now())
  const awaited = keys.some((key) => key.revokedAt === null && keyState(key, now()) === 'published')
  return signer && awaited && !keys.includes(signer) ? signer : null
}

/** With the old key gone there may be room for the new one, where the account was full. */
async function secondTry(
  work: KeyWork,
  kids: readonly string[],
  options: { bits?: number | undefined },
  failure: unknown,
): Promise<Published> {
  try {
    const next = await replacement(work, kids, options)
    await stop(work, [], { next, stays: null })
    return next
  } catch {
    const { code, message, requestId } =
      failure instanceof OperatorProblem ? failure : (failure as OperatorProblem)
    throw new OperatorProblem(
      code,
      `${kids.join(', ')} is revoked, but no other key could be registered, so nothing signs now: ${message}`,
      'Run `kinescope-chat-server keys reconcile` as soon as Kinescope answers: it registers a new key and signs with it.',
      requestId === undefined ? {} : { requestId },
    )
  }
}

const isBusy = (error: unknown) => error instanceof OperatorProblem && error.code === 'keys-busy'
