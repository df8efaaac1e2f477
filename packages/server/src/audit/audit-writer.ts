import type { IssuedToken } from '../endpoint/request.js'
import { ConfigProblem, errorCode, OperatorProblem } from '../problem.js'
import { isStandardOutput, openAuditFile, type AuditFile } from './audit-file.js'
import { auditLine } from './audit-line.js'

/** The most buffered lines while a disk is slow or full: some seconds of a full server, a few MB. */
const MAX_WAITING = 20_000
/** How often an unwritable file is retried, and a writable one is checked for rotation. */
const RETRY_MS = 1000
/** How long the last lines may take to write at the end. */
const CLOSE_MS = 500
const LINE_FEED = 0x0a

/** The log of issued tokens. */
export interface AuditLog {
  /** Never throws and never waits. */
  write(issued: IssuedToken): void
  /** Opens the file again by its name at the next line: after a rotation, or on a signal. */
  reopen(): void
  /** Writes the buffered lines, if that is quick, and ends. */
  close(): Promise<void>
}

export interface AuditOptions {
  /** Opens the file: at start, after a rotation, after a failure. */
  open: () => Promise<AuditFile>
  maxWaiting?: number
  retryMs?: number
  /** Called once when lines can't be written, or not as fast as they come. */
  onFailure?: (error: unknown) => void
  /** Called once after the recovery, with the number of lost lines. */
  onRecovered?: (lost: number) => void
  onLost?: () => void
}

/**
 * Writes issued tokens to the audit log. No token waits for it: the writer buffers a limited number of lines, and
 * counts further ones as lost. It reopens a renamed file, and writes a line again if a full disk cut it.
 */
export class AuditWriter implements AuditLog {
  readonly #options: AuditOptions
  #waiting: string[] = []
  /** Complete lines. Some of their bytes may be written already. */
  #batch: Buffer = Buffer.alloc(0)
  #written = 0
  #file: AuditFile | null
  #pump: Promise<void> | null = null
  #wake: (() => void) | null = null
  #failing = false
  #lost = 0
  #checked = false
  #stale = false
  #closed = false

  private constructor(options: AuditOptions, file: AuditFile) {
    this.#options = options
    this.#file = file
  }

  /** @throws the error of `open` */
  static async start(options: AuditOptions): Promise<AuditWriter> {
    return new AuditWriter(options, await options.open())
  }

  write(issued: IssuedToken): void {
    const { maxWaiting = MAX_WAITING, onLost } = this.#options
    if (this.#closed || this.#waiting.length >= maxWaiting) {
      this.#lost++
      onLost?.()
      this.#fail(new Error('tokens are issued faster than lines can be written'))
      return
    }
    this.#waiting.push(auditLine(issued))
    this.#run()
  }

  reopen(): void {
    this.#stale = true
    this.#wake?.()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)))
    await Promise.race([this.#pump, late])
    await Promise.race([this.#closeFile(), late])
    clearTimeout(timer)
    const left = this.#batch.subarray(this.#written).toString().split('\n').length - 1 + this.#waiting.length
    if (left > 0)
      this.#options.onFailure?.(new Error(`${left} lines are lost: they were not written before the end`))
  }

  #run(): void {
    this.#pump ??= this.#writeAll().finally(() => (this.#pump = null))
  }

  async #writeAll(): Promise<void> {
    // all lines of one tick are one write
    await new Promise((resolve) => setImmediate(resolve))
    while (!this.#done) {
      try {
        await this.#writeSome()
        this.#recovered()
      } catch (error) {
        this.#fail(error)
        this.#rewind()
        await this.#closeFile()
        if (this.#closed) return
        await this.#pause()
      }
    }
  }

  async #writeSome(): Promise<void> {
    if (this.#written === this.#batch.length) {
      await this.#checkRotation()
      this.#batch = Buffer.from(this.#waiting.splice(0).join(''))
      this.#written = 0
    }
    this.#file ??= await this.#options.open()
    this.#written += await this.#file.write(this.#batch.subarray(this.#written))
  }

  get #done(): boolean {
    return this.#written === this.#batch.length && this.#waiting.length === 0
  }

  /** Writes a cut line again, complete and on a new line: the file may be another one by then. */
  #rewind(): void {
    const start = this.#batch.lastIndexOf('\n', this.#written - 1) + 1
    const lines = this.#batch.subarray(this.#written === 0 ? 0 : start)
    this.#batch = this.#written > start ? Buffer.concat([Buffer.from('\n'), lines]) : lines
    this.#written = 0
  }

