/** The headers of a request that name the page it comes from. */
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
} & ({ allowed: true } | { allowed: false; reason: OriginReason })

/** The origins of pages that may get tokens. */
export interface OriginList {
  has(origin: string): boolean
}

/** URLs may hold more characters, such as the `;` of a list that should have commas. */
const HTTP_ORIGIN = /^https?:\/\/(?:[a-z\d._-]+|\[[\da-f:]+\])(?::\d{1,5})?$/
/** `capacitor://localhost`, `tauri://localhost`, Electron's `app://.` and `app://-`: pages that an app brings along. */
const APP_ORIGIN = /^([a-z][a-z\d+.-]{1,30}):\/\/[a-z\d._-]{1,253}(?::\d{1,5})?$/
/** Schemes whose pages have an opaque origin, or none. */
const NOT_APPS = new Set(['http', 'https', 'ws', 'wss', 'ftp', 'file', 'data', 'blob', 'about', 'javascript'])
/** One label with a fixed prefix or suffix, in a host of three labels or more: `https://my-app-*.example.app`. */
const PATTERN = /^https:\/\/([a-z\d-]*)\*([a-z\d-]*)((?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?){2,}(?::\d{1,5})?)$/
/** A shorter fixed part is in too many other names. */
const MIN_FIXED = 3

/** Whether a text is exactly what a browser or an app's web view sends as `Origin`. */
export function isOrigin(text: string): boolean {
  if (text.includes('*') || text.length > 300 || !URL.canParse(text)) return false
  const [, scheme = ''] = APP_ORIGIN.exec(text) ?? []
  if (scheme !== '' && !NOT_APPS.has(scheme)) return true
  return HTTP_ORIGIN.test(text) && new URL(text).origin === text
}

/** Whether a text is a bounded pattern for preview deployments. */
export function isOriginPattern(text: string): boolean {
  const [, prefix = '', suffix = ''] = text.length > 300 ? [] : (PATTERN.exec(text) ?? [])
  const isBounded =
    prefix.length + suffix.length >= MIN_FIXED && !/^(?:-|xn--)/.test(prefix) && !suffix.endsWith('-')
  return isBounded && originOf(text) === text
}

/** Why a list of origins can't be used, for the setting and for the code's option; null where it can. */
export function originListFault(
  list: readonly string[],
): { origin: string; fault: string; remedy: string } | null {
  for (const origin of list) {
    if (isOrigin(origin) || isOriginPattern(origin)) continue
    const parsed = URL.canParse(origin) ? new URL(origin) : null
    const meant = parsed ? `${parsed.protocol}//${parsed.host}`.toLowerCase() : ''
    const isMeant = isOrigin(meant) || isOriginPattern(meant)
    if (origin.includes('*') && !isMeant) {
      return {
        origin,
        fault: 'must not hold * but in one label with a fixed prefix or suffix: other sites would match.',
        remedy: 'Name each origin, or write one pattern such as https://my-app-*.example.app',
      }
    }
    return {
      origin,
      fault: 'must hold exact origins: scheme, host, port if unusual, and nothing after it.',
      remedy: isMeant
        ? `Write ${meant}`
        : 'Name each origin in full, such as https://www.example.com, with commas between them.',
    }
  }
  const patterns = list.filter(isOriginPattern)
  if (patterns.length < 2) return null
  return {
    origin: patterns[1]!,
    fault: 'holds more than one pattern.',
    remedy: 'Keep one, and name the others.',
  }
}

