import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { WireCode } from 'kinescope-chat/contract'
import { ORIGIN_DETAILS } from '../endpoint/origin.js'
import { isLoopbackHost, isPrivateAddress } from '../net/addresses.js'
import { checkCors } from './cors-checks.js'
import { fetchQuietly, type Fetched, type NotFetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkReadiness } from './readiness-checks.js'
import {
  type ServerFacts,
  type ServerQuestion,
  askForToken,
  detailOf,
  isTokenEndpoint,
  namedCodeOf,
  tokenOf,
} from './token-ask.js'
import { checkTokenAnswers } from './token-answer-checks.js'

const found = findingsAbout('server')

/** Checks a running token server from outside, as a browser on `origin` would use it. */
export async function checkServer(given: ServerQuestion): Promise<ServerFacts> {
  const { url, tokenUrl, origin, signal } = given
  const before = transport(tokenUrl, origin)
  const asked = await askForToken({ ...given, eventId: given.eventIds[0] ?? given.eventId }, null)
  if ('failure' in asked) {
    return { findings: [...before, unreachable(tokenUrl, asked)], token: null, acceptedIds: [] }
  }
  if (!isTokenEndpoint(asked)) {
    return { findings: [...before, await wrongAddress(given, asked)], token: null, acceptedIds: [] }
  }
  if (detailOf(asked) === ORIGIN_DETAILS['no-origin']) {
    return { findings: [...before, originLost(tokenUrl)], token: null, acceptedIds: [] }
  }
  const { acceptedIds, rejectedIds, answer } = await askByEachId(given, asked)
  const question = { ...given, eventId: acceptedIds[0] ?? given.eventIds[0] ?? given.eventId }
  const isCrossOrigin = origin !== undefined && new URL(tokenUrl).origin !== origin
  // at once: a server that takes seconds for each response would use up the doctor's time
  const [{ findings, token }, ready, address, cors, script] = await Promise.all([
    checkTokenAnswers(question, answer),
    url === null ? [] : checkReadiness(url, signal),
    checkAddress(question),
    isCrossOrigin ? checkCors(question, answer) : [],
    url === null ? [] : checkScript(url, signal),
  ])
  return {
    findings: [
      ...before,
      ...ready,
      ...address,
      ...cors,
      ...idFinding(acceptedIds, rejectedIds),
      // the preflight has found it too
      ...findings.filter(({ code }) => code !== 'origin-not-allowed' || !cors.some((f) => f.code === code)),
      ...[script].flat(),
    ],
    token,
    acceptedIds,
  }
}

/** Requests a token by each id of the stream: which one a server lists can't be seen otherwise. */
async function askByEachId(question: ServerQuestion, first: Fetched) {
  const answers: { eventId: string; answer: Fetched; verdict: 'accepted' | 'rejected' | 'unknown' }[] = []
  for (const [index, eventId] of question.eventIds.entries()) {
    const answer = index === 0 ? first : await askForToken({ ...question, eventId }, null)
    if ('failure' in answer || !isTokenEndpoint(answer)) continue
    answers.push({ eventId, answer, verdict: idVerdict(answer) })
  }
  const withVerdict = (wanted: string) => answers.filter(({ verdict }) => verdict === wanted)
  const idsWith = (wanted: string) => withVerdict(wanted).map(({ eventId }) => eventId)
  const [best] = [...withVerdict('accepted'), ...withVerdict('unknown')]
  return {
    acceptedIds: idsWith('accepted'),
    rejectedIds: idsWith('rejected'),
    answer: best?.answer ?? first,
  }
}

/** The codes of a request whose stream was accepted before: a visitor and a key count after it. */
const AFTER_STREAM: ReadonlySet<WireCode | null> = new Set<WireCode>([
  'sign-in-required',
  'name-required',
  'access-denied',
  'identity-expired',
  'identity-unavailable',
  'key-unavailable',
  'key-not-registered',
  'key-expired',
])

/** Whether the server accepts the stream's id. Unknown where the request was rejected before. */
function idVerdict(answer: Fetched): 'accepted' | 'rejected' | 'unknown' {
  const code = namedCodeOf(answer)
  if (code === 'event-not-allowed' || code === 'event-not-found') return 'rejected'
  return tokenOf(answer) !== null || AFTER_STREAM.has(code) ? 'accepted' : 'unknown'
}

function idFinding(acceptedIds: readonly string[], rejected: readonly string[]): Finding[] {
  if (acceptedIds.length === 0) return []
  const not = rejected.length === 0 ? '' : `, not ${rejected.join(' or ')}`
  return [found.ok('event-id', `the page must use event-id="${acceptedIds.join('" or "')}"${not}`)]
}

function unreachable(tokenUrl: string, { failure }: NotFetched): Finding {
  return found.fail(
    'endpoint-unreachable',
    `${tokenUrl} can’t be reached (${failure})`,
    'Check that the server runs, its address, its TLS certificate, and the proxy in front.',
  )
}

