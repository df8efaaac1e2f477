import { randomUUID } from 'node:crypto'
import { fetchQuietly, type Fetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import type { ServerFacts, ServerQuestion } from './server-question.js'

const found = findingsAbout('server')

/** Asks for a token without saying who asks. Any answer of the server's own shows whether it may be cached. */
export async function checkTokenAnswer({ url, origin, eventId }: ServerQuestion): Promise<ServerFacts> {
  const ask = () =>
    fetchQuietly(`${url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: origin ?? new URL(url).origin },
      body: JSON.stringify({ event_id: eventId ?? randomUUID() }),
    })
  const answers = [await ask(), await ask()]
  const failed = answers.find((answer) => 'failure' in answer)
  if (failed)
    return {
      findings: [
        found.fail(
          'endpoint-unreachable',
          `POST ${url}/token failed (${failed.failure})`,
          'Look at the proxy before the server.',
        ),
      ],
      token: null,
    }
  const [first, second] = answers as [Fetched, Fetched]
  return { findings: [caching(first, second), verdict(first, url)], token: tokenOf(first) }
}

function caching(first: Fetched, second: Fetched): Finding {
  const control = first.headers.get('cache-control') ?? ''
  const id = first.headers.get('x-request-id')
  const fault = [
    !/\bno-store\b/i.test(control) &&
      `Cache-Control is ${control ? `"${control.slice(0, 60)}"` : 'missing'} instead of no-store`,
    second.headers.has('age') && 'an Age header shows that it came from a cache',
    id !== null && id === second.headers.get('x-request-id') && 'two questions got the same answer',
    first.headers.has('etag') && 'it has an ETag',
  ].find((text) => typeof text === 'string')
  if (!fault) return found.ok('cache', 'token answers are not cached')
  return found.fail(
    'token-cached',
    `a token answer may be given to somebody else: ${fault}`,
    'Exclude the token path from caching in the proxy or CDN, and let its Cache-Control through.',
  )
}

function verdict({ status, text, headers }: Fetched, url: string): Finding {
  const code = codeOf(text)
  if (status === 200)
    return found.ok('token-endpoint', 'the server gives tokens to visitors it doesn’t know (guests)')
  switch (code) {
    case 'sign-in-required':
    case 'access-denied':
      return found.ok('token-endpoint', `POST /token works: it wants to know who asks (${code})`)
    case 'event-not-allowed':
      return found.warn(
        code,
        'the server’s list doesn’t hold this stream',
        'Add the id the page uses to CHAT_EVENTS, or give --event.',
      )
    case 'origin-not-allowed':
      return found.fail(
        code,
        'the server refuses this origin',
        'Add the page’s origin to CHAT_ALLOWED_ORIGINS.',
      )
    case null:
      return found.fail(
        'endpoint-bad-reply',
        `POST ${url}/token was answered ${status} (${headers.get('content-type') ?? 'no type'}): not by the token server`,
        'Look at the proxy: the path must reach the token server with its body.',
      )
    default:
      return found.fail(
        code,
        `POST ${url}/token was refused: ${code}`,
        'Look at the server’s log under the request id of the answer.',
      )
  }
}

function codeOf(text: string): string | null {
  try {
    const { code } = JSON.parse(text) as { code?: unknown }
    return typeof code === 'string' ? code : null
  } catch {
    return null
  }
}

function tokenOf({ status, text }: Fetched): string | null {
  if (status !== 200) return null
  try {
    const { token } = JSON.parse(text) as { token?: unknown }
    return typeof token === 'string' ? token : null
  } catch {
    return null
  }
}
