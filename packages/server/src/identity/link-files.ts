import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { appendFile, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { parseJson, raceWithSignal, startDeadline } from '../net/limits.js'
import { errorCode } from '../problem.js'
import { decideUse, type DeviceUse, type LinkStore } from './link-store.js'

/** The age at which revocations are read again. Milliseconds. */
const CHECK_MS = 1000
/** The longest wait for an operation in the directory. Milliseconds. */
const WAIT_MS = 500
/** The most that one read takes of the appended part. Bytes. */
const MAX_READ = 64 * 1024 * 1024
/** A file whose bytes before the offset have changed was replaced. Bytes. */
const TAIL_BYTES = 64
/** The most that waits for a directory that hangs. Characters. */
const MAX_PENDING = 1024 * 1024

/** A pipe of that name would keep a thread of the pool that signs. Windows has no such flag. */
const READ_FLAGS = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK)

/** Reads the lines that were appended to a file since the last read; other processes append too. */
class AppendedLines {
  readonly #path: string
  #offset = 0
  #tail = Buffer.alloc(0)
  #rest = ''

  constructor(path: string) {
    this.#path = path
  }

  /** All lines if the file was replaced since. */
  async read(): Promise<string[]> {
    const file = await open(this.#path, READ_FLAGS).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    })
    if (file === null) return []
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw new Error(`${this.#path} is not a regular file`)
      const tail = Buffer.alloc(this.#tail.length)
      await file.read(tail, 0, tail.length, this.#offset - tail.length)
      if (!tail.equals(this.#tail)) {
        this.#offset = 0
        this.#tail = Buffer.alloc(0)
        this.#rest = ''
      }
      const size = Math.min(stats.size - this.#offset, MAX_READ)
      if (size <= 0) return []
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, this.#offset)
      const bytes = buffer.subarray(0, bytesRead)
      this.#offset += bytesRead
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
      const lines = (this.#rest + bytes.toString('latin1')).split('\n')
      this.#rest = lines.pop() ?? ''
      return lines
    } finally {
      await file.close()
    }
  }
}

export interface LinkFilesOptions {
  dir: string
  /**
   * Called when the directory can't be read or written, once until it can: links still work, and limits count in this
   * process only.
   */
  onTrouble?: ((error: unknown) => void) | undefined
  /** Milliseconds on any clock. */
  now?: (() => number) | undefined
}

/** Revoked links and the use of limited ones, in two append-only files of a directory that replicas may share. */
export function linkFiles({
  dir,
  onTrouble = () => undefined,
  now = () => performance.now(),
}: LinkFilesOptions): LinkStore {
  const revoked = new Set<string>()
  const uses = new Map<string, Map<string, DeviceUse>>()
  const knownOf = (id: string): Map<string, DeviceUse> => {
    const known = uses.get(id) ?? new Map<string, DeviceUse>()
    uses.set(id, known)
    return known
  }

  // one operation at a time: a directory that hangs keeps one thread of the pool that signs
  const inOrder = pLimit(1)
  /** Makes an operation that calls share while it runs. A call waits for it for a limited time, and never fails. */
  const operation = (work: () => Promise<void>): (() => Promise<void>) => {
    let isRunning = false
    let isFailing = false
    let result = Promise.resolve()
    const onFailure = (error: unknown) => {
      if (!isFailing) onTrouble(error)
      isFailing = true
    }
    return () => {
      if (isRunning) return result
      isRunning = true
      const running = inOrder(work).finally(() => (isRunning = false))
      const deadline = startDeadline(WAIT_MS)
      result = raceWithSignal(running, deadline.signal)
        .then(() => void (isFailing = false))
        .catch(onFailure)
        .finally(() => deadline.clear())
      return result
    }
  }

  const revokedLines = new AppendedLines(join(dir, REVOKED))
  const readRevoked = operation(async () => {
    for (const line of await revokedLines.read()) revoked.add(line.trim())
  })
  const useLines = new AppendedLines(join(dir, USES))
  const readUses = operation(async () => {
    for (const line of await useLines.read()) {
      const entry = parseJson(line) as (DeviceUse & { id: string; device: string }) | null | undefined
      if (typeof entry?.id !== 'string' || typeof entry.device !== 'string') continue
      const { firstAt, confirmedAt } = entry
      const known = knownOf(entry.id)
      // a line of this process may arrive after a later change in memory
      if (known.get(entry.device)?.confirmedAt == null) known.set(entry.device, { firstAt, confirmedAt })
    }
  })
  let pending = ''
  const appendUses = operation(async () => {
    while (pending !== '') {
      const text = pending
      pending = ''
      await append(dir, USES, text)
    }
  })

  let readAt = -Infinity
  let reading = Promise.resolve()
  return {
    async isRevoked(id) {
      if (now() - readAt >= CHECK_MS) {
        readAt = now()
        reading = readRevoked()
      }
      await reading
      return revoked.has(id)
    },
    async use(id, device, use) {
      const hash = createHash('sha256').update(device).digest('base64url').slice(0, 22)
      await readUses()
      const { result, changed } = decideUse(knownOf(id), hash, use)
      if (changed && pending.length < MAX_PENDING) {
        pending += `${JSON.stringify({ id, device: hash, ...changed })}\n`
        await appendUses()
      }
      return result
    },
  }
}

const REVOKED = 'revoked.txt'
const USES = 'uses.jsonl'

/** Revokes links for every server that uses this directory. @throws the file system's error */
export const revokeLinks = (dir: string, ids: readonly string[]): Promise<void> =>
  append(dir, REVOKED, ids.map((id) => `${id}\n`).join(''))

async function append(dir: string, name: string, text: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await appendFile(join(dir, name), text, { mode: 0o600 })
}
