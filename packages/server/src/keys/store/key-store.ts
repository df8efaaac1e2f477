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
