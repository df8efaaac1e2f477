const TIMEOUT_MS = 10_000

export interface Fetched {
  status: number
  headers: Headers
  text: string
}

/** One request to a server that is being examined: an answer, or a word for why there is none. Redirects are answers. */
export async function fetchQuietly(
  url: string,
  init: RequestInit = {},
): Promise<Fetched | { failure: string }> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...init,
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  } catch (error) {
    const cause = (error as { cause?: { code?: unknown } }).cause
    if (error instanceof Error && error.name === 'TimeoutError')
      return { failure: `no answer in ${TIMEOUT_MS / 1000} s` }
    return { failure: typeof cause?.code === 'string' ? cause.code : 'the connection broke' }
  }
}
