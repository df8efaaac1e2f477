import type { KeyRing } from '../key-state.js'

/** Where a key ring is kept: a directory, or one Secret of a Kubernetes cluster. */
export type KeyStoreLocation = { dir: string } | { secret: SecretName }

/** Where the signing key comes from: a key ring, or `CHAT_PRIVATE_KEY`. */
export type KeyConfig = KeyStoreLocation | { privateKey: string; kid: string }

/** The name of a Secret, as `CHAT_KEY_SECRET=namespace/name` has it. */
export interface SecretName {
  namespace: string
  name: string
}

/** A location in a message: `./keys`, `the Secret chat/chat-keys`. */
export const locationText = (location: KeyStoreLocation): string =>
  'dir' in location ? location.dir : `the Secret ${location.secret.namespace}/${location.secret.name}`

/** A private key as it is kept. */
export interface StoredKey {
  text: string
  /** Every user of the machine can read it, and it isn't ours to change that. */
  exposed: boolean
}

/** What a store holds at a moment: checked to be ours, the ring to be one. */
export interface StoredRing {
  ring: KeyRing
  /** What is not there: the directory or Secret itself, or the index in it. Then the ring is an empty one. */
  absent: 'store' | 'index' | null
  /** Differs where the ring does. */
  version: string
  /** Our own kind of names without an entry in the ring: private keys of a lost ring, or planted ones. */
  strays: readonly string[]
  /** @throws OperatorProblem naming the file and what is wrong with it */
  privateKey(file: string): Promise<StoredKey>
}

/** Private keys that come and go with a ring. They come before it and go after it, or all at once. */
export interface KeyFiles {
  put?: { file: string; pem: string }
  drop?: string
}

/** A store in the hands of the only process that may change it. */
export interface StoreSession {
  readonly stored: StoredRing
  /** Throws where another process has taken the store over: asked before anything is done at Kinescope. */
  hold(): Promise<void>
  /** All of it is kept afterwards, or nothing. */
  write(ring: KeyRing, files: KeyFiles): Promise<void>
  close(): Promise<void>
}

/** The port that keys are kept behind. */
export interface KeyStore {
  /** In words, for messages. */
  readonly location: string
  /** @throws OperatorProblem where it can't be read or isn't ours; nothing there yet is an empty ring */
  read(signal?: AbortSignal): Promise<StoredRing>
  /**
   * @param make whether a directory that isn't there is made; a Secret is made by the first write, where one may
   * @throws OperatorProblem `keys-busy` while another process changes it
   */
  open(make: boolean): Promise<StoreSession>
  /** Calls `changed` when it looks as if something had changed; a hint, no more. Returns what ends it. */
  watch(changed: () => void): () => void
}