const originLost = (tokenUrl: string): Finding =>
  found.fail(
    'origin-lost',
    `the page’s Origin header doesn’t reach the token server: it gets requests to ${tokenUrl} without Origin and Sec-Fetch-Site`,
    'Let the proxy pass both headers on unchanged.',
  )

/** Something else answers: a page, a proxy, another program. Names the endpoint's address where it is close by. */
async function wrongAddress(question: ServerQuestion, { status, headers }: Fetched): Promise<Finding> {
  const { tokenUrl } = question
  const type = headers.get('content-type') ?? 'no type'
  const location = headers.get('location')
  if (status >= 300 && status < 400 && location !== null) {
    return found.fail(
      'endpoint-bad-reply',
      `POST ${tokenUrl} is redirected (${status}) to ${location.replace(/[?#].*$/s, '')}: the element follows no redirect`,
      'Use the address it leads to, or exempt the token path from the redirect.',
    )
  }
  const near = await nearby(question)
  if (near !== null) {
    return found.fail(
      'endpoint-not-found',
      `POST ${tokenUrl} returned ${status} (${type}); the token endpoint is at ${near}`,
      `Use that address: \`--url ${near.replace(/\/token$/, '')}\`, and on the page the script from there. CHAT_BASE_PATH and the proxy’s path must be the same.`,
    )
  }
  if (status === 404 || status === 405) {
    return found.fail(
      'endpoint-not-found',
      `POST ${tokenUrl} returned ${status} (${type}): the token endpoint isn’t there`,
      'Give --url with CHAT_BASE_PATH, such as https://www.example.com/chat; or --token-url with the address of a route inside an app.',
    )
  }
  return found.fail(
    'endpoint-bad-reply',
    `POST ${tokenUrl} returned ${status} (${type}): not by the token server`,
    status >= 500
      ? 'The proxy answers instead. Check that the token server runs, and the proxy’s upstream address.'
      : 'Check the proxy, the firewall or the sign-in page in front: requests must reach the token server with their body.',
  )
}

async function nearby(question: ServerQuestion): Promise<string | null> {
  const { origin, pathname } = new URL(question.tokenUrl)
  const parents = pathname.split('/').slice(1, -1)
  const bases = [...parents.map((_, count) => `/${parents.slice(0, count).join('/')}`), '/chat', '']
  const candidates = [...new Set(bases.map((base) => `${origin}${base.replace(/\/$/, '')}/token`))]
  for (const tokenUrl of candidates.filter((candidate) => candidate !== question.tokenUrl).slice(0, 4)) {
    const answer = await askForToken({ ...question, tokenUrl }, null)
    if (!('failure' in answer) && isTokenEndpoint(answer)) return tokenUrl
  }
  return null
}

function transport(tokenUrl: string, origin: string | undefined): Finding[] {
  const { protocol, hostname } = new URL(tokenUrl)
  if (protocol !== 'http:' || isLoopbackHost(hostname)) return []
  const isSecurePage = origin?.startsWith('https:')
  if (isPrivateAddress(hostname) && !isSecurePage) return []
  const why = isSecurePage
    ? 'a page served over https may not call it'
    : 'tokens and cookies are sent unencrypted'
  return [
    found.fail('insecure', `${tokenUrl} is not https: ${why}`, 'Put it behind a proxy with a certificate.'),
  ]
}

/** Chrome asks the visitor before a public page may reach into a local network, and may refuse without asking. */
async function checkAddress({ tokenUrl, origin, resolve = addressesOf }: ServerQuestion): Promise<Finding[]> {
  if (origin === undefined) return []
  const [ours, theirs] = await Promise.all(
    [tokenUrl, origin].map((address) => resolve(new URL(address).hostname)),
  )
  if (!ours!.some(isPrivateAddress) || theirs!.some(isPrivateAddress) || theirs!.length === 0) return []
  return [
    found.fail(
      'private-address',
      `${new URL(tokenUrl).hostname} is an address of a local network (${ours!.find(isPrivateAddress)}), ${origin} is public: browsers block such requests`,
      'Give the token server a public address, or put it behind the site’s own proxy with CHAT_BASE_PATH.',
    ),
  ]
}

/** The addresses of a host name; empty where it has none. */
async function addressesOf(hostname: string): Promise<string[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  if (isIP(bare)) return [bare]
  try {
    return (await lookup(bare, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}

async function checkScript(url: string, signal: AbortSignal): Promise<Finding> {
  const answer = await fetchQuietly(`${url}/kinescope-chat.js`, { signal })
  const status = 'failure' in answer ? answer.failure : answer.status
  if (status === 404) {
    return found.ok(
      'script-elsewhere',
      `${url} has no /kinescope-chat.js: the page takes the element from elsewhere`,
    )
  }
  const good =
    !('failure' in answer) && status === 200 && /javascript/.test(answer.headers.get('content-type') ?? '')
  // which headers it needs depends on the page's tag
  return good
    ? found.ok('script', 'the element’s script can be loaded')
    : found.fail(
        'script',
        `${url}/kinescope-chat.js can’t be loaded by pages (${status})`,
        'It must return 200 as JavaScript. Check the proxy.',
      )
}
