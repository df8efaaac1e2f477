import { randomBytes } from 'node:crypto'
import { link, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../../problem.js'

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
 * As `writeDurably`, but never over another file, and the draft stays as a second name of the same file: whoever finds
 * both knows that a process of ours made the file and died before it could say what for.
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
