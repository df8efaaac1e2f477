import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { OperatorProblem } from '../problem.js'

/** A line of the audit needs a few hundred; what is longer is something else. Bytes. */
const LONGEST_LINE = 16 * 1024
const NEWLINE = 0x0a

/** A line as it stands in the file. */
export interface FileLine {
  /** From 1. */
  number: number
  /** null: too long to be one of ours. */
  text: string | null
  /** The last one, without a line end: cut off, or just being written. */
  torn: boolean
}

/**
 * Reads a file of any size line by line; one that is packed with gzip (as logrotate leaves it) too, `-` is standard input.
 * Lines come in batches, since a wait for each would cost more than reading it.
 * @param progress called now and then with the share that is read, 0 to 1
 */
export async function* linesOf(
  path: string,
  progress: (share: number) => void = () => undefined,
): AsyncGenerator<FileLine[]> {
  let number = 0
  let pending: Buffer[] = []
  let size = 0
  const take = (torn: boolean): FileLine => {
    const text = size > LONGEST_LINE ? null : Buffer.concat(pending).toString('utf8')
    pending = []
    size = 0
    return { number: (number += 1), text, torn }
  }
  const keep = (part: Buffer) => {
    // of a line that is too long nothing has to be kept
    if (size <= LONGEST_LINE) pending.push(part)
    size += part.length
  }
  try {
    for await (const chunk of await bytesOf(path, progress)) {
      const lines: FileLine[] = []
      let from = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        keep(chunk.subarray(from, end))
        lines.push(take(false))
        from = end + 1
      }
      if (from < chunk.length) keep(Buffer.from(chunk.subarray(from)))
      yield lines
    }
  } catch (error) {
    if (!String((error as { code?: unknown }).code).startsWith('Z_')) throw error
    throw new OperatorProblem(
      'audit-unreadable',
      `${path} can’t be unpacked after line ${number}: it is cut off or damaged`,
      'Take the file from before it was packed, or another copy of it.',
      { cause: error },
    )
  }
  if (size > 0) yield [take(true)]
}

async function bytesOf(path: string, progress: (share: number) => void): Promise<AsyncIterable<Buffer>> {
  if (path === '-') return process.stdin as AsyncIterable<Buffer>
  const file = await open(path)
  let packed: boolean
  let total: number
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    packed = bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b // RFC 1952, section 2.3.1
    total = (await file.stat()).size
  } finally {
    await file.close()
  }
  let read = 0
  const source = createReadStream(path, { highWaterMark: 256 * 1024 })
  source.on('data', (chunk) => {
    read += chunk.length
    progress(total > 0 ? read / total : 1)
  })
  if (!packed) return source as AsyncIterable<Buffer>
  const unpacked = createGunzip()
  source.on('error', (error) => unpacked.destroy(error))
  return source.pipe(unpacked) as AsyncIterable<Buffer>
}
