import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { letPageRead, type OriginList } from '../endpoint/origin.js'
import { Refusal, refusalAnswer } from '../endpoint/refusal.js'

/** Enough of a request to find its Origin in. */
const MAX_HEAD = 65_536

/** The response by the cause that Node names; RFC 9110, sections 15.5.1, 15.5.9, 15.5.14, and RFC 6585, section 5. */
const CAUSES: Readonly<Record<string, { reason: string; status: number; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: 'request-late',
    status: 408,
    detail: 'The request did not arrive in time.',
  },
  HPE_HEADER_OVERFLOW: {
    reason: 'headers-too-large',
    status: 431,
    detail: 'The headers of the request are larger than 16 KiB. Usually the cookies of the site are.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    reason: 'chunk-extensions',
    status: 413,
    detail: 'The chunk extensions of the body are too large.',
  },
}
const MALFORMED = { reason: 'not-http', status: 400, detail: 'Malformed HTTP request.' }

/** A request that never reached a handler. */
export interface RejectedRequest {
  refusal: Refusal
  requestId: string
  /** Null where the part that came doesn't hold it. */
  origin: string | null
  /** The target of the request line. Null where the part that came doesn't hold it. */
  url: string | null
}

/**
 * Responds to a request that Node's parser rejected before any handler saw it (`clientError` of `node:http`). Cookies that
 * a site piles up until the headers are too large are the usual cause.
 *
 * @param allowedOrigins pages that may read the response
 * @returns what to log and count; null where nothing was sent, or where a handler waits for the body and reports it
 */
export function answerClientError(
  error: Error & { code?: string; rawPacket?: unknown },
  socket: Socket,
  allowedOrigins: OriginList,
): RejectedRequest | null {
  // the client is gone, or half a response is sent (what Node itself checks, by the only name it has)
  const { _httpMessage: current } = socket as {
    _httpMessage?: { _headerSent?: boolean; req?: IncomingMessage } | null
  }
  if (!socket.writable || error.code === 'ECONNRESET' || current?._headerSent) {
    socket.destroy()
    return null
  }
  const refusal = new Refusal('bad-request', CAUSES[error.code ?? ''] ?? MALFORMED)
  const requestId = crypto.randomUUID()
  const { status, headers, body } = refusalAnswer(refusal, requestId)
  const head = headIn(error.rawPacket)
  const origin = originIn(head)
  letPageRead(headers, origin !== null && allowedOrigins.has(origin) ? origin : null)
  Object.assign(headers, {
    'Content-Length': String(Buffer.byteLength(body)),
    Date: new Date().toUTCString(),
    Connection: 'close',
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  // a browser connects ahead of a request that may never come
  if (socket.bytesRead === 0 || current?.req?.complete === false) return null
  const [, url = null] = /^[A-Z]{3,20} (\S{1,2000}) /.exec(head) ?? []
  return { refusal, requestId, origin, url }
}

const headIn = (packet: unknown): string =>
  packet instanceof Uint8Array ? new TextDecoder('latin1').decode(packet.subarray(0, MAX_HEAD)) : ''

/** The `Origin` of a request that was never parsed; null where the part that came doesn't hold it. */
function originIn(head: string): string | null {
  const lower = head.toLowerCase()
  const at = lower.indexOf('\r\norigin:')
  const end = lower.indexOf('\r\n', at + 2)
  return at < 0 || end < 0 ? null : lower.slice(at + '\r\norigin:'.length, end).trim()
}
