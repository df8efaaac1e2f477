import { resolve } from 'node:path'
import { OperatorProblem } from '../../problem.js'
import { whyNoSigner } from '../key-state.js'
import { locationText, type KeyStoreLocation, type StoredRing } from './key-store.js'
import { RING_FILE } from './ring-format.js'

/** The key directory or Secret doesn't exist. The operator probably meant another one. */
export function noStore(location: KeyStoreLocation): OperatorProblem {
  if ('dir' in location) {
    return new OperatorProblem(
      'key-directory-missing',
      `the key directory ${resolve(location.dir)} does not exist`,
      'Set CHAT_KEY_DIR to the directory with keyring.json. If you have no keys yet, run `kinescope-chat-server setup --event ID`.',
    )
  }
  const { namespace, name } = location.secret
  return new OperatorProblem(
    'key-secret-missing',
    `${locationText(location)} does not exist in this cluster`,
    `Check CHAT_KEY_SECRET and KUBECONFIG. If you have no keys yet, run \`kubectl -n ${namespace} create secret generic ${name}\`, then \`kinescope-chat-server keys generate\`.`,
  )
}

/** The index is gone, though there are private keys or were keys before. */
export function ringLost(
  location: KeyStoreLocation,
  { unknownFiles }: Pick<StoredRing, 'unknownFiles'>,
): OperatorProblem {
  const count = unknownFiles.length
  const files =
    count === 0 ? '' : `, but ${count === 1 ? 'a private key is' : `${count} private keys are`} there`
  return new OperatorProblem(
    'key-ring-lost',
    `${RING_FILE} is missing in ${locationText(location)}${files}`,
    'Restore it from a backup, or run `kinescope-chat-server keys reconcile`: it rebuilds the ring from the private keys and Kinescope’s list.',
  )
}

/** The index has no signing key, and lacks one that it had: it is an old backup, or was made anew. */
export const ringIncomplete = (location: KeyStoreLocation, kid: string): OperatorProblem =>
  new OperatorProblem(
    'key-ring-incomplete',
    `${RING_FILE} in ${locationText(location)} has no key that can sign, and doesn’t list ${kid} as registered`,
    'Restore it from a newer backup, or run `kinescope-chat-server keys reconcile`: it restores the keys that Kinescope lists.',
  )

/** Whether the index is gone: private keys of ours are there without it. */
export const isRingLost = ({ absent, unknownFiles }: Pick<StoredRing, 'absent' | 'unknownFiles'>): boolean =>
  absent === 'index' && unknownFiles.length > 0

/** Why no key can sign, and what to do. */
export function noSigner(
  stored: Pick<StoredRing, 'ring' | 'absent' | 'unknownFiles'>,
  location: KeyStoreLocation,
  now: number,
): OperatorProblem {
  if (stored.absent === 'store') return noStore(location)
  if (isRingLost(stored)) return ringLost(location, stored)
  const code = whyNoSigner(stored.ring, now)
  const where = locationText(location)
  switch (code) {
    case 'key-not-registered':
      return new OperatorProblem(
        code,
        `the key in ${where} is not registered at Kinescope`,
        'Run `kinescope-chat-server keys register`.',
      )
    case 'key-expired':
      return new OperatorProblem(
        code,
        `the key in ${where} has expired at Kinescope`,
        'Run `kinescope-chat-server keys rotate` now, and `kinescope-chat-server keys reconcile` daily from now on.',
      )
    case 'key-unavailable':
      return new OperatorProblem(
        code,
        `${where} has no key that can sign`,
        'Run `kinescope-chat-server setup --event ID`, or check CHAT_KEY_DIR (CHAT_KEY_SECRET in a cluster).',
      )
  }
}
