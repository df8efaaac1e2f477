import { fetchQuietly, type Fetched, type NotFetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { originsBeside } from './settings-checks.js'
import type { ServerQuestion } from './token-ask.js'

const found = findingsAbout('server')
/** What monitoring adds to every request of a page: tracing standards, Sentry, Datadog. */
const MONITORING = ['traceparent', 'tracestate', 'baggage', 'sentry-trace', 'x-datadog-trace-id']

/** Sends the preflight that the page's browser would send, plain and with a monitoring script's headers. */
export async function checkCors(question: ServerQuestion): Promise<Finding[]> {
  const { tokenUrl } = question
  const origin = question.origin!
  const answer = await preflight(question, origin, [])
  if ('failure' in answer) {
    return [
      found.fail(
        'endpoint-unreachable',
        `OPTIONS ${tokenUrl} failed (${answer.failure})`,
        'Check the proxy in front of the server.',
      ),
    ]
  }
  const fault = corsFault(answer, origin)
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
  const monitored = await preflight(question, origin, MONITORING)
  const refused = 'failure' in monitored ? MONITORING : missingHeaders(monitored, MONITORING)
  return [
    found.ok('cors', `pages of ${origin} may request tokens`),
    ...(refused.length === 0
      ? []
      : [
          found.warn(
            'cors-monitoring',
            `pages whose monitoring adds headers to requests get no token: ${refused.join(', ')} may not be sent`,
            'Let the proxy pass the server’s own Access-Control-Allow-Headers, or exempt the token address in the page’s monitoring.',
          ),
        ]),
  ]
}

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

function corsFault(answer: Fetched, origin: string): CorsFault | null {
  const { status, headers } = answer
  const allowed = headers.get('access-control-allow-origin')
  const passOn = 'Let the proxy pass OPTIONS and all CORS headers of the token server unchanged.'
  if (status < 200 || status > 299) return { what: `the preflight returns ${status}`, remediation: listIt() }
  if (allowed === null) return { what: 'Access-Control-Allow-Origin is missing', remediation: listIt() }
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
  if (headers.get('access-control-allow-credentials') !== 'true')
    return { what: 'Access-Control-Allow-Credentials is not true', remediation: passOn }
  const missing = missingHeaders(answer, ['content-type'])
  return missing.length > 0
    ? { what: 'Access-Control-Allow-Headers lacks content-type', remediation: passOn }
    : null

  function listIt(): string {
    return `Add ${origin} to CHAT_ALLOWED_ORIGINS. If it is there, the proxy answers OPTIONS itself or drops headers.`
  }
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
    const answer: Fetched | NotFetched = await preflight(question, candidate, [])
    if (!('failure' in answer) && corsFault(answer, candidate) === null) return candidate
  }
  return null
}
