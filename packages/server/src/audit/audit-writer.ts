import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { write } from 'node:fs'
import { promisify } from 'node:util'
import type { IssuedToken } from '../endpoint/request.js'
import { ConfigProblem } from '../problem.js'
import { auditLine } from './audit-line.js'

/** Lines that wait for a disk that is slow or full: some seconds of a full server, a few MB. */
const MAX_WAITING = 20_000
/** How often a file that can't be written is tried again, and how often one that can is looked after. */
const RETRY_MS = 1000
/** What is left to write gets this long at the end. */
const CLOSE_MS = 500
/** Not waited for: a pipe that nobody reads must not hold up the start. The mode is for a file that is made here. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
const MODE = 0o600

/** What the audit needs of a file. */
export interface AuditFile {
  /** Writes some of the bytes and says how many. */
  write(bytes: Uint8Array): Promise<number>
  /** Whether it is still the one that its name leads to. */
  isCurrent(): Promise<boolean>
  close(): Promise<void>
}

export interface AuditOptions {
  /** Opens the file anew, at start, after a rotation, after trouble. */
  open: () => Promise<AuditFile>
  maxWaiting?: number
  retryMs?: number
  /** Once when lines can't be written, or faster come than can be: `lost` so far. */
  onTrouble?: (error: unknown) => void
  /** Once when they can again, with how many were lost meanwhile. */
  onRecovered?: (lost: number) => void
  onLost?: () => void
}

/**
 * Writes who got a token. A token never waits for it: lines wait in memory, a bounded number of them, and are lost and
 * counted beyond that. A file that was renamed away is opened anew; a line that a full disk took half of is written again.
 */
export class AuditWriter {
  readonly #options: AuditOptions
  #waiting: string[] = []
  /** What is being written: whole lines, of which the file may have some bytes already. */
  #batch: Buffer = Buffer.alloc(0)
  #written = 0
  #file: AuditFile | null
  #pump: Promise<void> | null = null
  #wake: (() => void) | null = null
  #inTrouble = false
  #lost = 0
  #looked = false
  #stale = false
  #closed = false

  private constructor(options: AuditOptions, file: AuditFile) {
    this.#options = options
    this.#file = file
  }

  /** @throws what `open` throws */
  static async start(options: AuditOptions): Promise<AuditWriter> {
    return new AuditWriter(options, await options.open())
  }

  /** Never throws and never waits. */
  write(issued: IssuedToken): void {
    const { maxWaiting = MAX_WAITING, onLost } = this.#options
    if (this.#closed || this.#waiting.length >= maxWaiting) {
      this.#lost++
      onLost?.()
      this.#trouble(new Error('more tokens are made than lines can be written'))
      return
    }
    this.#waiting.push(auditLine(issued))
    this.#run()
  }

  /** Opens the file by its name at the next line: after a rotation that keeps the inode number, or on SIGHUP. */
  reopen(): void {
    this.#stale = true
    this.#wake?.()
  }

  /** Writes what waits, if that is quick, and ends. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))
    await Promise.race([this.#pump, late])
    clearTimeout(timer)
    await Promise.race([this.#drop(), late])
  }

  #run(): void {
    this.#pump ??= this.#writeAll().finally(() => (this.#pump = null))
  }

  async #writeAll(): Promise<void> {
    // all that comes in one turn of the loop is one write
    await new Promise((resolve) => setImmediate(resolve))
    while (!this.#done) {
      try {
        await this.#writeSome()
        this.#recovered()
      } catch (error) {
        this.#trouble(error)
        this.#rewind()
        await this.#drop()
        if (this.#closed) return
        await this.#pause()
      }
    }
  }

  async #writeSome(): Promise<void> {
    if (this.#written === this.#batch.length) {
      await this.#lookAfter()
      this.#batch = Buffer.from(this.#waiting.splice(0).join(''))
      this.#written = 0
    }
    this.#file ??= await this.#options.open()
    this.#written += await this.#file.write(this.#batch.subarray(this.#written))
  }

  get #done(): boolean {
    return this.#written === this.#batch.length && this.#waiting.length === 0
  }

  /** A line that was torn is written again, whole and on a line of its own: the file may be another one by then. */
  #rewind(): void {
    const start = this.#batch.lastIndexOf('\n', this.#written - 1) + 1
    const lines = this.#batch.subarray(this.#written === 0 ? 0 : start)
    this.#batch = this.#written > start ? Buffer.concat([Buffer.from('\n'), lines]) : lines
    this.#written = 0
  }

  /** Between two lines, and not for each of them. */
  async #lookAfter(): Promise<void> {
    if ((this.#looked && !this.#stale) || !this.#file) return
    this.#looked = true
    setTimeout(() => (this.#looked = false), this.#options.retryMs ?? RETRY_MS).unref()
    if (this.#stale || !(await this.#file.isCurrent())) await this.#drop()
    this.#stale = false
  }

  async #drop(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close().catch(() => undefined)
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.retryMs ?? RETRY_MS)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = null
  }

  #trouble(error: unknown): void {
    if (this.#inTrouble) return
    this.#inTrouble = true
    this.#options.onTrouble?.(error)
  }

  #recovered(): void {
    if (!this.#inTrouble || !this.#done) return
    this.#inTrouble = false
    this.#options.onRecovered?.(this.#lost)
    this.#lost = 0
  }
}

/**
 * Opens what `CHAT_AUDIT` names: a file, or standard output for `-`.
 * @throws ConfigProblem where it can't be written at start: nobody should run without the audit they asked for
 */
export async function openAudit(path: string, options: Omit<AuditOptions, 'open'>): Promise<AuditWriter> {
  const open = path === '-' ? () => Promise.resolve(standardOutput) : () => openFile(path)
  try {
    return await AuditWriter.start({ ...options, open })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new ConfigProblem([
      {
        name: 'CHAT_AUDIT',
        message: `names a file that can't be written (${code}).`,
        remediation: 'Name a file in a directory that this user may write to, or - for standard output.',
      },
    ])
  }
}

async function openFile(path: string): Promise<AuditFile> {
  const handle = await open(path, FLAGS, MODE)
  const { ino, dev } = await handle.stat()
  return {
    write: async (bytes) => (await handle.write(bytes)).bytesWritten,
    isCurrent: async () => {
      const now = await stat(path).catch(() => null)
      return now?.ino === ino && now.dev === dev
    },
    close: () => handle.close(),
  }
}

const standardOutput: AuditFile = {
  write: async (bytes) => (await promisify(write)(process.stdout.fd, bytes)).bytesWritten,
  isCurrent: () => Promise.resolve(true),
  close: () => Promise.resolve(),
}
