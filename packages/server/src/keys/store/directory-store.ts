import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, OperatorProblem } from '../../problem.js'
import { readTrusted, trustDirectory, DRAFT, removeFile, writeDurably, writeOnce } from './directory-files.js'
import type { KeyFiles, KeyStore, StoredKey, StoredRing, StoreSession } from './key-store.js'
import type { KeyRing } from '../key-state.js'
import { noStore } from './no-keys.js'
import { emptyRing, KEY_FILE, parseKeyRing, RING_FILE, ringText } from './ring-format.js'
import { lockRing, type RingLock } from './ring-lock.js'

/** A directory of our own as the store: write-once `<kid>.pem` files and the index, whose rename is the commit point. */
export function directoryStore(dir: string, now: () => number): KeyStore {
  return {
    location: dir,
    read: () => readDirectory(dir),
    async open(make): Promise<StoreSession> {
      if (!make && !(await exists(dir))) throw noStore({ dir })
      await mkdir(dir, { recursive: true, mode: 0o700 }).catch((cause: unknown) => unwritable(dir, cause))
      await trustDirectory(dir).catch((cause: unknown) => unreadable(dir, cause))
      const lock = await lockRing(dir, now).catch((cause: unknown) => unwritable(dir, cause))
      try {
        const read = await readDirectory(dir)
        const stored = (await tidy(dir, read)) ? await readDirectory(dir) : read
        return {
          stored,
          renewLock: () => lock.assertHeld(),
          write: (ring, files) =>
            write(dir, lock, ring, files).catch((cause: unknown) => unwritable(dir, cause)),
          close: () => lock.release(),
        }
      } catch (error) {
        await lock.release()
        throw error
      }
    },
    watch(changed) {
      try {
        // the directory, not the file: a file's watch is dead after the first rename over it
        const watcher = watch(dir, { persistent: false }, (_event, name) => {
          if (concernsKeys(name)) changed()
        }).on('error', () => undefined)
        return () => watcher.close()
      } catch {
        return () => undefined // no watch here (some network mounts): looking will do
      }
    },
  }
}

async function write(dir: string, lock: RingLock, ring: KeyRing, { put, drop }: KeyFiles): Promise<void> {
  await lock.assertHeld()
  const draft = put ? await writeOnce(join(dir, put.file), put.pem) : null
  await writeDurably(join(dir, RING_FILE), ringText(ring))
  if (draft !== null) await removeFile(draft)
  if (drop !== undefined) await removeFile(join(dir, drop))
}

async function readDirectory(dir: string): Promise<StoredRing> {
  const path = join(dir, RING_FILE)
  const privateKey = (file: string) => readPrivateKey(dir, file)
  try {
    await trustDirectory(dir)
    const names = await readdir(dir)
    const text = names.includes(RING_FILE)
      ? (await readTrusted(dir, RING_FILE, { secret: false })).text
      : null
    const ring = text === null ? emptyRing() : parseKeyRing(text, path)
    const known = new Set(ring.keys.map(({ file }) => file))
    const unknownFiles = names.filter((name) => KEY_FILE.test(name) && !known.has(name))
    const version = text === null ? 'none' : createHash('sha256').update(text).digest('hex')
    return { ring, absent: text === null ? 'index' : null, version, unknownFiles, privateKey }
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT' && !(await exists(dir))) {
      return { ring: emptyRing(), absent: 'store', version: 'none', unknownFiles: [], privateKey }
    }
    return unreadable(path, cause)
  }
}

async function readPrivateKey(dir: string, file: string): Promise<StoredKey> {
  try {
    await trustDirectory(dir)
    return await readTrusted(dir, file, { secret: true })
  } catch (cause) {
    if (cause instanceof OperatorProblem) throw cause
    throw new OperatorProblem(
      'private-key-unreadable',
      `${join(dir, file)} can’t be read (${errorCode(cause) ?? 'unknown error'})`,
      'Restore the file and let the user this runs as read it, or replace the key with `kinescope-chat-server keys rotate`.',
      { cause },
    )
  }
}

/**
 * Finishes what a killed process began: its drafts go, and private keys whose entry is removed. A private key that
 * still has its draft beside it never got an entry, so no server has used it. Nothing else is ever removed.
 */
async function tidy(dir: string, { ring, unknownFiles }: StoredRing): Promise<boolean> {
  const names = await readdir(dir)
  const gone = ring.keys.filter(({ file, removedAt }) => removedAt !== null && names.includes(file))
  for (const { file } of gone) await removeOwn(dir, file)
  const drafts = names.filter((name) => DRAFT.test(name))
  for (const draft of drafts) {
    const made = draft.replace(/\.[\da-f]+\.tmp$/, '')
    if (unknownFiles.includes(made) && (await isSameFile(join(dir, draft), join(dir, made)))) {
      await removeOwn(dir, made)
    }
    await removeOwn(dir, draft)
  }
  return drafts.length > 0
}

/** By name, kind and owner ours, or it stays. */
async function removeOwn(dir: string, name: string): Promise<void> {
  const path = join(dir, name)
  const stats = await lstat(path).catch(() => null)
  if (!stats?.isFile()) return
  if (process.platform !== 'win32' && ![process.geteuid!(), 0].includes(stats.uid)) return
  await removeFile(path)
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other)])
  return a.ino === b.ino && a.dev === b.dev
}

/** Kubernetes swaps `..data`. An audit that is written into the directory, line by line, must not keep us reading. */
const concernsKeys = (name: string | null): boolean =>
  name === null || name === RING_FILE || KEY_FILE.test(name) || name.startsWith('..')

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    (error: unknown) => errorCode(error) !== 'ENOENT',
  )

function unreadable(path: string, cause: unknown): never {
  if (cause instanceof OperatorProblem) throw cause
  throw new OperatorProblem(
    'key-ring-unreadable',
    `${path} can’t be read (${errorCode(cause) ?? 'unknown error'})`,
    'Let the user this runs as read the directory.',
    { cause },
  )
}

function unwritable(dir: string, cause: unknown): never {
  const code = errorCode(cause)
  if (cause instanceof OperatorProblem || code === undefined) throw cause
  throw new OperatorProblem(
    'key-directory-unwritable',
    `the key directory ${dir} can’t be changed (${code})`,
    CURES[code] ?? 'Run this as the user that owns the directory, or set CHAT_KEY_DIR to another.',
    { cause },
  )
}

const NO_ROOM =
  'Free some space there (`df -h` and `df -i` show where). Then run the command again: it continues where it stopped.'
const CURES: Readonly<Record<string, string>> = {
  EROFS:
    'It is mounted read-only: run this where the directory may be written; in a cluster, with CHAT_KEY_SECRET.',
  ENOSPC: NO_ROOM,
  EDQUOT: NO_ROOM,
  EIO: 'Check the disk (`dmesg`), then run the command again: it continues where it stopped.',
  ENOTDIR: 'A part of that path is a file: set CHAT_KEY_DIR to another directory.',
  EEXIST: 'That is a file: set CHAT_KEY_DIR to a directory.',
  ENOENT: 'The directory it would lie in can’t be made: make that first, or set CHAT_KEY_DIR to another.',
}
