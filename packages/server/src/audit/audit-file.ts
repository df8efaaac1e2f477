import { constants, fstatSync, type Stats } from 'node:fs'
import { lstat, open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { OperatorProblem } from '../problem.js'

/** What the audit needs of a file. */
export interface AuditFile {
  /** Writes some of the bytes and returns how many. */
  write(bytes: Uint8Array): Promise<number>
  /** Whether it is still the one that its name leads to. */
  isCurrent(): Promise<boolean>
  close(): Promise<void>
}

/** Windows has no such modes, owners and flags. */
const hasModes = process.platform !== 'win32'
/** Not waited for: a pipe without a reader must not block the start. A link isn't followed, also not one made meanwhile. */
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (hasModes ? constants.O_NONBLOCK | constants.O_NOFOLLOW : 0)
/** For a file that is created here. */
const MODE = 0o600
const OTHERS_WRITE = 0o022
const STICKY = 0o1000
const SET_GROUP = 0o2000

/**
 * Opens the audit log, and creates it for its owner alone.
 * @throws OperatorProblem `audit-file-untrusted` where another user could change or redirect it; system errors
 */
export async function openAuditFile(path: string): Promise<AuditFile> {
  if (hasModes) {
    checkDirectory(dirname(resolve(path)), await stat(dirname(resolve(path))))
    const existing = await lstat(path).catch(() => null)
    if (existing) checkFile(path, existing)
  }
  const handle = await open(path, FLAGS, MODE)
  const opened = await handle.stat()
  try {
    if (hasModes) checkFile(path, opened)
  } catch (error) {
    await handle.close()
    throw error
  }
  const { ino, dev } = opened
  return {
    write: async (bytes) => (await handle.write(bytes)).bytesWritten,
    isCurrent: async () => {
      const now = await stat(path).catch(() => null)
      return now?.ino === ino && now.dev === dev
    },
    close: () => handle.close(),
  }
}

/** Whether standard output goes to this file. */
export async function isStandardOutput(path: string): Promise<boolean> {
  try {
    const { ino, dev } = await stat(path, { bigint: true })
    // bigint: with numbers, Node 20 then takes a symlinked library for a pipe when it resolves imports
    const output = fstatSync(1, { bigint: true })
    return output.ino === ino && output.dev === dev
  } catch {
    // the output is closed, or the file was renamed
    return false
  }
}

const modeOf = ({ mode }: Stats) => `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`
const isOurs = ({ uid }: Stats) => uid === process.geteuid!() || uid === 0

function checkFile(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) {
    throw untrusted(`${path} is a symbolic link.`, 'Name the file itself, or - for standard output.')
  }
  // nothing is kept there, and every user may write
  if (stats.isCharacterDevice()) return
  if (!stats.isFile() && !stats.isFIFO()) {
    throw untrusted(`${path} is no regular file.`, 'Name a file, or - for standard output.')
  }
  if (!isOurs(stats)) {
    throw untrusted(
      `${path} belongs to user ${stats.uid}, and the server runs as ${process.geteuid!()}.`,
      `Move it away, or give it to this user: chown ${process.geteuid!()} ${path}`,
    )
  }
  if ((stats.mode & OTHERS_WRITE) !== 0) {
    throw untrusted(`${path} can be changed by other users (${modeOf(stats)}).`, `Run: chmod 600 ${path}`)
  }
}

/** The same rule as for the key directory: sticky ones, and Kubernetes' with a group of ours, are safe. */
function checkDirectory(path: string, stats: Stats): void {
  const { mode, uid, gid } = stats
  if (!isOurs(stats)) {
    throw untrusted(
      `${path} belongs to user ${uid}, and the server runs as ${process.geteuid!()}.`,
      'Put the audit log into a directory of its own that belongs to this user.',
    )
  }
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return
  const ourGroups = [process.getegid!(), ...process.getgroups!()]
  if ((mode & 0o002) === 0 && (mode & SET_GROUP) !== 0 && uid === 0 && ourGroups.includes(gid)) return
  throw untrusted(
    `${path} can be changed by other users (${modeOf(stats)}), who could replace the audit log.`,
    `Run chmod 700 ${path}, or use a directory of its own.`,
  )
}

const untrusted = (message: string, remediation: string) =>
  new OperatorProblem('audit-file-untrusted', message, remediation)
