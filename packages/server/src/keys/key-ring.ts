import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorProblem } from '../problem.js'
import { writeDurably } from './durable-write.js'
import { errorCode } from './file-error.js'
import type { KeyRecord, KeyRing } from './key-state.js'
import { loadPrivateKey, type LoadedKey } from './load-key.js'

export type { KeyRecord, KeyRing } from './key-state.js'

/** The index of the key directory. It holds no private material; its rename is the commit point. */
export const RING_FILE = 'keyring.json'

/** Reads the ring; a directory without one, or none at all, is an empty ring of revision 0. */
export async function readKeyRing(dir: string): Promise<KeyRing> {
  const path = join(dir, RING_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT')
      return { version: 1, revision: 0, vendor: '', maxTokenTtl: 0, keys: [] }
    throw new OperatorProblem(
      'key-ring-unreadable',
      `${path} can’t be read (${errorCode(cause) ?? 'unknown error'})`,
      'Let the user this runs as read the directory.',
      { cause },
    )
  }
  return parseKeyRing(text, path)
}

/** @throws OperatorProblem `key-ring-damaged` */
export function parseKeyRing(text: string, path: string): KeyRing {
  const damaged = (what: string, cause?: unknown) =>
    new OperatorProblem(
      'key-ring-damaged',
      `${path} is not a key ring: ${what}`,
      'Restore it from a backup, or move it away and run `kinescope-chat keys reconcile`: the ring is built anew from ' +
        'the PEM files and what Kinescope lists.',
      { cause },
    )
  let ring: Partial<KeyRing> | null
  try {
    ring = JSON.parse(text) as Partial<KeyRing> | null
  } catch (cause) {
    throw damaged('it is not JSON', cause)
  }
  if (!ring || typeof ring !== 'object' || ring.version !== 1) throw damaged('its version is not 1')
  if (
    typeof ring.revision !== 'number' ||
    typeof ring.maxTokenTtl !== 'number' ||
    typeof ring.vendor !== 'string'
  ) {
    throw damaged('revision, vendor or maxTokenTtl is missing')
  }
  if (!Array.isArray(ring.keys) || !ring.keys.every(isRecord)) throw damaged('an entry of keys is incomplete')
  return ring as KeyRing
}

/** Commits the ring; the caller holds the lock. */
export const writeKeyRing = (dir: string, ring: KeyRing): Promise<void> =>
  writeDurably(join(dir, RING_FILE), `${JSON.stringify(ring, null, 2)}\n`)

/** Loads the private key of a record and makes sure that it is that key. */
export async function loadRingKey(dir: string, key: KeyRecord, passphrase?: string): Promise<LoadedKey> {
  const path = join(dir, key.file)
  let text: string
  try {
    if (process.platform !== 'win32' && ((await stat(path)).mode & 0o007) !== 0) {
      throw new OperatorProblem(
        'private-key-exposed',
        `${path} can be read or changed by every user of this machine`,
        `Run \`chmod 600 ${path}\`; if others may have read it, \`kinescope-chat keys revoke ${key.kid}\`.`,
      )
    }
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof OperatorProblem) throw cause
    throw new OperatorProblem(
      'private-key-unreadable',
      `${path} can’t be read (${errorCode(cause) ?? 'unknown error'})`,
      'Restore the file and let the user this runs as read it, or take another key with `kinescope-chat keys rotate`.',
      { cause },
    )
  }
  const loaded = await loadPrivateKey(text, { passphrase })
  if (loaded.thumbprint !== key.thumbprint) {
    throw new OperatorProblem(
      'private-key-swapped',
      `${path} holds another key than ${key.kid}`,
      'Restore the file from a backup, or take another key with `kinescope-chat keys rotate`.',
    )
  }
  return loaded
}

const TIMES = ['publishedAt', 'signFrom', 'signUntil', 'removeAfter', 'revokedAt', 'removedAt'] as const

function isRecord(value: unknown): value is KeyRecord {
  if (value === null || typeof value !== 'object') return false
  const key = value as Record<string, unknown>
  const isTime = (time: unknown) => typeof time === 'string' && !Number.isNaN(Date.parse(time))
  return (
    ['kid', 'thumbprint', 'n', 'e', 'file'].every(
      (name) => typeof key[name] === 'string' && key[name] !== '',
    ) &&
    // a file name, never a path: the ring may come from elsewhere
    /^[\w.-]+\.pem$/.test(key['file'] as string) &&
    typeof key['bits'] === 'number' &&
    (key['remoteId'] === null || typeof key['remoteId'] === 'string') &&
    isTime(key['createdAt']) &&
    isTime(key['expiresAt']) &&
    TIMES.every((name) => key[name] === null || isTime(key[name]))
  )
}
