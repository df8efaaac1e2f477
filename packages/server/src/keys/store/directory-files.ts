import type { Stats } from 'node:fs'
import { access, constants, open, realpath, stat, link, rename, unlink } from 'node:fs/promises'
import { join, sep, dirname } from 'node:path'
import { randomBytes } from 'node:crypto'
import { errorCode, OperatorProblem } from '../../problem.js'
import { MOST_BYTES } from './ring-format.js'

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
export async function trustDirectory(dir: string): Promise<void> {
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

export interface TrustedText {
  text: string
  /** Every user of the machine can read it, and it isn't ours to change that. */
  exposed: boolean
}

/**
 * Reads a file of the key directory: a regular one of ours or root's that no other user can change, in the directory
 * itself, though by way of links as in a Kubernetes mount.
 *
 * @throws OperatorProblem `key-file-untrusted`, `private-key-exposed`; system errors pass through
 */
export async function readTrusted(
  dir: string,
  name: string,
  { secret }: { secret: boolean },
): Promise<TrustedText> {
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
export const DRAFT = /^(keyring\.json|\.lock|\d{8}-[\w-]{16}\.pem)\.[\da-f]{12,16}\.tmp$/

/**
 * Puts a whole file in place or none, and has it on the disk before returning: write, fsync, rename, fsync of the
 * folder. A rename without the first fsync can leave a file of zeros after a power cut; without the second, none.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  await rename(await writeDraft(path, text), path)
  await syncFolder(dirname(path))
}

/**
 * As `writeDurably`, but never over another file, and the draft stays as a second name of the same file. Both
 * names together show that a process of ours made the file and died before it recorded it.
 *
 * @returns the draft, to be removed when the file is accounted for
 */
export async function writeOnce(path: string, text: string): Promise<string> {
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
    await removeFile(draft).catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
  return draft
}

/** Removes a file; one that is gone already is as good. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

/** Makes the names in a folder durable. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return // has no such thing, and refuses to open a folder
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
