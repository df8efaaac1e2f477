import { OperatorProblem } from '../problem.js'
import { keyState, signingKeyRecord, type KeyRecord } from './key-ring.js'
import { markPublished, keyByKid, publish, activate, type KeyWork } from './steps.js'

/**
 * Registers one key of the ring, or all keys that aren't registered. Safe to repeat. If no key signs yet, the registered
 * key signs at once; otherwise it is a spare.
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
      'Run `kinescope-chat-server keys generate` first.',
    )
  }
  for (const key of wanted) {
    const state = keyState(key, now())
    if (state === 'revoked' || state === 'removed' || state === 'expired') {
      throw new OperatorProblem(
        state === 'expired' ? 'key-expired' : 'key-unavailable',
        `${key.kid} is ${state} and can’t be registered`,
        'Run `kinescope-chat-server keys rotate` to make a new key.',
      )
    }
    const published = await publish(work, key, kid !== undefined)
    const starts = key.signFrom === null && signingKeyRecord(store.ring, now()) === null
    await (starts ? activate(work, published, now()) : markPublished(work, published))
  }
  return wanted.map((key) => keyByKid(store.ring.keys, key.kid))
}

/** Keys that are or should be registered, and may still sign. */
const isOpen = (now: number) => (key: KeyRecord) =>
  ['generated', 'published', 'active'].includes(keyState(key, now))
