import { resolve } from 'node:path'
import { OperatorProblem } from '../../problem.js'
import { placeText, type KeyPlace, type StoredRing } from './key-store.js'
import { whyNoSigner } from '../key-state.js'

/** There is nothing where the keys should be: most often another directory, or another cluster, is meant. */
export function noPlace(place: KeyPlace): OperatorProblem {
  if ('dir' in place) {
    return new OperatorProblem(
      'key-directory-missing',
      `there is no key directory ${resolve(place.dir)}`,
      'Set CHAT_KEY_DIR to the directory that holds keyring.json. Where there are no keys yet: `kinescope-chat-server setup --event ID`, or `kinescope-chat-server keys generate`.',
    )
  }
  const { namespace, name } = place.secret
  return new OperatorProblem(
    'key-secret-missing',
    `there is no ${placeText(place)} in this cluster`,
    `Check CHAT_KEY_SECRET and which cluster KUBECONFIG leads to. Where there are no keys yet: \`kubectl -n ${namespace} create secret generic ${name}\`, then \`kinescope-chat-server keys generate\`.`,
  )
}

/** Why nothing can be signed, and what to do about it. */
export function noSigner(
  { ring, absent }: Pick<StoredRing, 'ring' | 'absent'>,
  place: KeyPlace,
  now: number,
): OperatorProblem {
  if (absent === 'place') return noPlace(place)
  const code = whyNoSigner(ring, now)
  const where = placeText(place)
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
