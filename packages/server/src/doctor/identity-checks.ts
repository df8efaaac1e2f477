import { formatOf } from '../identity/credentials.js'
import { readField, userFrom } from '../identity/identity.js'
import { sourceOfKind, type IdentityConfig, type SourceConfig } from '../identity/identity-config.js'
import { fetchQuietly, isPage, jsonObject, type Fetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkSources } from './source-checks.js'
import { checkIdentityToken, checkTokenOf } from './identity-token-checks.js'
import type { Visitor } from './visitor.js'

const found = findingsAbout('identity')
/** Sources that know a visitor by a token alone, other than the site's own JWT. */
const TOKEN_SOURCES: SourceConfig['kind'][] = ['oidc', 'hmac', 'telegram', 'link']
/** As long as the server waits for the site. */
const PATIENCE_MS = 3000

export interface IdentityQuestion {
  identity: IdentityConfig
  visitor: Visitor | null
  eventId: string | undefined
  /** ms since the epoch */
  now: number
  signal: AbortSignal
}

export interface IdentityFacts {
  findings: Finding[]
  /** Whether the site knows the given visitor; null where that is unknown. */
  known: boolean | null
}

/** Asks who the visitor is, as the server does by its settings. */
export async function checkIdentity(question: IdentityQuestion): Promise<IdentityFacts> {
  const [sources, facts] = await Promise.all([
    checkSources(question.identity, question.signal),
    checkVisitor(question),
  ])
  // an unreachable key set is found by both
  const further = facts.findings.filter(({ code }) => !sources.some((finding) => finding.code === code))
  return { ...facts, findings: [...sources, ...further] }
}

async function checkVisitor(question: IdentityQuestion): Promise<IdentityFacts> {
  const { identity, visitor, eventId, now } = question
  const jwt = sourceOfKind(identity, 'jwt')
  const forward = sourceOfKind(identity, 'forward')
  const tokenSources = identity.filter(({ kind }) => TOKEN_SOURCES.includes(kind))
  if (visitor?.identityToken && tokenSources.length > 0) {
    const facts = await checkTokenOf(tokenSources, visitor, { eventId, signal: question.signal })
    // the site's own JWT may come after them
    if (facts.known || !jwt || formatOf(visitor.identityToken) !== 'jwt') return facts
  }
  if (jwt && visitor?.identityToken) {
    return checkIdentityToken(visitor.identityToken, { identity: jwt, eventId, now, signal: question.signal })
  }
  if (jwt?.cookie !== undefined && visitor?.by === 'cookie') {
    const facts = await checkTokenOf([jwt], visitor, { eventId, signal: question.signal })
    if (facts.known || !forward) return facts
  }
  return forward ? checkForward({ ...question, identity: forward }) : { findings: [], known: null }
}

type Forward = Extract<SourceConfig, { kind: 'forward' }>

async function checkForward({
  identity,
  visitor,
  eventId,
  signal,
}: Omit<IdentityQuestion, 'identity'> & { identity: Forward }): Promise<IdentityFacts> {
  const { url } = identity
  const answer = await fetchQuietly(url, {
    headers: {
      accept: 'application/json',
      'x-chat-event-id': encodeURIComponent(eventId ?? 'doctor'),
      // most visitors have some cookie, so the request without a visitor has one too
      ...(visitor?.headers ?? { cookie: 'kinescope-chat-doctor=1' }),
    },
    timeoutMs: PATIENCE_MS,
    signal,
  })
  if ('failure' in answer) {
    const [code, what] = answer.timedOut
      ? ['identity-hangs', 'hangs']
      : ['identity-unreachable', 'can’t be reached']
    return failed(
      code,
      `CHAT_IDENTITY_URL ${what}: ${url} (${answer.failure})`,
      'Every visitor gets identity-unavailable. Try the address from this machine with curl: name, port, firewall, certificate.',
    )
  }
  return foreign(answer, url, visitor) ?? ours(answer, identity, visitor)
}

const failed = (code: string, message: string, remediation: string): IdentityFacts => ({
  findings: [found.fail(code, message, remediation)],
  known: false,
})

