import { chmodSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'

/** No secret is larger. Bytes. */
const MAX_FILE_BYTES = 65_536

/**
 * Reads a file or a shell's `<(…)`; null for anything else. A device or a huge file must not block the start or fill the
 * memory.
 */
export function readBounded(file: string): string | null {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    // bigint: with numbers, Node 20 then takes a symlinked library for a pipe when it resolves imports
    const stat = fstatSync(descriptor, { bigint: true })
    if (!stat.isFile() && !stat.isFIFO()) return null
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1)
    let length = 0
    for (let waits = 0; length <= MAX_FILE_BYTES;) {
      try {
        const read = readSync(descriptor, bytes, length, bytes.length - length, null)
        if (read === 0) break
        length += read
      } catch (error) {
        // a pipe whose writer hasn't finished: wait five seconds at most
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++waits > 100) throw error
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      }
    }
    return length > MAX_FILE_BYTES ? null : bytes.toString('utf8', 0, length)
  } finally {
    closeSync(descriptor)
  }
}

/** Who else may read a file that holds a private key. */
export type FileExposure = 'closed' | 'open-and-ours' | 'open'

/**
 * Whether every user can read a file, and whether we could change that. Setting the mode that the file already has
 * fails on a read-only mount and on another user's file.
 */
export function exposureOf(file: string): FileExposure {
  try {
    const mode = Number(statSync(file, { bigint: true }).mode) // see above
    // Windows has no such bits
    if (process.getuid === undefined || (mode & 0o004) === 0) return 'closed'
    chmodSync(file, mode & 0o7777)
    return 'open-and-ours'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'closed' : 'open'
  }
}
