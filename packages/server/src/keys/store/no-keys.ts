import { resolve } from 'node:path'
import { OperatorProblem } from '../../problem.js'
import { locationText, type KeyStoreLocation, type StoredRing } from './key-store.js'
import { whyNoSigner } from '../key-state.js'

/** There is nothing where the keys should be: most often another directory, or another cluster, is meant. */
export function noStore(location: KeyStoreLocation): OperatorProblem {
  if ('dir' in location) {
    return new OperatorProblem(
      'key-directory-missing',
      `there is no key directory ${resolve(location.dir)}`,
      'Set CHAT_KEY_DIR to the directory that holds keyring.json. Where there are no keys yet: `kinescope-chat-server setup --event ID`, or `kinescope-chat-server keys generate`.',
    )
  }
  const { namespace, name } = location.secret
  return new OperatorProblem(
    'key-secret-missing',
    `there is no ${locationText(location)} in this cluster`,
    `Check CHAT_KEY_SECRET and which cluster KUBECONFIG leads to. Where there are no keys yet: \`kubectl -n ${namespace} create secret generic ${name}\`, then \`kinescope-chat-server keys generate\`.`,
  )
}

/** Why nothing can be signed, and what to do about it. */
export function noSigner(
  { ring, absent }: Pick<StoredRing, 'ring' | 'absent'>,
  location: KeyStoreLocation,
  now: number,
): OperatorProblem {
  if (absent === 'store') return noStore(location)
  const code = whyNoSigner(ring, now)
  const where = locationText(location)
  switch (code) {
    case 'key-not-registered':
      return new OperatorProblem(
        code,
        `the key in ${where} is not registered at Kinescope yet`,
        'Run `kinescope-chat-server keys register`.',
      )
    case 'key-expired':
      return new OperatorProblem(
        code,
        `the key in ${where} has expired at Kinescope`,
        'Run `kinescope-chat-server keys rotate`, and `kinescope-chat-server keys reconcile` daily so that it doesn’t happen again.',
      )
    case 'key-unavailable':
      return new OperatorProblem(
        code,
        `no key in ${where} can sign`,
        'Run `kinescope-chat-server setup --event ID`, or check CHAT_KEY_DIR (CHAT_KEY_SECRET in a cluster).',
      )
  }
}
