/** Longer delays overflow `setTimeout`, which then fires at once. Milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** A time limit that is over at its time, or as soon as another signal aborts. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Whether the time ran out, rather than another signal having aborted first. */
  readonly expired: boolean
  /** Stops the timer and leaves the other signals. Call it when the work has ended; `using` does. */
  clear(): void
  [Symbol.dispose](): void
}

/**
 * Starts a deadline, which also aborts with any of the other signals.
 *
 * Node 20 collects an `AbortSignal.timeout()` that only an `AbortSignal.any()` refers to, so that it never fires
 * (nodejs/node#57736). This timer refers to its own controller and can't be collected. It doesn't keep the process alive.
 */
export function startDeadline(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Deadline {
  const controller = new AbortController()
  let expired = false
  const timer = setTimeout(
    () => {
      if (controller.signal.aborted) return
      expired = true
      clear()
      controller.abort(new DOMException(`Not done within ${ms} ms`, 'TimeoutError'))
    },
    Math.min(Math.max(ms, 0), MAX_DELAY_MS),
  )
  // edge runtimes have plain numbers here
  ;(timer as { unref?: () => void }).unref?.()
  const sources = signals.filter((signal) => signal !== undefined)
  const onAbort = () => {
    const source = sources.find(({ aborted }) => aborted)
    clear()
    controller.abort(source?.reason)
  }
  function clear(): void {
    clearTimeout(timer)
    for (const source of sources) source.removeEventListener('abort', onAbort)
  }
  for (const source of sources) source.addEventListener('abort', onAbort, { once: true })
  if (sources.some(({ aborted }) => aborted)) onAbort()
  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    clear,
    [Symbol.dispose]: clear,
  }
}

/**
 * Waits for the work, but no longer than the signal allows: for work that may ignore the signal it was given.
 * @throws the signal's reason once it aborts
 */
export async function raceWithSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort!)
  }
}

/**
 * The items of a source, until the signal aborts, also while the source sends nothing. An aborted source stays open: its
 * owner closes it.
 * @throws the signal's reason once it aborts
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const item = await (signal ? raceWithSignal(items.next(), signal) : items.next())
      if (item.done) return
      yield item.value
    }
  } finally {
    if (!signal?.aborted) await items.return?.()
  }
}

/** Collects chunks up to a limit, whatever `Content-Length` promised. */
export class CappedBytes {
  readonly #maxBytes: number
  readonly #chunks: Uint8Array[] = []
  #size = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Whether more came than fits; what fits is kept. */
  get truncated(): boolean {
    return this.#size > this.#maxBytes
  }

  /** @returns whether more may come */
  add(chunk: Uint8Array): boolean {
    const room = this.#maxBytes - this.#size
    this.#size += chunk.byteLength
    if (room > 0) this.#chunks.push(chunk.byteLength > room ? chunk.subarray(0, room) : chunk)
    return !this.truncated
  }

  bytes(): Uint8Array {
    const [only] = this.#chunks
    if (only && this.#chunks.length === 1) return only
    const bytes = new Uint8Array(Math.min(this.#size, this.#maxBytes))
    let offset = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset)
      offset += chunk.byteLength
    }
    return bytes
  }
}

/** Says why `fetch` got no response. It sends nothing to some ports, such as 6000 (Fetch standard, "port blocking"). */
export function connectionFault(error: unknown): string {
  const { code, message } = (error as { cause?: { code?: unknown; message?: unknown } } | null)?.cause ?? {}
  if (typeof code === 'string') return code
  return message === 'bad port' ? 'fetch blocks this port; use another one' : 'the connection was closed'
}

export interface CappedRead {
  /** At most the limit. */
  bytes: Uint8Array
  /** Whether there was more. */
  truncated: boolean
}

/**
 * Reads a body, a file or a pipe, and stops at the limit, which closes the source.
 * @param signal ends the read with its reason; for sources that don't know it already
 */
export async function readCapped(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | null,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<CappedRead> {
  const capped = new CappedBytes(maxBytes)
  if (source !== null) {
    if ('getReader' in source) await readStream(source, capped, signal)
    else for await (const chunk of untilAborted(source, signal)) if (!capped.add(chunk)) break
  }
  return { bytes: capped.bytes(), truncated: capped.truncated }
}

/** Reads a response's body; one that declares more than the limit is cancelled unread. */
export async function readCappedResponse(
  { body, headers }: Pick<Response, 'body' | 'headers'>,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<CappedRead> {
  if (Number(headers.get('content-length') ?? 0) <= maxBytes) return readCapped(body, maxBytes, signal)
  await body?.cancel()
  return { bytes: new Uint8Array(), truncated: true }
}

/** By the reader: streams are async iterable by the standard, but not in every runtime. */
async function readStream(
  stream: ReadableStream<Uint8Array>,
  capped: CappedBytes,
  signal: AbortSignal | undefined,
): Promise<void> {
  const reader = stream.getReader()
  const cancel = () => void reader.cancel().catch(() => undefined)
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    signal?.throwIfAborted()
    for (let part = await reader.read(); !part.done && capped.add(part.value);) part = await reader.read()
    signal?.throwIfAborted()
  } finally {
    signal?.removeEventListener('abort', cancel)
    cancel()
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of bytes in UTF-8; null where they are no such text. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** The value of a JSON text; undefined where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
