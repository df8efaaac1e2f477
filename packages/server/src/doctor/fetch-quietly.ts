/** One answer takes no longer. */
const TIMEOUT_MS = 8000
/** What is examined is small; whatever sends more is not ours. Bytes. */
const MOST_BYTES = 256 * 1024

export interface Fetched {
  status: number
  headers: Headers
  /** At most 256 KiB of it. */
  text: string
  /** When it came, in ms since the epoch of this machine. */
  at: number
}

export interface NotFetched {
  /** A word for why there is no answer: `ECONNREFUSED`, `no answer in 8 s`. */
  failure: string
  timedOut: boolean
}

export type Fetching = RequestInit & { timeoutMs?: number; signal: AbortSignal }

/** One request to a server that is being examined, bounded in time and size. Redirects are answers. */
export async function fetchQuietly(url: string, init: Fetching): Promise<Fetched | NotFetched> {
  const { timeoutMs = TIMEOUT_MS, signal, ...rest } = init
  const own = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, { redirect: 'manual', ...rest, signal: AbortSignal.any([own, signal]) })
    return {
      status: response.status,
      headers: response.headers,
      text: await beginningOf(response),
      at: Date.now(),
    }
  } catch (error) {
    if (signal.aborted) return { failure: 'the time for the whole examination is over', timedOut: true }
    if (own.aborted) return { failure: `no answer in ${timeoutMs / 1000} s`, timedOut: true }
    const cause = (error as { cause?: { code?: unknown } }).cause
    return {
      failure: typeof cause?.code === 'string' ? cause.code : 'the connection broke',
      timedOut: false,
    }
  }
}

async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    text += decoder.decode(chunk, { stream: true })
    if (size > MOST_BYTES) break // leaving the loop closes the connection
  }
  return text.slice(0, MOST_BYTES)
}

/** Whether an answer is a page for people: by its type, or by what it begins with. */
export const isPage = ({ headers, text }: Fetched): boolean =>
  /\bhtml\b/i.test(headers.get('content-type') ?? '') ||
  /^\s*<(!doctype|html|head|body)\b/i.test(text.slice(0, 500))

/** The JSON object in an answer, or null. */
export function jsonObject({ text }: Pick<Fetched, 'text'>): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
