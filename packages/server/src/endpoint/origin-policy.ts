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

/** The CORS headers of an answer that the page may read; none for any other. */
export function corsHeaders(readable: string | null): Record<string, string> {
  if (readable === null) return {}
  return {
    'Access-Control-Allow-Origin': readable,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'Date, Retry-After, X-Request-ID',
  }
}

/** What a preflight adds (Fetch standard, "CORS-preflight request"). */
export function preflightHeaders(readable: string | null): Record<string, string> {
  if (readable === null) return {}
  return {
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'authorization, content-type',
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