/** Responses that don't identify a visitor. */
function foreign(answer: Fetched, url: string, visitor: Visitor | null): IdentityFacts | null {
  const { status, headers } = answer
  if (status === 301 || status === 308) {
    return failed(
      'identity-moved',
      `CHAT_IDENTITY_URL has moved (${status}): ${url} points to ${target(headers)}`,
      'Set CHAT_IDENTITY_URL to the new address. The server follows no redirects, so that the cookie goes nowhere else.',
    )
  }
  if (status >= 300 && status < 400) {
    if (!visitor) return signedOut(`a redirect (${status}), which counts as not signed in`)
    return failed(
      'identity-redirects',
      `CHAT_IDENTITY_URL redirects the given visitor (${status} to ${target(headers)}), as if they weren’t signed in`,
      'Check that the cookie is valid. If it is, use an address that returns JSON: an address for pages redirects to the sign-in form.',
    )
  }
  if (!isPage(answer)) return null
  if (headers.has('cf-mitigated') || [403, 429, 503].includes(status)) {
    return failed(
      'identity-challenge',
      `CHAT_IDENTITY_URL returns a challenge or block page (${status}, HTML): an intermediary takes the token server for a bot`,
      `Let the token server's address pass at the CDN or firewall before ${new URL(url).host}, or use the site's internal address.`,
    )
  }
  return failed(
    'identity-answers-html',
    `CHAT_IDENTITY_URL returns a page (${status}, HTML), not JSON: ${url}`,
    'Set it to an address that returns JSON such as {"id":"42","name":"Anna"}, and 401 to signed-out visitors.',
  )
}

function ours(answer: Fetched, identity: Forward, visitor: Visitor | null): IdentityFacts {
  const { status } = answer
  const { url, idField, nameField } = identity
  if (status === 401 || status === 204) {
    if (!visitor) return signedOut(String(status))
    return failed(
      'visitor-unknown',
      `the site doesn’t know the given visitor: CHAT_IDENTITY_URL returns ${status}`,
      'Sign in again and copy the cookie again. If a browser with it is signed in, the address reads another cookie.',
    )
  }
  if (status === 403) {
    if (!visitor) return signedOut('403')
    return failed(
      'access-denied',
      'the site rejects the given visitor: CHAT_IDENTITY_URL returns 403',
      'Ask the site why: 403 means known, but not allowed into this chat.',
    )
  }
  if (status !== 200) {
    return failed(
      status === 404 ? 'identity-not-found' : 'identity-fails',
      `CHAT_IDENTITY_URL returns ${status}: ${url}`,
      'Every visitor gets identity-unavailable. Check the address, and the site’s own log.',
    )
  }
  const value = jsonObject(answer)
  if (!value) {
    return failed(
      'identity-not-json',
      answer.truncated
        ? 'CHAT_IDENTITY_URL returns more than 256 KiB'
        : `CHAT_IDENTITY_URL returns 200 without a JSON object (${answer.headers.get('content-type') ?? 'no type'})`,
      'It must return an object such as {"id":"42","name":"Anna"}.',
    )
  }
  const who = userFrom(readField(value, idField), readField(value, nameField))
  const isVisitor = 'user' in who
  if (!visitor) {
    if (!isVisitor) return signedOut(`200 without ${idField}`)
    return failed(
      'identity-anyone',
      'CHAT_IDENTITY_URL returns a visitor for a request without a session: all signed-out visitors would be that one',
      'It must return 401 for a request without a session.',
    )
  }
  if (!isVisitor) {
    const names = Object.keys(value).slice(0, 12).join(', ')
    return failed(
      'identity-no-id',
      `CHAT_IDENTITY_URL returns no id in "${idField}"; it has: ${names || 'nothing'}`,
      'Write the dotted path of the id into CHAT_IDENTITY_ID_FIELD, such as data.user.id.',
    )
  }
  const hasName = who.user.name.trim() !== ''
  return {
    findings: [
      found.ok('identity', 'the site knows the given visitor'),
      ...(hasName
        ? []
        : [
            found.warn(
              'identity-no-name',
              `CHAT_IDENTITY_URL returns no name in "${nameField}": the chat shows a placeholder`,
              'Write the dotted path of the name into CHAT_IDENTITY_NAME_FIELD.',
            ),
          ]),
    ],
    known: true,
  }
}

const signedOut = (how: string): IdentityFacts => ({
  findings: [found.ok('identity-url', `CHAT_IDENTITY_URL returns for a signed-out visitor: ${how}`)],
  known: null,
})

/** Where a redirect leads, without a query: it may hold anything. */
function target(headers: Headers): string {
  const location = headers.get('location') ?? 'nowhere'
  return location.replace(/[?#].*$/s, '').slice(0, 200)
}
