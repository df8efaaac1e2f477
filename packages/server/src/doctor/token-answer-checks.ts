import { checkToken } from 'kinescope-chat/check-token'
import type { WireCode } from 'kinescope-chat/contract'
import { GUEST_COOKIE, GUEST_ID_PREFIX } from '../identity/guest.js'
import { PROBLEMS } from '../endpoint/refusal.js'
import type { Fetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import {
  type ServerFacts,
  type ServerQuestion,
  askForToken,
  detailOf,
  requestIdOf,
  tokenOf,
  wireCodeOf,
} from './token-ask.js'

const found = findingsAbout('server')
type TokenFacts = Pick<ServerFacts, 'findings' | 'token'>
/** Beyond this a token's times are wrong where it matters. ms */
const CLOCK_MS = 30_000

/** Checks the response to an unknown visitor, and to a signed-in one where there is one. */
export async function checkTokenAnswers(question: ServerQuestion, anonymous: Fetched): Promise<TokenFacts> {
  const again = await askForToken(question, null)
  const findings = [
    'failure' in again ? lost(question, again.failure) : caching(anonymous, again),
    ...clock(anonymous, question.aheadMs),
  ]
  const guestToken = tokenOf(anonymous)
  const code = wireCodeOf(anonymous)
  // any other rejection comes before the visitor counts
  const isAboutVisitor =
    code === null || ['sign-in-required', 'name-required', 'access-denied'].includes(code)
  const asked = isAboutVisitor ? await asVisitor(question, anonymous) : { findings: [], token: null }
  return {
    findings: [...findings, withoutVisitor(question, anonymous, asked.token !== null), ...asked.findings],
    token: asked.token ?? guestToken,
  }
}

/** The response to a request without a visitor's credentials. */
function withoutVisitor(question: ServerQuestion, answer: Fetched, visitorGetsIn: boolean): Finding {
  const code = wireCodeOf(answer)
  switch (code) {
    case null:
      return found.ok('token-endpoint', 'the server gives tokens to visitors it doesn’t know (guests)')
    case 'sign-in-required':
      return found.ok('token-endpoint', `${question.tokenUrl} works: it requires sign-in`)
    case 'access-denied':
      return {
        ...found[visitorGetsIn ? 'warn' : 'fail'](
          code,
          'a visitor who isn’t signed in gets access-denied, not sign-in-required',
          'Let the site return 401 to them. If a firewall in front returns 403, exempt the token path.',
        ),
        ...requestIdOf(answer),
      }
    default:
      return refusal(code, answer, question)
  }
}

function credentialsWanted(identity: ServerQuestion['identity']): string {
  if (identity?.[0] === 'jwt')
    return 'Give an identity token as the site signs it: `--identity-token-file FILE`.'
  const wanted =
    'Give the cookies of a browser that is signed in at the site: `--cookie-file FILE`; or an identity token: `--identity-token-file FILE`.'
  return identity
    ? wanted
    : `${wanted} If all visitors are guests, run the doctor with the server’s settings (CHAT_…).`
}

async function asVisitor(question: ServerQuestion, anonymous: Fetched): Promise<TokenFacts> {
  const { visitor, tokenUrl, identity } = question
  if (!visitor) {
    // all its visitors are guests
    if (identity?.every((kind) => kind === 'guest')) return { findings: [], token: null }
    return {
      findings: [
        found.skip(
          'visitor-not-tried',
          'it was not checked whether a signed-in visitor gets a token',
          credentialsWanted(identity),
        ),
      ],
      token: null,
    }
  }
  const answer = await askForToken(question, visitor)
  if ('failure' in answer) return { findings: [lost(question, answer.failure)], token: null }
  if (isGuest(answer)) return { findings: [unknown(question, anonymous, answer)], token: null }
  const token = tokenOf(answer)
  if (token !== null) {
    return { findings: [found.ok('visitor', 'the given visitor gets a token')], token }
  }
  const code = wireCodeOf(answer)
  if (code === null) {
    const text = `POST ${tokenUrl} with the visitor’s ${visitor.by} returned ${answer.status}, not from the token server`
    return {
      findings: [found.fail('endpoint-bad-reply', text, 'Check the proxy in front of the server.')],
      token: null,
    }
  }
  if (code === 'sign-in-required') return { findings: [unknown(question, anonymous, answer)], token: null }
  return { findings: [refusal(code, answer, question)], token: null }
}

/** Whether the response is for a guest. Behind a pseudonym, a new guest's cookie shows it. */
function isGuest(answer: Fetched): boolean {
  const token = tokenOf(answer)
  if (token === null) return wireCodeOf(answer) === 'name-required'
  const userId = checkToken(token).claims?.user_id
  return (
    (typeof userId === 'string' && userId.startsWith(GUEST_ID_PREFIX)) ||
    answer.headers.getSetCookie().some((cookie) => cookie.startsWith(`${GUEST_COOKIE}=`))
  )
}

/** The operator gave a signed-in visitor, and the server doesn't know them: `sign-in-required`, or it takes them for a guest. */
function unknown(
  { visitor, visitorKnown, identity }: ServerQuestion,
  anonymous: Fetched,
  answer: Fetched,
): Finding {
  const what = visitor!.by
  const id = requestIdOf(answer)
  const outcome = isGuest(answer)
    ? 'takes the given visitor for a guest'
    : 'doesn’t know the given visitor (sign-in-required)'
  // the endpoint's detail for a request without credentials is another
  const detail = detailOf(answer) ?? ''
  const arrived = !isGuest(answer) && detail !== (detailOf(anonymous) ?? '')
  if (!arrived && (visitorKnown === true || (visitorKnown === null && identity?.[0] === 'forward'))) {
    // only `forward` has a detail that tells a lost credential from a rejected one
    const [orElse, restart] =
      identity?.[0] === 'forward'
        ? ['', '']
        : [
            ', or the server runs with other settings than here',
            ' If it does, restart the server with the settings here.',
          ]
    return {
      ...found.fail(
        `${what}-lost`,
        `the visitor’s ${what} doesn’t reach the token server${orElse}`,
        what === 'cookie'
          ? `Let the proxy pass the Cookie header on the token path.${restart} On another host than the site’s, the browser sends none. Put the server under a path of the site (CHAT_BASE_PATH).`
          : `Let the proxy pass the Authorization header on the token path.${restart}`,
      ),
      ...id,
    }
  }
  return {
    ...found.fail(
      'visitor-unknown',
      `the server ${outcome}${arrived ? '' : `, or their ${what} doesn’t reach it`}`,
      arrived && detail !== PROBLEMS['sign-in-required'].detail
        ? detail.slice(0, 300)
        : visitorKnown === true
          ? 'With the settings here, the visitor is known. Restart the server with these settings. Its log has the reason under the request id.'
          : `Check that the ${what} is valid and that the proxy passes it on. The server’s log has the reason under the request id. Run the doctor with the server’s settings (CHAT_IDENTITY…) to compare them.`,
    ),
    ...id,
  }
}

function refusal(code: WireCode, answer: Fetched, { eventId, origin }: ServerQuestion): Finding {
  const id = requestIdOf(answer)
  const make = (
    message: string,
    remediation: string,
    status: 'fail' | 'warn' | 'skip' = 'fail',
  ): Finding => ({
    ...found[status](code, message, remediation),
    ...id,
  })
  switch (code) {
    case 'event-not-allowed':
      return eventId === undefined
        ? make(
            'the server has a list of streams; it was not checked whether yours is in it',
            'Give --event with the id that the page uses.',
            'skip',
          )
        : make(
            `the server’s list doesn’t have the stream ${eventId}`,
            'Add to CHAT_EVENTS the same id as in the page’s event-id, and restart the server.',
          )
    case 'origin-not-allowed':
      return make(
        `the server rejects the origin ${origin ?? 'of its own'}`,
        origin === undefined
          ? 'Give --origin with the page’s address. If it is the server’s own, set CHAT_PUBLIC_URL to the address that pages use.'
          : 'Add the page’s origin to CHAT_ALLOWED_ORIGINS.',
      )
    case 'rate-limited':
    case 'overloaded':
      return make(
        'the server returns no token now',
        'Wait a minute and run the doctor again. If nothing changes, check the server’s load and CHAT_RATE_LIMIT.',
        'warn',
      )
    case 'identity-unavailable':
      return make(
        'the server can’t identify its visitors',
        'Check CHAT_IDENTITY_URL or the key set. The server’s log has the reason under the request id. Run the doctor with the server’s settings to test them.',
      )
    case 'identity-expired':
      return make(
        'the given identity token has expired',
        'Use a new one. If the page’s own is as old, a cache keeps the page.',
      )
    case 'name-required':
      return make(
        'guests must choose a name first',
        'This is the effect of CHAT_GUEST_NAMES=ask. Choose a name on the page to check more.',
        'skip',
      )
    case 'access-denied':
      return make(
        'the site rejects the given visitor',
        'Ask the site why: known, but not allowed into this chat.',
      )
    case 'key-unavailable':
    case 'key-not-registered':
    case 'key-expired':
      return make(
        'the server has no key that Kinescope accepts',
        'Run `kinescope-chat-server keys list` and `kinescope-chat-server keys reconcile` where its keys are.',
      )
    case 'event-not-found':
      return make(
        'the server says that Kinescope knows no such stream',
        'Check the ids in CHAT_EVENTS: `kinescope-chat-server events list`.',
      )
    case 'bad-request':
      return make(
        `the request doesn’t arrive as it was sent (${answer.status})`,
        'Check the proxy: it must pass method, Content-Type and body unchanged.',
      )
    case 'sign-in-required':
    case 'server-error':
      return make('the server rejects the request', 'Find the request id in its log.')
  }
}

const lost = ({ tokenUrl }: ServerQuestion, failure: string): Finding =>
  found.fail(
    'endpoint-unreachable',
    `POST ${tokenUrl} failed (${failure})`,
    'Check the proxy in front of the server.',
  )

function caching(first: Fetched, second: Fetched): Finding {
  const control = first.headers.get('cache-control') ?? ''
  const id = first.headers.get('x-request-id')
  const token = tokenOf(first)
  const fault = [
    token !== null && token === tokenOf(second) && 'two requests got the same token',
    id !== null && id === second.headers.get('x-request-id') && 'two requests got the same response',
    [first, second].some(({ headers }) => headers.has('age')) &&
      'an Age header shows that it came from a cache',
    !/\bno-store\b/i.test(control) &&
      `Cache-Control is ${control ? `"${control.slice(0, 60)}"` : 'missing'} instead of no-store`,
    first.headers.has('etag') && 'it has an ETag',
  ].find((text) => typeof text === 'string')
  if (!fault) return found.ok('cache', 'token responses are not cached')
  return found.fail(
    'token-cached',
    `a token response may reach another visitor: ${fault}`,
    'Exclude the token path from caching in the proxy or CDN, and let its Cache-Control through.',
  )
}

/** The clock of the machine that signs, which needn't be this one. */
function clock({ headers, at }: Fetched, aheadMs: number | null): Finding[] {
  const date = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(date)) return []
  const offMs = date - at + (aheadMs ?? 0)
  if (Math.abs(offMs) < CLOCK_MS) return []
  const than = aheadMs === null ? 'this machine’s' : 'Kinescope’s'
  return [
    found.fail(
      'server-clock-off',
      `the server’s clock is ${Math.round(Math.abs(offMs) / 1000)} s ${offMs > 0 ? 'ahead of' : 'behind'} ${than}: its tokens are rejected`,
      'Synchronize the clock of the machine that signs (NTP): `timedatectl set-ntp true`.',
    ),
  ]
}
