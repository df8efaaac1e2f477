import { randomBytes } from 'node:crypto'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Ends the names of files that were being written when their process died. */
export const UNFINISHED = '.tmp'

/**
 * Puts a whole file in place or none, and has it on the disk before returning: write, fsync, rename, fsync of the
 * folder. A rename without the first fsync can leave a file of zeros after a power cut; without the second, none.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}${UNFINISHED}`
  const file = await open(unfinished, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
  await syncFolder(dirname(path))
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return // has no such thing, and refuses to open a folder
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
