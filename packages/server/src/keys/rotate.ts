import {
  CLOCK_SKEW_MS,
  keyState,
  scheduledKey,
  signingKeyRecord,
  successors,
  type KeyRecord,
} from './key-state.js'
import { addKey, firstUsable, isLive, publish, start, type KeyWork } from './steps.js'

export interface RotateOptions {
  /** How long Kinescope may take until all of it knows a new key, in ms. */
  propagationMs: number
  bits?: number | undefined
  /** Starts another rotation although the last one isn't finished. */
  force?: boolean
}

export type Rotation =
  | { rotation: 'set'; kid: string; from: string; instead: string[] }
  /** The last one isn't finished: `kid` signs from `from`; `retiring` are still registered for their tokens' sake. */
  | { rotation: 'under-way'; kid: string; from: string; retiring: { kid: string; removeAfter: string }[] }

/**
 * Puts a new key in the old one's place. The new key is registered and seen in Kinescope's list; then **one** write
 * says when it takes over and when the old one may go. Servers switch by that time, so nobody has to wait for it, and
 * there is no moment without a signing key. Killed at any point, running it again goes on where it stopped.
 */
export async function rotate(work: KeyWork, options: RotateOptions): Promise<Rotation> {
  const { store, now } = work
  const underWay = options.force ? null : unfinished(work)
  if (underWay) return underWay

  const next = (await firstUsable(work, successors(store.ring, now()))) ?? (await addKey(work, options))
  const published = await publish(work, next)
  const signer = signingKeyRecord(store.ring, now())
  const active = signer && keyState(signer, now()) === 'active' ? signer : null
  const at = takeoverTime({ ...next, ...published.changes }, active, options, now())
  const replaced = store.ring.keys.filter(
    (key) => key.kid !== next.kid && key.signFrom !== null && key.signUntil === null && isLive(key, now()),
  )
  return { rotation: 'set', ...(await start(work, published, at, replaced)) }
}

/** A rotation whose old key is still registered, or whose new key doesn't sign yet. */
function unfinished({ store: { ring }, now }: KeyWork): Rotation | null {
  const scheduled = scheduledKey(ring, now())
  const retiring = ring.keys.filter((key) => keyState(key, now()) === 'retiring' && key.removeAfter !== null)
  const key = scheduled ?? signingKeyRecord(ring, now())
  if (!key || (!scheduled && retiring.length === 0)) return null
  return {
    rotation: 'under-way',
    kid: key.kid,
    from: key.signFrom!,
    retiring: retiring.map(({ kid, removeAfter }) => ({ kid, removeAfter: removeAfter! })),
  }
}

function takeoverTime(
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
