import { chmodSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'

/** No secret needs more; a file that is larger is another file. Bytes. */
const MAX_FILE_BYTES = 65_536

/**
 * The text of a file or of a shell's `<(…)`; null for what can't be either. A directory, a device or a file of the wrong
 * kind must neither hold up the start nor fill the memory.
 */
export function readBounded(file: string): string | null {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    // not as numbers: Node 20 would take what it resolves next (a library behind a link) for a pipe as well, and not find it
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
        // a pipe whose writer isn't done: five seconds at most
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
 * Whether everybody on the machine may read a file, and whether that is ours to change: on a mount that Kubernetes or
 * Docker made, or where the file is another user's, it isn't. Setting the mode it has already asks exactly that.
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