/** Makes the list that origins are looked up in. */
export function originList(list: readonly string[]): OriginList {
  const exact = new Set(list.filter((entry) => !entry.includes('*')))
  const [, prefix = '', suffix = '', domain = ''] = PATTERN.exec(list.find(isOriginPattern) ?? '') ?? []
  if (domain === '') return exact
  const start = `https://${prefix}`
  const end = `${suffix}${domain}`
  return {
    has(origin) {
      if (exact.has(origin)) return true
      if (!origin.startsWith(start) || !origin.endsWith(end)) return false
      const variable = origin.slice(start.length, origin.length - end.length)
      // a label has at most 63 characters (RFC 1035, section 2.3.4)
      const length = prefix.length + variable.length + suffix.length
      return origin.length > start.length + end.length && length <= 63 && /^[a-z\d-]+$/.test(variable)
    },
  }
}

/**
 * Whether a page may get a token (Fetch Metadata first, `Origin` where a browser sends none: OWASP's CSRF sheet).
 * `null` is every sandbox there is.
 */
export function judgeOrigin(page: PageFacts, allowed: OriginList): OriginVerdict {
  // a header without a value is none
  const fetchSite = page.fetchSite || null
  const origin = page.origin || null
  const listed = origin !== null && origin !== 'null' && allowed.has(origin)
  const readable = listed ? origin : null
  const refuse = (reason: OriginReason): OriginVerdict => ({ allowed: false, readable, reason })

  if (origin === 'null') return refuse('origin-null')
  switch (fetchSite) {
    case 'same-origin':
      return { allowed: true, readable }
    case 'none':
      return refuse('navigation')
    case null:
      if (listed || (origin !== null && origin === originOf(page.ownOrigin)))
        return { allowed: true, readable }
      return refuse(origin === null ? 'no-origin' : 'origin-not-listed')
    default:
      // same-site is as foreign as cross-site: a sibling host may belong to another site
      if (listed) return { allowed: true, readable }
      return refuse(origin === null ? 'origin-removed' : 'origin-not-listed')
  }
}

/** As a browser writes it: some proxies add the default port to `Host`, and names have no case. */
export const originOf = (url: string | null): string | null =>
  url !== null && URL.canParse(url) ? new URL(url).origin : null

type OriginReason = 'origin-null' | 'navigation' | 'no-origin' | 'origin-removed' | 'origin-not-listed'

/** The `detail` of `origin-not-allowed`, where the page's origin isn't simply missing from the list. */
export const ORIGIN_DETAILS: Record<OriginReason, string | undefined> = {
  'origin-not-listed': undefined,
  'origin-null':
    'The page has an opaque origin (a sandboxed frame or a local file). Open it from an origin in CHAT_ALLOWED_ORIGINS.',
  navigation: 'The request is a navigation. A page must send it with fetch().',
  'origin-removed':
    'The request has no Origin, though Sec-Fetch-Site names a page of another origin. A proxy must pass Origin on.',
  'no-origin':
    'The request has neither Origin nor Sec-Fetch-Site, so it is from no browser page. With curl, add -H "Origin: https://www.example.com" with an origin of CHAT_ALLOWED_ORIGINS. A proxy must pass both headers on.',
}

/**
 * On every response, refusals and preflights too: a token must never meet a cache (RFC 6749, section 5.1). More is put into
 * this object: to spread it into another makes V8 create a shape for each response, a fifteenth of a token's time.
 */
export function alwaysHeaders(requestId: string): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    Vary: 'Origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'X-Request-ID': requestId,
  }
}

const EXPOSED = 'Date, Retry-After, X-Request-ID'

/** Adds the CORS headers of a response that the page may read; none for any other. */
export function letPageRead(headers: Record<string, string>, readable: string | null): void {
  if (readable === null) return
  headers['Access-Control-Allow-Origin'] = readable
  headers['Access-Control-Allow-Credentials'] = 'true'
  headers['Access-Control-Expose-Headers'] = EXPOSED
}

/** Lets any page read: with a GET, a page that isn't listed learns why. Never with credentials, never a token. */
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
    // with credentials `*` is a header's name, not a wildcard
    'Access-Control-Allow-Headers': [...new Set([...OWN_HEADERS, ...monitoring])].join(', '),
    'Access-Control-Max-Age': '600',
  }
}
