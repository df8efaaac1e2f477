import { OperatorProblem } from '../problem.js'
import { keyState, signingKeyRecord, type KeyRecord } from './key-state.js'
import { keep, keyByKid, publish, start, type KeyWork } from './steps.js'

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
      'Make one: `kinescope-chat-server keys generate`.',
    )
  }
  for (const key of wanted) {
    const state = keyState(key, now())
    if (state === 'revoked' || state === 'removed' || state === 'expired') {
      throw new OperatorProblem(
        state === 'expired' ? 'key-expired' : 'key-unavailable',
        `${key.kid} is ${state} and can’t be registered`,
        'Take a new key: `kinescope-chat-server keys rotate`.',
      )
    }
    const published = await publish(work, key, kid !== undefined)
    const starts = key.signFrom === null && signingKeyRecord(store.ring, now()) === null
    await (starts ? start(work, published, now()) : keep(work, published))
  }
  return wanted.map((key) => keyByKid(store.ring.keys, key.kid))
}

/** Those that are or should be at Kinescope and may sign yet. */
const isOpen = (now: number) => (key: KeyRecord) =>
  ['generated', 'published', 'active'].includes(keyState(key, now))
