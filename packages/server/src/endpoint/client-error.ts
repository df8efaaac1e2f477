import type { Socket } from 'node:net'
import { letPageRead } from './origin-policy.js'
import { Refusal } from './refusal.js'
import { alwaysHeaders } from './token-call.js'

const REASON_PHRASES: Record<number, string> = { 400: 'Bad Request', 431: 'Request Header Fields Too Large' }
/** Enough of a request to find its Origin in. */
const MAX_HEAD = 65_536

/**
 * The answer to a request that Node's parser refused before any handler saw it: what `clientErrorHandler` of Fastify and
 * `clientError` of `node:http` hear. Cookies that a site piles up until the headers are too large are the usual cause.
 *
 * @param allowedOrigins pages that may read the answer
 */
export function answerClientError(
  error: Error & { code?: string; rawPacket?: unknown },
  socket: Socket,
  allowedOrigins: ReadonlySet<string>,
): void {
  // nobody is there, or half an answer is under way (what Node itself looks at, by the only name it has)
  const { _httpMessage: underWay } = socket as { _httpMessage?: { _headerSent?: boolean } | null }
  if (!socket.writable || error.code === 'ECONNRESET' || underWay?._headerSent) {
    socket.destroy()
    return
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const refusal = new Refusal('bad-request', {
    reason: tooLarge ? 'headers-too-large' : 'not-http',
    status: tooLarge ? 431 : 400,
    detail: tooLarge
      ? 'The headers of the request are too large: the cookies of the site have grown beyond 16 KiB.'
      : 'This is no HTTP request.',
  })
  const requestId = crypto.randomUUID()
  const body = JSON.stringify(refusal.problem(requestId))
  const origin = originIn(error.rawPacket)
  const headers = alwaysHeaders(requestId)
  letPageRead(headers, origin !== null && allowedOrigins.has(origin) ? origin : null)
  Object.assign(headers, {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    Date: new Date().toUTCString(),
    Connection: 'close',
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const { status } = refusal
  socket.end(`HTTP/1.1 ${status} ${REASON_PHRASES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** The `Origin` of a request that was never parsed; null where the part that came doesn't hold it. */
function originIn(packet: unknown): string | null {
  if (!(packet instanceof Uint8Array)) return null
  const head = new TextDecoder('latin1').decode(packet.subarray(0, MAX_HEAD)).toLowerCase()
  const at = head.indexOf('\r\norigin:')
  const end = head.indexOf('\r\n', at + 2)
  return at < 0 || end < 0 ? null : head.slice(at + '\r\norigin:'.length, end).trim()
}
