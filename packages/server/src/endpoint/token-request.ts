import { Refusal } from './refusal.js'

/** A body that needs more than this is no token request. Bytes. */
export const MAX_BODY_BYTES = 4096
const MAX_EVENT_ID_LENGTH = 128

/** The body as an adapter could read it, at most `MAX_BODY_BYTES` of it. */
export type BodyText = { text: string } | { problem: 'too-large' | 'not-utf-8' | 'broken-off' }

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
export function readEventId(body: BodyText): string {
  const refuse = (reason: string, detail: string, status = 400) =>
    new Refusal('bad-request', { reason, detail, status })
  if ('problem' in body) {
    if (body.problem === 'too-large') throw refuse('too-large', 'The body is over 4 KiB.', 413)
    throw refuse(body.problem, 'The body must be JSON in UTF-8.')
  }
  const value = parse(body.text)
  if (value === undefined) throw refuse('not-json', 'The body must be JSON in UTF-8.')
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refuse('not-an-object', 'The body must be a JSON object.')
  }
  if (Object.keys(value).some((name) => name !== 'event_id')) {
    throw refuse('extra-member', 'The body must hold "event_id" and nothing else.')
  }
  const eventId: unknown = (value as { event_id?: unknown }).event_id
  if (typeof eventId !== 'string') throw refuse('event-id-type', '"event_id" must be a string.')
  if (eventId.trim() === '' || eventId.length > MAX_EVENT_ID_LENGTH) {
    throw refuse('event-id-length', `"event_id" must have 1 to ${MAX_EVENT_ID_LENGTH} characters.`)
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

/** Reads a body in chunks and stops at the limit, whatever `Content-Length` promised. */
export async function readBody(chunks: AsyncIterable<Uint8Array> | null): Promise<BodyText> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of chunks ?? []) {
      size += chunk.byteLength
      if (size > MAX_BODY_BYTES) return { problem: 'too-large' }
      parts.push(chunk)
    }
  } catch {
    return { problem: 'broken-off' }
  }
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.byteLength
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { problem: 'not-utf-8' }
  }
}
