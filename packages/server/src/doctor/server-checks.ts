import { randomUUID } from 'node:crypto'
import { fetchQuietly, type Fetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { addressesOf, isPrivateAddress } from './private-address.js'

export interface ServerQuestion {
  /** The token server's address, such as `https://chat.example.com`. */
  url: string
  /** The page's origin. */
  origin: string | undefined
  eventId: string | undefined
  /** Finds the addresses of a host name; replaced in tests. */
  resolve?: (hostname: string) => Promise<string[]>
}

export interface ServerFacts {
  findings: Finding[]
  /** A token the server gave without being told who asks: guests. */
  token: string | null
}

const found = findingsAbout('server')

/** Looks at a running token server from outside, as a browser on `origin` would. */
export async function checkServer(question: ServerQuestion): Promise<ServerFacts> {
  const { url, origin } = question
  const ready = await fetchQuietly(`${url}/readyz`)
  if ('failure' in ready) {
    const cure = 'Check that the server runs, its address, TLS certificate, and the proxy before it.'
    return {
      findings: [found.fail('endpoint-unreachable', `${url} can’t be reached (${ready.failure})`, cure)],
      token: null,
    }
  }
  const { findings: asked, token } = await checkToken(question)
  return {
    findings: [
      readiness(ready, url),
      ...transport(url, origin),
      ...(await checkAddress(question)),
      ...(origin === undefined || new URL(url).origin === origin ? [] : [await checkPreflight(url, origin)]),
      ...asked,
      await checkScript(url),
    ],
    token,
  }
}

function readiness({ status }: Fetched, url: string): Finding {
  if (status === 200) return found.ok('ready', `${url} is ready to sign`)
  if (status === 503)
    return found.fail(
      'key-unavailable',
      `${url} runs, but has no usable key (readyz 503)`,
      `Look at ${url}/readyz: it names what is missing.`,
    )
  return found.fail(
    'endpoint-not-found',
    `${url}/readyz was answered ${status}: this is not the token server, or its path is another`,
    'Give --url with CHAT_BASE_PATH, such as https://www.example.com/chat.',
  )
}

function transport(url: string, origin: string | undefined): Finding[] {
  if (!url.startsWith('http:') || isLocalName(new URL(url).hostname)) return []
  const why = origin?.startsWith('https:')
    ? 'a page served over https may not call it'
    : 'tokens and cookies travel in the open'
  return [found.fail('insecure', `${url} is not https: ${why}`, 'Put it behind a proxy with a certificate.')]
}

/** Chrome asks the visitor before a public page may reach into a local network, and may refuse without asking. */
async function checkAddress({ url, origin, resolve = addressesOf }: ServerQuestion): Promise<Finding[]> {
  if (origin === undefined) return []
  const [ours, theirs] = await Promise.all([url, origin].map((address) => resolve(new URL(address).hostname)))
  if (!ours!.some(isPrivateAddress) || theirs!.some(isPrivateAddress) || theirs!.length === 0) return []
  return [
    found.fail(
      'private-address',
      `${new URL(url).hostname} is an address of a local network (${ours!.find(isPrivateAddress)}), ${origin} is public: browsers hinder such calls`,
      'Give the token server a public address, or put it behind the site’s own proxy with CHAT_BASE_PATH.',
    ),
  ]
}

async function checkPreflight(url: string, origin: string): Promise<Finding> {
  const answer = await fetchQuietly(`${url}/token`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  })
  if ('failure' in answer)
    return found.fail(
      'endpoint-unreachable',
      `OPTIONS ${url}/token failed (${answer.failure})`,
      'Look at the proxy before the server.',
    )
  const fault = corsFault(answer.headers, origin)
  if (!fault) return found.ok('cors', `pages of ${origin} may ask for tokens`)
  return found.fail(
    'origin-not-allowed',
    `a page of ${origin} may not ask for a token: ${fault}`,
    `Add ${origin} to CHAT_ALLOWED_ORIGINS; if it is there, a proxy answers OPTIONS itself or drops headers.`,
  )
}

function corsFault(headers: Headers, origin: string): string | null {
  const allowed = headers.get('access-control-allow-origin')
  if (allowed === null) return 'Access-Control-Allow-Origin is missing'
  if (allowed !== origin) return `Access-Control-Allow-Origin is ${allowed.slice(0, 100)}`
  if (headers.get('access-control-allow-credentials') !== 'true')
    return 'Access-Control-Allow-Credentials is not true'
  return null
}

/** Asks for a token without saying who asks. Any answer of the server's own shows whether it may be cached. */
async function checkToken({ url, origin, eventId }: ServerQuestion): Promise<ServerFacts> {
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

async function checkScript(url: string): Promise<Finding> {
  const answer = await fetchQuietly(`${url}/kinescope-chat.js`)
  const good =
    !('failure' in answer) &&
    answer.status === 200 &&
    /javascript/.test(answer.headers.get('content-type') ?? '') &&
    answer.headers.get('access-control-allow-origin') === '*'
  return good
    ? found.ok('script', 'the element’s script can be loaded from any page')
    : found.fail(
        'script',
        `${url}/kinescope-chat.js can’t be loaded by pages`,
        'It must be answered 200 as JavaScript, with Access-Control-Allow-Origin: *; look at the proxy.',
      )
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

const isLocalName = (hostname: string) =>
  hostname === 'localhost' || isPrivateAddress(hostname.replace(/^\[|\]$/g, ''))
