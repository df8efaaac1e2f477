import { open } from 'node:fs/promises'
import { UsageProblem } from './command.js'

/** Keys, cookies and statements are small; a device or a pipe may have no end. Bytes. */
const LONGEST = 1_048_576

/** The text of a file that a flag names; a pipe of the shell's (`<(…)`) is as good. @throws UsageProblem */
export async function givenFile(path: string, flag: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const parts: Buffer[] = []
    let size = 0
    for await (const part of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      parts.push(part)
      size += part.byteLength
      if (size > LONGEST) {
        throw new UsageProblem(`--${flag} names a file larger than 1 MiB`, 'Name the right file.')
      }
    }
    return Buffer.concat(parts).toString('utf8')
  } finally {
    await file.close()
  }
}
