import { Refusal } from './refusal.js'

/** A body that needs more than this is no token request. Bytes. */
export const MAX_BODY_BYTES = 4096
const MAX_EVENT_ID_LENGTH = 128

/** The body as an adapter could read it, at most `MAX_BODY_BYTES` of it; or what a framework has made of it already. */
export type RequestBody =
  | { text: string }
  | { value: unknown }
  | { problem: 'too-large' | 'not-utf-8' | 'broken-off' | 'read-already' }

/** Checks `Content-Type` before a byte of the body is read. */
export function checkContentType(contentType: string | null, contentEncoding: string | null): void {
  // the browser asks a preflight for JSON only: any other type would let a plain form reach the endpoint
  if (!/^application\/json\s*(;|$)/i.test(contentType ?? '')) {
    throw new Refusal('bad-request', {
      status: 415,
      reason: 'content-type',
      detail: 'Content-Type must be application/json.',
    })
  }
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') {
    throw new Refusal('bad-request', {
      status: 415,
      reason: 'content-encoding',
      detail: 'The body must not be compressed.',
    })
  }
}

/** Reads the stream's id from the body. Nothing is coerced and nothing extra is let through, an identity least of all. */
export function readEventId(body: RequestBody): string {
  const refuse = (reason: string, detail: string, status = 400) =>
    new Refusal('bad-request', { reason, detail, status })
  if ('problem' in body) {
    if (body.problem === 'too-large') throw refuse('too-large', 'The body is over 4 KiB.', 413)
    if (body.problem === 'read-already') throw new Refusal('server-error', { reason: 'body-read-already' })
    throw refuse(body.problem, 'The body must be JSON in UTF-8.')
  }
  const value = 'value' in body ? body.value : parse(body.text)
  if (value === undefined) throw refuse('not-json', 'The body must be JSON in UTF-8.')
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refuse('not-an-object', 'The body must be a JSON object.')
  }
  if (Object.keys(value).some((name) => name !== 'event_id')) {
    throw refuse('extra-member', 'The body must hold "event_id" and nothing else.')
  }
  const eventId: unknown = Object.hasOwn(value, 'event_id') ? (value as { event_id: unknown }).event_id : null
  if (typeof eventId !== 'string') throw refuse('event-id-type', '"event_id" must be a string.')
  if (eventId.length > MAX_EVENT_ID_LENGTH || eventId.trim() === '') {
    throw refuse('event-id-length', `"event_id" must have 1 to ${MAX_EVENT_ID_LENGTH} characters.`)
  }
  // half a surrogate pair has no UTF-8, so no URL, header or claim can carry it
  if (/[\p{Cc}\p{Cs}]/u.test(eventId)) {
    throw refuse('event-id-characters', '"event_id" must be text without control characters.')
  }
  return eventId.trim()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A body that a framework or a serverless adapter has read before us, in whatever form it keeps it. */
export function bodyReadAlready(body: unknown): RequestBody {
  if (body === undefined || body === null) return { problem: 'read-already' }
  if (body instanceof Uint8Array) return decode(body)
  if (body instanceof ArrayBuffer) return decode(new Uint8Array(body))
  if (typeof body !== 'string') return { value: body }
  if (body.length > MAX_BODY_BYTES) return { problem: 'too-large' }
  return decode(new TextEncoder().encode(body))
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): RequestBody {
  if (bytes.byteLength > MAX_BODY_BYTES) return { problem: 'too-large' }
  try {
    return { text: decoder.decode(bytes) }
  } catch {
    return { problem: 'not-utf-8' }
  }
}

/** Collects the chunks of a body and stops at the limit, whatever `Content-Length` promised. */
export class BodyChunks {
  readonly #parts: Uint8Array[] = []
  #size = 0

  /** @returns whether there may be more */
  add(chunk: Uint8Array): boolean {
    this.#size += chunk.byteLength
    if (this.#size > MAX_BODY_BYTES) return false
    this.#parts.push(chunk)
    return true
  }

  body(): RequestBody {
    if (this.#size > MAX_BODY_BYTES) return { problem: 'too-large' }
    const [only] = this.#parts
    if (only && this.#parts.length === 1) return decode(only)
    const bytes = new Uint8Array(this.#size)
    let offset = 0
    for (const part of this.#parts) {
      bytes.set(part, offset)
      offset += part.byteLength
    }
    return decode(bytes)
  }
}
