/** A page's Content-Security-Policy as far as it concerns us: directive → sources, one map for each policy. */
export type Policies = ReadonlyMap<string, readonly string[]>[]

/** Reads the headers' and the page's own policies; each of them has to allow a thing. */
export function readPolicies(header: string | null, html: string): Policies {
  const metas = [...html.matchAll(/<meta\s[^<>]*>/gi)].map(([tag]) => tag)
  const written = metas
    .filter((tag) => /\shttp-equiv\s*=\s*["']?content-security-policy["'\s/>]/i.test(tag))
    .map((tag) => /content\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag))
    .map((m) => m?.[1] ?? m?.[2] ?? '')
  return [...(header ?? '').split(','), ...written].filter((text) => text.trim() !== '').map(readPolicy)
}

function readPolicy(text: string): ReadonlyMap<string, readonly string[]> {
  const policy = new Map<string, readonly string[]>()
  for (const part of text.split(';')) {
    const [name, ...sources] = part.trim().split(/\s+/)
    // the first of two equal directives counts (CSP 3, section 2.2.1)
    if (name && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources)
  }
  return policy
}

const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  'frame-src': ['frame-src', 'child-src', 'default-src'],
  'connect-src': ['connect-src', 'default-src'],
  'script-src-elem': ['script-src-elem', 'script-src', 'default-src'],
}

/** Whether every policy lets `directive` reach `address` from a page at `pageOrigin`. */
export function allows(
  policies: Policies,
  directive: keyof typeof FALLBACKS,
  address: string,
  pageOrigin: string,
): boolean {
  return policies.every((policy) => {
    const name = FALLBACKS[directive]!.find((candidate) => policy.has(candidate))
    return (
      name === undefined || policy.get(name)!.some((source) => matches(source, new URL(address), pageOrigin))
    )
  })
}

/** CSP 3, section 6.7.2.8, without what only matters for redirects. */
function matches(source: string, address: URL, pageOrigin: string): boolean {
  const text = source.toLowerCase()
  if (text === '*') return /^(https?|wss?):$/.test(address.protocol)
  if (text === "'self'") return address.origin === pageOrigin
  // a nonce or hash is put on the tag by the page: from outside it can't be judged, so it gets the benefit of the doubt
  if (/^'(nonce-|sha\d+-|strict-dynamic)/.test(text)) return true
  if (/^[a-z][a-z\d+.-]*:$/.test(text))
    return address.protocol === text || (text === 'http:' && address.protocol === 'https:')
  const [, scheme, host, port, path] =
    /^(?:([a-z][a-z\d+.-]*):\/\/)?(\*|(?:\*\.)?[\w.-]+|\[[\da-f:]+\])(?::(\d+|\*))?(\/.*)?$/.exec(text) ?? []
  if (host === undefined) return false
  const wantedScheme = scheme === undefined ? new URL(pageOrigin).protocol : `${scheme}:`
  const schemeFits =
    address.protocol === wantedScheme || (wantedScheme === 'http:' && address.protocol === 'https:')
  const hostFits =
    host === '*' ||
    (host.startsWith('*.') ? address.hostname.endsWith(host.slice(1)) : address.hostname === host)
  const given = address.port || (address.protocol === 'https:' ? '443' : '80')
  const portFits = port === '*' || (port === undefined ? address.port === '' : port === given)
  const pathFits =
    path === undefined ||
    path === '/' ||
    (path.endsWith('/') ? address.pathname.startsWith(path) : address.pathname === path)
  return schemeFits && hostFits && portFits && pathFits
}
