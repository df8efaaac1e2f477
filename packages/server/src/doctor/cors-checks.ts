import { fetchQuietly, type Fetched, type NotFetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'
import { originsBeside } from './origin-hint.js'
import type { ServerQuestion } from './server-question.js'

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
        'Look at the proxy before the server.',
      ),
    ]
  }
  const fault = corsFault(answer, origin)
  if (fault !== null) {
    const near = await listedBeside(question, origin)
    return [
      found.fail(
        'origin-not-allowed',
        `a page of ${origin} may not ask for a token: ${fault}${near === null ? '' : `; ${near} is let in, which is another origin`}`,
        near === null
          ? `Add ${origin} to CHAT_ALLOWED_ORIGINS; if it is there, a proxy answers OPTIONS itself or drops headers.`
          : `Lead visitors from ${origin} to ${near}, or add ${origin} to CHAT_ALLOWED_ORIGINS.`,
      ),
    ]
  }
  const monitored = await preflight(question, origin, MONITORING)
  const refused = 'failure' in monitored ? MONITORING : missingHeaders(monitored, MONITORING)
  return [
    found.ok('cors', `pages of ${origin} may ask for tokens`),
    ...(refused.length === 0
      ? []
      : [
          found.warn(
            'cors-monitoring',
            `pages whose monitoring adds headers to requests can’t ask: ${refused.join(', ')} may not be sent`,
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

function corsFault(answer: Fetched, origin: string): string | null {
  const { status, headers } = answer
  const allowed = headers.get('access-control-allow-origin')
  if (status < 200 || status > 299) return `the preflight is answered ${status}`
  if (allowed === null) return 'Access-Control-Allow-Origin is missing'
  if (allowed.includes(','))
    return 'Access-Control-Allow-Origin is there twice: the proxy adds one of its own'
  if (allowed !== origin) return `Access-Control-Allow-Origin is ${allowed.slice(0, 100)}`
  if (headers.get('access-control-allow-credentials') !== 'true')
    return 'Access-Control-Allow-Credentials is not true'
  const missing = missingHeaders(answer, ['content-type'])
  return missing.length > 0 ? 'Access-Control-Allow-Headers lacks content-type' : null
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
