import type { DestinationStream } from 'pino'

/** Log lines that wait for a reader. Characters. */
const MAX_WAITING = 1024 * 1024

/** Where a log is written, by a stream that writes on in the background when its reader is slow. */
export interface LogSink {
  /** False once the reader has gone. */
  readonly writable: boolean
  /** What waits. */
  readonly writableLength: number
  write(text: string): boolean
  on(event: 'drain', listener: () => void): unknown
}

/**
 * Standard output as the place for a log that can't hold up its server: a pipe that nobody reads (a log collector that
 * hangs) would stop the process at its first full buffer, 64 KiB on Linux, if lines were written by its descriptor. They
 * wait in bounded memory instead; beyond that they are dropped and counted.
 */
export class LogOutput implements DestinationStream {
  /** Called when all that waited is written, where lines were dropped before: how many since the last time. */
  onDrained?: (lost: number) => void
  readonly #sink: LogSink
  #lost = 0
  #told = 0

  constructor(sink: LogSink = process.stdout) {
    this.#sink = sink
    sink.on('drain', () => {
      const lost = this.#lost - this.#told
      this.#told = this.#lost
      if (lost > 0) this.onDrained?.(lost)
    })
  }

  /** Lines that were dropped so far. */
  get lost(): number {
    return this.#lost
  }

  write(line: string): void {
    if (this.#sink.writable && this.#sink.writableLength + line.length <= MAX_WAITING) this.#sink.write(line)
    else this.#lost++
  }
}
