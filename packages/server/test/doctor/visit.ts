import { checkToken } from 'kinescope-chat/check-token'
import { WIRE_CODES } from 'kinescope-chat/contract'

export interface Visit {
  /** The token endpoint, as the page requests it. */
  tokenUrl: string
  /** The page's origin. */
  origin: string
  eventId: string
  /** The headers that the visitor's browser or page sends. */
  headers: Record<string, string>
  /** Origin of the chat pages. */
  chatOrigin: string
}

/**
 * The result for a visitor with a browser: the code that the element shows, the code of the chat page, or
 * `in as NAME`. Requests the real endpoint and the emulated chat page, as the element does.
 */
export async function visit({ tokenUrl, origin, eventId, headers, chatOrigin }: Visit): Promise<string> {
  if (new URL(tokenUrl).origin !== origin) {
    const preflight = await ask(tokenUrl, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    if (!preflight?.ok || preflight.headers.get('access-control-allow-origin') !== origin) {
      const why = await ask(tokenUrl, { headers: { origin } })
      const code = why?.headers.get('access-control-allow-origin') === '*' ? codeIn(await why.text()) : null
      return code ?? (preflight ? 'endpoint-unreachable (CORS)' : 'endpoint-unreachable')
    }
  }
  const answer = await ask(tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin, ...headers },
    body: JSON.stringify({ event_id: eventId }),
  })
  if (!answer) return 'endpoint-unreachable'
  const text = await answer.text()
  const token = tokenIn(text)
  if (!answer.ok || token === null) {
    const code = codeIn(text)
    if (code !== null) return code
    return answer.status === 404 ? 'endpoint-not-found' : 'endpoint-bad-reply'
  }
  const { fault, claims } = checkToken(token, { eventId })
  if (fault) return fault.code
  const page = await (await fetch(`${chatOrigin}/chat/${eventId}?token=${token}`)).text()
  const refused = /data-refused="([^"]+)"/.exec(page)?.[1]
  return refused ?? `in as ${claims.username}`
}

async function ask(url: string, init: RequestInit): Promise<Response | null> {
  try {
    return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(10_000), ...init })
  } catch {
    return null
  }
}

function member(text: string, name: string): string | null {
  try {
    const value = (JSON.parse(text) as Record<string, unknown>)[name]
    return typeof value === 'string' ? value : null
  } catch {
    return null
  }
}
const tokenIn = (text: string) => member(text, 'token')
function codeIn(text: string): string | null {
  const code = member(text, 'code')
  return WIRE_CODES.find((known) => known === code) ?? null
}
