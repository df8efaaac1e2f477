/** What a request says about the page it comes from. */
export interface PageFacts {
  origin: string | null
  /** `Sec-Fetch-Site`. Browsers set it, pages can't. */
  fetchSite: string | null
  /** The server's own origin as the browser sees it. */
  ownOrigin: string | null
}

export type OriginVerdict = {
  /** The origin to name in `Access-Control-Allow-Origin`, where the page may read the answer. */
  readable: string | null
} & ({ allowed: true } | { allowed: false; reason: string })

/**
 * Whether a page may ask for a token (Fetch Metadata first, `Origin` where a browser sends none: OWASP's CSRF sheet).
 * Only exact origins count: a suffix or a pattern would let `evil-example.com` in, and `null` is every sandbox there is.
 */
export function judgeOrigin(page: PageFacts, allowed: ReadonlySet<string>): OriginVerdict {
  const { origin, fetchSite, ownOrigin } = page
  const listed = origin !== null && origin !== 'null' && allowed.has(origin)
  const readable = listed ? origin : null
  const refuse = (reason: string): OriginVerdict => ({ allowed: false, readable, reason })

  if (origin === 'null') return refuse('origin-null')
  switch (fetchSite) {
    case 'same-origin':
      return { allowed: true, readable }
    case 'none':
      return refuse('navigation')
    case null:
      if (listed || (origin !== null && origin === ownOrigin)) return { allowed: true, readable }
      return refuse(origin === null ? 'no-origin' : 'origin-not-listed')
    default:
      // same-site is as foreign as cross-site: a sibling host may belong to somebody else
      return listed ? { allowed: true, readable } : refuse('origin-not-listed')
  }
}

const EXPOSED = 'Date, Retry-After, X-Request-ID'

/** Adds the CORS headers of an answer that the page may read; none for any other. */
export function letPageRead(headers: Record<string, string>, readable: string | null): void {
  if (readable === null) return
  headers['Access-Control-Allow-Origin'] = readable
  headers['Access-Control-Allow-Credentials'] = 'true'
  headers['Access-Control-Expose-Headers'] = EXPOSED
}

/** What anybody may read: a GET is how a page that isn't listed learns why. Never with credentials, never a token. */
export function letAnyoneRead(headers: Record<string, string>): void {
  headers['Access-Control-Allow-Origin'] = '*'
  headers['Access-Control-Expose-Headers'] = EXPOSED
}

/** What the element sends. */
const OWN_HEADERS = ['authorization', 'content-type']
/** What monitoring adds to every request of a page, by names that don't change. */
const MONITORING = new Set([
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'b3',
  'newrelic',
  'x-request-id',
  'x-requested-with',
])
/** Tracing headers that come as a family. */
const MONITORING_FAMILY = /^(?:x-datadog-|x-b3-)[a-z\d-]{1,40}$/
const MAX_ASKED = 2000

/**
 * What a preflight adds (Fetch standard, "CORS-preflight request").
 * @param asked `Access-Control-Request-Headers`
 */
export function preflightHeaders(readable: string | null, asked: string | null): Record<string, string> {
  if (readable === null) return {}
  const names = (asked ?? '')
    .slice(0, MAX_ASKED)
    .split(',')
    .map((name) => name.trim().toLowerCase())
  const monitoring = names.filter((name) => MONITORING.has(name) || MONITORING_FAMILY.test(name))
  return {
    'Access-Control-Allow-Methods': 'POST',
    // with credentials a star is a header's name and no star
    'Access-Control-Allow-Headers': [...new Set([...OWN_HEADERS, ...monitoring])].join(', '),
    'Access-Control-Max-Age': '600',
  }
}

/** Whether a text is exactly what a browser would send as `Origin`. */
export function isOrigin(text: string): boolean {
  try {
    const { protocol, origin } = new URL(text)
    return (protocol === 'https:' || protocol === 'http:') && origin === text && !text.includes('*')
  } catch {
    return false
  }
}