  /** Checks between two lines, at most once per retry interval, whether the file was rotated. */
  async #checkRotation(): Promise<void> {
    if ((this.#checked && !this.#stale) || !this.#file) return
    this.#checked = true
    setTimeout(() => (this.#checked = false), this.#options.retryMs ?? RETRY_MS).unref()
    if (this.#stale || !(await this.#file.isCurrent())) await this.#closeFile()
    this.#stale = false
  }

  async #closeFile(): Promise<void> {
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

  #fail(error: unknown): void {
    if (this.#failing) return
    this.#failing = true
    this.#options.onFailure?.(error)
  }

  #recovered(): void {
    if (!this.#failing || !this.#done) return
    this.#failing = false
    this.#options.onRecovered?.(this.#lost)
    this.#lost = 0
  }
}

/** Writes lines that share standard output with the log. */
export interface LineOutput {
  /** @returns false where the line was dropped */
  write(line: string): boolean
}

/** An audit log on standard output, through the single writer of that descriptor. */
class OutputAudit implements AuditLog {
  readonly #output: LineOutput
  readonly #options: Omit<AuditOptions, 'open'>
  #lost = 0

  constructor(output: LineOutput, options: Omit<AuditOptions, 'open'>) {
    this.#output = output
    this.#options = options
  }

  write(issued: IssuedToken): void {
    const { onLost, onFailure, onRecovered } = this.#options
    if (!this.#output.write(auditLine(issued))) {
      onLost?.()
      if (this.#lost++ === 0) onFailure?.(new Error('standard output is full'))
    } else if (this.#lost > 0) {
      onRecovered?.(this.#lost)
      this.#lost = 0
    }
  }

  reopen(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** The file, or the output while standard output goes to that file: two writers would overwrite each other's lines. */
async function openFileOrOutput(path: string, output: LineOutput): Promise<AuditFile> {
  const file = await openAuditFile(path)
  if (!(await isStandardOutput(path))) return file
  await file.close()
  return {
    write: async (bytes) => {
      const line = bytes.subarray(0, bytes.indexOf(LINE_FEED) + 1)
      if (!output.write(Buffer.from(line).toString())) throw new Error('standard output is full')
      return line.length
    },
    isCurrent: () => isStandardOutput(path),
    close: async () => undefined,
  }
}

/**
 * Opens the file of `CHAT_AUDIT`, or the output for `-`.
 * @throws ConfigProblem if it can't be written at start, since a server without its audit log must not run
 */
export async function openAudit(
  path: string,
  options: Omit<AuditOptions, 'open'>,
  output: LineOutput,
): Promise<AuditLog> {
  if (path === '-') return new OutputAudit(output, options)
  try {
    return await AuditWriter.start({ ...options, open: () => openFileOrOutput(path, output) })
  } catch (error) {
    const problem =
      error instanceof OperatorProblem
        ? { message: `can't be used: ${error.message}`, remediation: error.remediation }
        : {
            message: `names a file that can't be written (${errorCode(error) ?? 'unknown'}).`,
            remediation: 'Name a file in a directory that this user may write to, or - for standard output.',
          }
    throw new ConfigProblem([{ name: 'CHAT_AUDIT', ...problem }])
  }
}
