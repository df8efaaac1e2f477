import type { ServerFacts, ServerQuestion } from './server-question.js'
import { fetchQuietly, type Fetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkTokenAnswer } from './token-answer-checks.js'
import { addressesOf, isPrivateAddress } from './private-address.js'

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
  const { findings: asked, token } = await checkTokenAnswer(question)
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

const isLocalName = (hostname: string) =>
  hostname === 'localhost' || isPrivateAddress(hostname.replace(/^\[|\]$/g, ''))
