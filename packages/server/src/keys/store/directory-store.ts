import { createHash, randomBytes } from 'node:crypto'
import { watch, type Stats } from 'node:fs'
import {
  access,
  constants,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { errorCode, OperatorProblem } from '../../problem.js'
import {
  type KeyFiles,
  type KeyStore,
  type StoredKey,
  type StoredRing,
  type StoreSession,
  noStore,
} from './key-store.js'
import {
  type KeyRing,
  emptyRing,
  KEY_FILE,
  MOST_BYTES,
  parseKeyRing,
  RING_FILE,
  ringText,
} from '../key-ring.js'
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
  if (draft !== null) await remove(draft)
  if (drop !== undefined) await remove(join(dir, drop))
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
  if (hasModes && !isOurs(stats)) return
  await remove(path)
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
    'Let the user this runs as read it. If it is lost, restore it from a backup.',
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

const OTHERS_WRITE = 0o022
const ALL_READ = 0o007
const STICKY = 0o1000
const SET_GROUP = 0o2000
/** Windows has no such modes and owners. */
const hasModes = process.platform !== 'win32'

const modeText = ({ mode }: Stats) => `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`
const isOurs = ({ uid }: Stats) => uid === process.geteuid!() || uid === 0

/**
 * Rejects a directory in which another user could place a key. Aside from read-only mounts, sticky directories, and
 * root's with a set-group bit for a group of ours: so Kubernetes makes its volumes, and the owner of each file is looked
 * at all the same.
 *
 * @throws OperatorProblem `key-directory-untrusted`; ENOENT passes through
 */
async function trustDirectory(dir: string): Promise<void> {
  const stats = await stat(dir)
  if (!stats.isDirectory()) throw notOurs(dir, 'is no directory', 'Set CHAT_KEY_DIR to a directory.')
  if (!hasModes) return
  const { mode, uid, gid } = stats
  if (!isOurs(stats)) {
    throw notOurs(
      dir,
      `belongs to user ${uid}, and this runs as ${process.geteuid!()} (${modeText(stats)})`,
      `Run this as the directory’s owner, or give it to this user: \`chown -R ${process.geteuid!()} ${dir}\`.`,
    )
  }
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0 || (await isReadOnly(dir))) return
  const ourGroups = [process.getegid!(), ...process.getgroups!()]
  if ((mode & 0o002) === 0 && (mode & SET_GROUP) !== 0 && uid === 0 && ourGroups.includes(gid)) return
  throw notOurs(
    dir,
    `can be changed by other users (${modeText(stats)}): any of them could add a key`,
    `Check that every file in it is yours (\`ls -l ${dir}\`), then \`chmod 700 ${dir}\`.`,
  )
}

/**
 * Reads a file of the key directory: a regular one of ours or root's that no other user can change, in the directory
 * itself, though by way of links as in a Kubernetes mount.
 *
 * @throws OperatorProblem `key-file-untrusted`, `private-key-exposed`; system errors pass through
 */
async function readTrusted(dir: string, name: string, { secret }: { secret: boolean }): Promise<StoredKey> {
  const path = join(dir, name)
  if (!(await realpath(path)).startsWith((await realpath(dir)) + sep)) {
    throw untrusted(path, 'is a link to a file outside of the directory', 'Put the file itself there.')
  }
  // a pipe of that name would keep the call, and a thread of the pool that signs, until a process writes to it
  const file = await open(path, constants.O_RDONLY | (hasModes ? constants.O_NONBLOCK : 0))
  try {
    const stats = await file.stat()
    await trustFile(path, stats)
    if (stats.size > MOST_BYTES) throw untrusted(path, 'is larger than 1 MiB', 'Restore it from a backup.')
    const open = hasModes && secret && (stats.mode & ALL_READ) !== 0
    const exposed = open && (stats.uid !== process.geteuid!() || (await isReadOnly(path)))
    if (open && !exposed) {
      throw new OperatorProblem(
        'private-key-exposed',
        `${path} can be read or changed by every user of this machine (${modeText(stats)})`,
        `Run \`chmod 600 ${path}\`; if others may have read it, \`kinescope-chat-server keys revoke\` its key.`,
      )
    }
    return { text: await file.readFile('utf8'), exposed }
  } finally {
    await file.close()
  }
}

async function trustFile(path: string, stats: Stats): Promise<void> {
  if (!stats.isFile()) throw untrusted(path, 'is no regular file', 'Remove it: it isn’t ours.')
  if (!hasModes) return
  if (!isOurs(stats)) {
    throw untrusted(
      path,
      `belongs to user ${stats.uid}, and this runs as ${process.geteuid!()} (${modeText(stats)})`,
      'If you didn’t put it there, remove it and find out who did. Otherwise run this as its owner, or `chown` it.',
    )
  }
  if ((stats.mode & OTHERS_WRITE) !== 0 && !(await isReadOnly(path))) {
    throw untrusted(
      path,
      `can be changed by other users (${modeText(stats)})`,
      `If it is as it should be, \`chmod 600 ${path}\`; else restore it from a backup.`,
    )
  }
}

/** The mount is read-only, even for root. */
const isReadOnly = (path: string): Promise<boolean> =>
  access(path, constants.W_OK).then(
    () => false,
    (error: unknown) => errorCode(error) === 'EROFS',
  )

const notOurs = (dir: string, what: string, remedy: string) =>
  new OperatorProblem('key-directory-untrusted', `the key directory ${dir} ${what}`, remedy)
const untrusted = (path: string, what: string, remedy: string) =>
  new OperatorProblem('key-file-untrusted', `${path} ${what}`, remedy)

/** The names of files of ours that were being written when their process died. */
const DRAFT = /^(keyring\.json|\.lock|\d{8}-[\w-]{16}\.pem)\.[\da-f]{12,16}\.tmp$/

/**
 * Puts a whole file in place or none, and has it on the disk before returning: write, fsync, rename, fsync of the
 * folder. A rename without the first fsync can leave a file of zeros after a power cut; without the second, none.
 */
async function writeDurably(path: string, text: string): Promise<void> {
  await rename(await writeDraft(path, text), path)
  await syncFolder(dirname(path))
}

/**
 * As `writeDurably`, but never over another file, and the draft stays as a second name of the same file. Both
 * names together show that a process of ours made the file and died before it recorded it.
 *
 * @returns the draft, to be removed when the file is accounted for
 */
async function writeOnce(path: string, text: string): Promise<string> {
  const draft = await writeDraft(path, text)
  await link(draft, path)
  await syncFolder(dirname(path))
  return draft
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    // on a full disk every byte counts; what can't be removed now is tidied away later
    await remove(draft).catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
  return draft
}

/** Removes a file that may be gone already. */
const remove = (path: string) => rm(path, { force: true })

/** Makes the names in a folder durable. */
async function syncFolder(path: string): Promise<void> {
  if (!hasModes) return // Windows has no such thing, and refuses to open a folder
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
