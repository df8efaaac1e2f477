import { connectionFault, parseJson, readCapped, startDeadline } from '../net/limits.js'

/** For one response. */
const TIMEOUT_MS = 8000
/** The rest of a longer response is not read, unless the caller sets another limit. */
const MAX_BYTES = 256 * 1024

export interface Fetched {
  status: number
  headers: Headers
  bytes: Uint8Array
  text: string
  /** Whether the response was longer. */
  truncated: boolean
  /** When it came, in ms since the epoch by this machine's clock. */
  at: number
}

export interface NotFetched {
  /** `ECONNREFUSED`, `no response in 8 s`. */
  failure: string
  timedOut: boolean
}

export type Fetching = RequestInit & { timeoutMs?: number; maxBytes?: number; signal: AbortSignal }

/** Sends one request to a server under test, bounded in time and size. A redirect is a response, not followed. */
export async function fetchQuietly(url: string, init: Fetching): Promise<Fetched | NotFetched> {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, signal, ...rest } = init
  const deadline = startDeadline(timeoutMs, signal)
  try {
    const response = await fetch(url, { redirect: 'manual', ...rest, signal: deadline.signal })
    const { bytes, truncated } = await readCapped(response.body, maxBytes, deadline.signal)
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text: new TextDecoder().decode(bytes),
      truncated,
      at: Date.now(),
    }
  } catch (error) {
    if (deadline.expired) return { failure: `no response in ${timeoutMs / 1000} s`, timedOut: true }
    if (signal.aborted) return { failure: 'the doctor’s deadline passed', timedOut: true }
    return { failure: connectionFault(error), timedOut: false }
  } finally {
    deadline.clear()
  }
}

/** Whether a response is HTML, by its type or its beginning. */
export const isPage = ({ headers, text }: Fetched): boolean =>
  /\bhtml\b/i.test(headers.get('content-type') ?? '') ||
  /^\s*<(!doctype|html|head|body)\b/i.test(text.slice(0, 500))

/** The JSON object in a response, or null. */
export function jsonObject({ text }: Pick<Fetched, 'text'>): Readonly<Record<string, unknown>> | null {
  const value = parseJson(text)
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}
