import { untilAborted } from './deadline.js'

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
