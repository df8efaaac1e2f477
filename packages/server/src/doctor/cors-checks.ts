import { fetchQuietly, type Fetched, type NotFetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { originsBeside } from './settings-checks.js'
import { askForToken, namedCodeOf, tokenOf, wireCodeOf, type ServerQuestion } from './token-ask.js'

const found = findingsAbout('server')
/** What monitoring adds to every request of a page: tracing standards, Sentry, Datadog. */
const MONITORING = ['traceparent', 'tracestate', 'baggage', 'sentry-trace', 'x-datadog-trace-id']

/**
 * Sends the preflight that the page's browser would send, plain and with a monitoring script's headers.
 * @param tokenAnswer the response to a POST of the page, whose own headers count too
 */
export async function checkCors(question: ServerQuestion, tokenAnswer: Fetched): Promise<Finding[]> {
  const { tokenUrl } = question
  const origin = question.origin!
  const answer = await preflight(question, origin, [])
  if ('failure' in answer) return [lost(tokenUrl, answer)]
  const fault = preflightFault(answer, origin)
  const unreadable = responseFault(tokenAnswer, origin, PASS_ON)
  // a simple request has no preflight, unless monitoring adds headers to it
  if (fault !== null && question.simple && unreadable === null) {
    return [allowed(origin), monitoringBlocked(fault.what), ...(await checkSimple(question, tokenAnswer))]
  }
  if (fault !== null) {
    const near = await listedBeside(question, origin)
    return [
      found.fail(
        'origin-not-allowed',
        `a page of ${origin} can’t get a token: ${fault.what}${near === null ? '' : `; ${near} is allowed, which is another origin`}`,
        near === null
          ? fault.remediation
          : `Redirect visitors from ${origin} to ${near}, or add ${origin} to CHAT_ALLOWED_ORIGINS.`,
      ),
    ]
  }
  if (unreadable !== null) {
    return [
      found.fail(
        'origin-not-allowed',
        `a page of ${origin} can’t read the response to POST: ${unreadable.what}`,
        unreadable.remediation,
      ),
    ]
  }
  const monitored = await preflight(question, origin, MONITORING)
  if ('failure' in monitored) return [lost(tokenUrl, monitored)]
  const refused = missingHeaders(monitored, MONITORING)
  return [
    allowed(origin),
    ...(refused.length === 0 ? [] : [monitoringBlocked(`${refused.join(', ')} may not be sent`)]),
    ...(question.simple ? await checkSimple(question, tokenAnswer) : []),
  ]
}

const allowed = (origin: string) => found.ok('cors', `pages of ${origin} may request tokens`)

const monitoringBlocked = (why: string) =>
  found.warn(
    'cors-monitoring',
    `pages whose monitoring adds headers to requests get no token: ${why}`,
    'Let the proxy pass OPTIONS and the server’s own Access-Control-Allow-Headers, or exempt the token address in the page’s monitoring.',
  )

/** Whether the token server answered, whose state may have changed, or the same response came as for JSON. */
function hasPassed(answer: Fetched, forJson: Fetched): boolean {
  const code = namedCodeOf(answer)
  if (tokenOf(answer) !== null || (code !== null && code !== 'bad-request')) return true
  return answer.status === forJson.status && wireCodeOf(answer) === wireCodeOf(forJson)
}

/** A firewall may reject the type of the element's simple requests, though it passes JSON. */
async function checkSimple(question: ServerQuestion, tokenAnswer: Fetched): Promise<Finding[]> {
  const answer = await askForToken(question, null, 'text/plain;charset=UTF-8')
  if (!('failure' in answer) && hasPassed(answer, tokenAnswer)) return []
  const what = 'failure' in answer ? answer.failure : answer.status
  return [
    found.fail(
      'endpoint-bad-reply',
      `the page’s requests for a token are rejected (${what}), as their type is text/plain`,
      'Let the proxy or firewall pass text/plain on the token path. Or set token-url on the page’s tag: then the element sends JSON.',
    ),
  ]
}

const lost = (tokenUrl: string, { failure }: NotFetched): Finding =>
  found.fail(
    'endpoint-unreachable',
    `OPTIONS ${tokenUrl} failed (${failure})`,
    'Check the proxy in front of the server.',
  )

const preflight = ({ tokenUrl, signal }: ServerQuestion, origin: string, more: readonly string[]) =>
  fetchQuietly(tokenUrl, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': ['authorization', 'content-type', ...more].sort().join(','),
    },
    signal,
  })

interface CorsFault {
  what: string
  remediation: string
}

const PASS_ON = 'Let the proxy pass OPTIONS and all CORS headers of the token server unchanged.'

function preflightFault(answer: Fetched, origin: string): CorsFault | null {
  const { status } = answer
  const listIt = `Add ${origin} to CHAT_ALLOWED_ORIGINS. If it is there, the proxy answers OPTIONS itself or drops headers.`
  if (status < 200 || status > 299) return { what: `the preflight returns ${status}`, remediation: listIt }
  const fault = responseFault(answer, origin, listIt)
  if (fault) return fault
  const missing = missingHeaders(answer, ['content-type'])
  return missing.length > 0
    ? { what: 'Access-Control-Allow-Headers lacks content-type', remediation: PASS_ON }
    : null
}

/** What keeps the page from reading a response. */
function responseFault({ headers }: Fetched, origin: string, ifMissing: string): CorsFault | null {
  const allowed = headers.get('access-control-allow-origin')
  if (allowed === null) return { what: 'Access-Control-Allow-Origin is missing', remediation: ifMissing }
  if (allowed.includes(',')) {
    return {
      what: 'Access-Control-Allow-Origin is sent twice',
      remediation:
        'Remove it from the proxy (nginx: delete its add_header, or use proxy_hide_header): the token server already sends it.',
    }
  }
  if (allowed !== origin) {
    return {
      what: `Access-Control-Allow-Origin is ${allowed.slice(0, 100)}`,
      remediation: `Remove it from the proxy: with credentials it must be ${origin}, as the token server sends it.`,
    }
  }
  return headers.get('access-control-allow-credentials') === 'true'
    ? null
    : { what: 'Access-Control-Allow-Credentials is not true', remediation: PASS_ON }
}

function missingHeaders({ headers }: Fetched, wanted: readonly string[]): string[] {
  const allowed = (headers.get('access-control-allow-headers') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return wanted.filter((name) => !allowed.includes(name))
}

/** Whether a like origin is let in: the other scheme, with or without `www.`. */
async function listedBeside(question: ServerQuestion, origin: string): Promise<string | null> {
  for (const candidate of originsBeside(origin)) {
    const answer = await preflight(question, candidate, [])
    if (!('failure' in answer) && preflightFault(answer, candidate) === null) return candidate
  }
  return null
}
