import { readField, userFrom, type IdentityAnswer, type IdentitySource } from './identity.js'

/** The visitor waits for this: past three seconds the element's own retry is the better answer. */
const TIMEOUT_MS = 3000
/** A who-is-it answer that needs more is a page. */
const MAX_ANSWER_BYTES = 256 * 1024

export interface ForwardOptions {
  /** Who-is-it address of the site. Fixed: nothing a visitor sends can change where their cookie goes. */
  url: string
  /** Dotted path of the id in the answer. */
  idField?: string
  nameField?: string
  timeoutMs?: number
  fetch?: typeof fetch
}

/** Asks the site: the visitor's own cookie and `Authorization` go to one fixed address, and nowhere else. */
export function forwardIdentity(options: ForwardOptions): IdentitySource {
  const {
    url,
    idField = 'id',
    nameField = 'name',
    timeoutMs = TIMEOUT_MS,
    fetch = globalThis.fetch,
  } = options

  return async (call, eventId) => {
    const headers = new Headers({
      Accept: 'application/json',
      'X-Chat-Event-Id': encodeURIComponent(eventId),
    })
    for (const name of ['cookie', 'authorization']) {
      const value = call.header(name)
      if (value) headers.set(name, value)
    }
    if (!headers.has('cookie') && !headers.has('authorization')) {
      return {
        refused: 'sign-in-required',
        reason: 'no-credentials',
        detail:
          'Neither a cookie nor an Authorization header reached the token server. A cookie of another host or site does not: ' +
          "put the server under a path of the site, or give the element a signed 'identity'.",
      }
    }
    // sessions that are bound to a browser compare this with what they saw at sign-in
    const userAgent = call.header('user-agent')
    if (userAgent) headers.set('user-agent', userAgent)

    try {
      // 'manual': a redirect leads to a sign-in page, and must not carry the cookie anywhere
      const response = await fetch(url, {
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const body = await readText(response)
      return judge(response.status, body)
    } catch (cause) {
      const timedOut = cause instanceof DOMException && cause.name === 'TimeoutError'
      return { refused: 'identity-unavailable', reason: timedOut ? 'timeout' : 'unreachable', cause }
    }
  }

  function judge(status: number, body: string | null): IdentityAnswer {
    if (status === 403) return { refused: 'access-denied', reason: 'site-says-403' }
    if (status === 401 || status === 204 || (status >= 300 && status < 400)) {
      return { refused: 'sign-in-required', reason: `site-says-${status}` }
    }
    if (status !== 200) return { refused: 'identity-unavailable', reason: `site-says-${status}` }
    const value = body === null ? undefined : parse(body)
    if (value === undefined) return { refused: 'identity-unavailable', reason: 'not-json' }
    return userFrom(readField(value, idField), readField(value, nameField))
  }
}

async function readText(response: Response): Promise<string | null> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) return null
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
