import { OperatorProblem } from '../problem.js'
import {
  CLOCK_SKEW_MS,
  keyState,
  scheduledKey,
  signingKeyRecord,
  successors,
  type KeyRecord,
} from './key-ring.js'
import { addKey, firstUsable, isLive, publish, activate, silently, type KeyWork } from './steps.js'

export interface RotateOptions {
  /** How long a new key is registered before it signs, in ms. */
  propagationMs: number
  bits?: number | undefined
  /** Starts a rotation although the last one isn't finished, or Kinescope doesn't list the signing key. */
  force?: boolean
}

export type Rotation =
  | { rotation: 'set'; kid: string; from: string; instead: string[] }
  /** The last one isn't finished: `kid` signs from `from`; `retiring` stay registered until their tokens expire. */
  | { rotation: 'under-way'; kid: string; from: string; retiring: { kid: string; removeAfter: string }[] }

/**
 * Replaces the signing key. The new key is registered and seen in Kinescope's list. Then one write sets when it signs and
 * when the old key may be removed. Servers switch at that time, so there is always a signing key. After a crash, the next
 * run continues.
 */
export async function rotate(work: KeyWork, options: RotateOptions): Promise<Rotation> {
  const { store, now } = work
  const listedEnd = options.force ? null : await endOfSigner(work)
  const hasEnded = listedEnd !== null && Date.parse(listedEnd) <= now()
  const underWay = options.force || hasEnded ? null : await unfinished(work)
  if (underWay) return underWay

  const scheduled = hasEnded ? scheduledKey(store.ring, now()) : null
  const ready = [...(scheduled ? [scheduled] : []), ...successors(store.ring, now())]
  const next = (await firstUsable(work, ready)) ?? (await addKey(work, options))
  const published = await publish(work, next)
  const signer = signingKeyRecord(store.ring, now())
  // one that can't be loaded, or that Kinescope lists as expired, doesn't sign until then
  const active =
    signer && !hasEnded && keyState(signer, now()) === 'active'
      ? await firstUsable(silently(work), [signer])
      : null
  const at = activationTime({ ...next, ...published.changes }, active, options, now())
  // a signer that has ended stops now, also if another rotation set a later time; keys after a scheduled one go on
  const isReplaced = (key: KeyRecord) =>
    (key.signUntil === null && next !== scheduled) || (hasEnded && keyState(key, now()) === 'active')
  const replaced = store.ring.keys.filter(
    (key) => key.kid !== next.kid && key.signFrom !== null && isReplaced(key) && isLive(key, now()),
  )
  return { rotation: 'set', ...(await activate(work, published, at, replaced)) }
}

/**
 * Returns the end of the signing key in Kinescope's list; null if unknown.
 * @throws OperatorProblem `key-not-registered`: a new key in another workspace must not sign, since its tokens would be rejected
 */
async function endOfSigner({ store, registry, now }: KeyWork): Promise<string | null> {
  const signer = signingKeyRecord(store.ring, now())
  const listed = signer && (await registry.list())
  // by kid alone: a rotation also replaces a key whose kid another key has at Kinescope
  if (!listed) return null
  const { kid } = signer
  const remote = listed.find((key) => key.kid === kid)
  if (remote) return remote.expiresAt
  throw new OperatorProblem(
    'key-not-registered',
    `Kinescope doesn’t list ${kid}, which signs now: the API token is of another workspace, or the key was deleted`,
    `Nothing was changed. Check KINESCOPE_API_TOKEN. If the key was deleted by mistake, run \`kinescope-chat-server keys register ${kid}\`; if it leaked, run \`kinescope-chat-server keys revoke ${kid}\`. To rotate anyway, add --force.`,
  )
}

/** The rotation whose old key must still be registered, or whose new key doesn't sign yet. Without its new key, it is none. */
async function unfinished(work: KeyWork): Promise<Rotation | null> {
  const { store, now } = work
  const { ring } = store
  const scheduled = scheduledKey(ring, now())
  const isOver = ({ removeAfter }: KeyRecord) => removeAfter === null || Date.parse(removeAfter) <= now()
  const retiring = ring.keys.filter((key) => keyState(key, now()) === 'retiring' && !isOver(key))
  const key = scheduled ?? signingKeyRecord(ring, now())
  if (!key || (!scheduled && retiring.length === 0) || !(await firstUsable(work, [key]))) return null
  return {
    rotation: 'under-way',
    kid: key.kid,
    from: key.signFrom!,
    retiring: retiring.map(({ kid, removeAfter }) => ({ kid, removeAfter: removeAfter! })),
  }
}

function activationTime(
  next: KeyRecord,
  signer: KeyRecord | null,
  { propagationMs }: RotateOptions,
  now: number,
): number {
  if (!signer) return now
  const ready = Date.parse(next.publishedAt!) + propagationMs
  const lastChance = Date.parse(signer.expiresAt) - CLOCK_SKEW_MS
  return Math.max(now, Math.min(ready, lastChance))
}
