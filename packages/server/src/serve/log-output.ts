import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { DestinationStream } from 'pino'

/** Log lines that wait for a reader. Characters. */
const MAX_WAITING = 1024 * 1024

/** Where a log is written, by a stream that writes on in the background when its reader is slow. */
export interface LogSink {
  /** False after a write without a reader. */
  readonly writable: boolean
  /** What waits. */
  readonly writableLength: number
  /**
   * May throw: a disk that is full.
   * @param done called later, with an error where the reader went before it had the text
   */
  write(text: string, done: (error?: Error | null) => void): unknown
  on(event: 'drain', listener: () => void): unknown
}

/**
 * The one writer of standard output, for log and audit. A pipe without a reader would block the process at its first full
 * buffer, 64 KiB on Linux, if lines were written to its descriptor. Here they wait in bounded memory; beyond that, and on a
 * full disk, they are dropped and counted.
 */
export class LogOutput implements DestinationStream {
  /** Called when the buffer is empty again after lines were dropped: how many since the last time. */
  onDrained?: (lost: number) => void
  readonly #sink: LogSink
  #lost = 0
  #reported = 0

  constructor(sink: LogSink = standardOutput()) {
    this.#sink = sink
    sink.on('drain', () => this.#reportLost())
  }

  /** Lines that were dropped so far. */
  get lost(): number {
    return this.#lost
  }

  /** @returns false where the line was dropped */
  write(line: string): boolean {
    const room = this.#sink.writable && this.#sink.writableLength + line.length <= MAX_WAITING
    const written = room && this.#put(line)
    if (!written) this.#lost++
    else if (this.#sink.writableLength === 0) this.#reportLost()
    return written
  }

  #put(line: string): boolean {
    let accepted = false
    try {
      this.#sink.write(line, (error) => {
        if (error && accepted) this.#lost++
      })
      // Node reopens standard output after each failed write, since another reader may come
      accepted = this.#sink.writable
    } catch {
      // the disk is full
    }
    return accepted
  }

  #reportLost(): void {
    const lost = this.#lost - this.#reported
    this.#reported = this.#lost
    if (lost > 0) this.onDrained?.(lost)
  }
}

let shared: LogOutput | undefined

/** The one writer that standard output has in this process. */
export const sharedLogOutput = (): LogOutput => (shared ??= new LogOutput())

/** A terminal or a pipe as it is, which writes on in the background; a file by its descriptor. */
function standardOutput(): LogSink {
  const stdout: { fd: number } = process.stdout
  // a stream that has failed once is closed for good, though there may be room on the disk again
  if (!(stdout instanceof Socket)) return new FileSink(stdout.fd)
  // a reader that has gone is seen by `writable` after the write
  stdout.on('error', () => undefined)
  return stdout
}

const LINE_FEED = 0x0a

/** A file, which is written line by line and at once. */
export class FileSink implements LogSink {
  readonly writable = true
  readonly writableLength = 0
  readonly #fd: number
  readonly #writeSync: typeof writeSync
  /** Whether the last line has no end: there was room for a part of it. */
  #torn = false

  constructor(fd: number, write = writeSync) {
    this.#fd = fd
    this.#writeSync = write
  }

  /** @throws where it could not be written in full */
  write(text: string): void {
    const bytes = Buffer.from(this.#torn ? `\n${text}` : text)
    const written = this.#writeSync(this.#fd, bytes)
    if (written > 0) this.#torn = bytes[written - 1] !== LINE_FEED
    if (written < bytes.length) throw new Error('a part of the line was not written')
  }

  /** Nothing waits here. */
  on(): void {}
}
