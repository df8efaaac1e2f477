import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJson, startDeadline } from '../net/limits.js'
import type { PlannedRequest } from './plan.js'
import type { RequestResult, ServerFacts } from './verdict.js'

export interface RehearsalTarget extends ServerFacts {
  /** The token endpoint. */
  tokenUrl: URL
  /** The page's origin, as a browser sends it. */
  origin: string
  /** The stream that only a rehearsal may request. */
  eventId: string
  /** The header that proves to the server that its own operator sends the request, for a simulated address. */
  proofFor: (address: string) => Promise<string>
  /** The headers of the visitors, used alternately: a cookie or an identity token. Empty: a guest. */
  visitors: readonly Readonly<Record<string, string>>[]
  /** The configured lifetime of a token, in seconds. */
  tokenTtl: number
}

/** Connections at once from this machine, whose ports and memory are limited. */
export const MAX_IN_FLIGHT = 10_000
/** As long as the element waits for a token. */
const TIMEOUT_MS = 10_000
const MAX_ATTEMPTS = 3
/** The element waits as long as `Retry-After` says; a rehearsal must end sooner. */
const MAX_RETRY_AFTER_MS = 10_000
const MAX_REPLY_BYTES = 16_384
/** A token with less than this share of its configured lifetime expires with its key. */
const SHORT = 0.9
/** The delay after a broken connection, before the viewer's next attempt. */
const RECONNECT_MS = 1_000

interface Reply {
  outcome: string
  shortLived: boolean
  retryAfterMs: number
  steps: Record<string, number>
}

/**
 * Sends a request like a viewer's browser: over its own connection, again after `Retry-After`, three times at most.
 * Never rejects; an aborted one counts as `aborted`.
 */
export async function sendPlanned(
  { kind, viewer, breaksAfterMs, atMs }: PlannedRequest,
  target: RehearsalTarget,
  signal: AbortSignal,
): Promise<RequestResult> {
  // a browser makes no proof, so its time isn't measured
  const proof = await target.proofFor(addressOf(viewer))
  const started = performance.now()
  const rejected: string[] = []
  let reply: Reply = { outcome: 'aborted', shortLived: false, retryAfterMs: 0, steps: {} }
  if (breaksAfterMs !== null) {
    await post(target, viewer, proof, breaksAfterMs, signal)
    await pause(RECONNECT_MS, signal)
  }
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && !signal.aborted; attempt++) {
    reply = await post(target, viewer, proof, TIMEOUT_MS, signal)
    const again = ['overloaded', 'rate-limited', 'identity-unavailable', 'key-unavailable'].includes(
      reply.outcome,
    )
    if (!again || attempt === MAX_ATTEMPTS) break
    rejected.push(reply.outcome)
    await pause(Math.min(reply.retryAfterMs, MAX_RETRY_AFTER_MS), signal)
  }
  const { outcome, shortLived, steps } = reply
  return { kind, atMs, tookMs: performance.now() - started, outcome, shortLived, rejected, steps }
}

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => undefined)

function post(
  target: RehearsalTarget,
  viewer: number,
  proof: string,
  ms: number,
  signal: AbortSignal,
): Promise<Reply> {
  const { tokenUrl, origin, eventId, visitors } = target
  const body = JSON.stringify({ event_id: eventId })
  const deadline = startDeadline(ms, signal)
  const send = tokenUrl.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise<Reply>((resolve) => {
    const end = (outcome: string, more: Partial<Reply> = {}) => {
      deadline.clear()
      resolve({ outcome, shortLived: false, retryAfterMs: 1_000, steps: {}, ...more })
    }
    const request = send(
      tokenUrl,
      {
        method: 'POST',
        agent: false,
        signal: deadline.signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          origin,
          'x-chat-rehearsal': proof,
          ...(visitors[viewer % Math.max(visitors.length, 1)] ?? {}),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_REPLY_BYTES) response.destroy(new Error('too long'))
          else chunks.push(chunk)
        })
        response.on('error', () => end(deadline.expired ? 'timeout' : 'connection'))
        response.on('end', () => {
          const { 'retry-after': retryAfter, 'server-timing': timing } = response.headers
          const seconds = Number(retryAfter)
          const { outcome, expiresIn } = readReply(
            response.statusCode!,
            Buffer.concat(chunks).toString('utf8'),
          )
          end(outcome, {
            shortLived: expiresIn !== null && expiresIn < SHORT * target.tokenTtl,
            retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 1_000,
            steps: readServerTiming(timing),
          })
        })
      },
    )
    request.on('error', () => end(signal.aborted ? 'aborted' : deadline.expired ? 'timeout' : 'connection'))
    request.end(body)
  })
}

/** Reads the code of a reply and the seconds until its token expires. The token itself is never kept. */
export function readReply(status: number, text: string): { outcome: string; expiresIn: number | null } {
  const { token, code, expires_in: seconds } = Object(parseJson(text)) as Record<string, unknown>
  if (status === 200 && typeof token === 'string')
    return { outcome: 'ok', expiresIn: typeof seconds === 'number' ? seconds : null }
  const known = typeof code === 'string' && /^[a-z-]{3,40}$/.test(code)
  return { outcome: known ? code : 'unexpected', expiresIn: null }
}

/** Reads `identity;dur=12.5, signing;dur=3` as milliseconds by name. */
function readServerTiming(header: string | string[] | undefined): Record<string, number> {
  const steps: Record<string, number> = {}
  for (const [, name, ms] of String(header ?? '').matchAll(/([a-z-]{1,20});dur=(\d+(?:\.\d+)?)/g))
    steps[name!] = Number(ms)
  return steps
}

/** One address per viewer, in the block that is reserved for benchmarks (RFC 2544); the same in each request. */
export const addressOf = (viewer: number): string =>
  `198.${18 + ((viewer >> 16) & 1)}.${(viewer >> 8) & 255}.${viewer & 255}`
