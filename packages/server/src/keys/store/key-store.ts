import { resolve } from 'node:path'
import { OperatorProblem } from '../../problem.js'
import { RING_FILE, whyNoSigner, type KeyRing } from '../key-ring.js'

/** Where a key ring is kept: a directory, or one Secret of a Kubernetes cluster. */
export type KeyStoreLocation = { dir: string } | { secret: SecretName }

/** Where the signing key comes from: a key ring, or `CHAT_PRIVATE_KEY`. */
export type KeyConfig = KeyStoreLocation | { privateKey: string; kid: string }

/** The name of a Secret, as `CHAT_KEY_SECRET=namespace/name` has it. */
export interface SecretName {
  namespace: string
  name: string
}

/** A directory, unless a Secret is named. */
export const storeLocation = (secret: SecretName | undefined, dir: string): KeyStoreLocation =>
  secret ? { secret } : { dir }

/** A location in a message: `./keys`, `the Secret chat/chat-keys`. */
export const locationText = (location: KeyStoreLocation): string =>
  'dir' in location ? location.dir : `the Secret ${location.secret.namespace}/${location.secret.name}`

/** A private key as stored. */
export interface StoredKey {
  text: string
  /** Every user of the machine can read it, and we can't change that. */
  exposed: boolean
}

/** The content of a store at one moment, with its owner and format checked. */
export interface StoredRing {
  ring: KeyRing
  /** What doesn't exist: the directory or Secret, or the index in it. Then the ring is empty. */
  absent: 'store' | 'index' | null
  /** Changes with the ring. */
  version: string
  /** Private key files without an entry in the ring: of a lost ring, or of an intruder. */
  unknownFiles: readonly string[]
  /** @throws OperatorProblem naming the file and what is wrong with it */
  privateKey(file: string): Promise<StoredKey>
}

/** Private keys to add and remove with a ring: added before it and removed after it, or all at once. */
export interface KeyFiles {
  put?: { file: string; pem: string }
  drop?: string
}

/** A store locked by this process. */
export interface StoreSession {
  readonly stored: StoredRing
  /** Throws if another process has taken the lock. Call it before each change at Kinescope. */
  renewLock(): Promise<void>
  /** Writes all or nothing. */
  write(ring: KeyRing, files: KeyFiles): Promise<void>
  close(): Promise<void>
}

/** The port of a key store. */
export interface KeyStore {
  /** For messages. */
  readonly location: string
  /** Nothing there yet is an empty ring. @throws OperatorProblem where it can't be read or isn't ours */
  read(signal?: AbortSignal): Promise<StoredRing>
  /**
   * @param make creates a missing directory; a missing Secret is created by the first write, where allowed
   * @throws OperatorProblem `keys-busy` while another process changes it
   */
  open(make: boolean): Promise<StoreSession>
  /** Calls `changed` when something may have changed. Returns a function that ends it. */
  watch(changed: () => void): () => void
}

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
