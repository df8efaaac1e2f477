import type { StartTag } from './start-tags.js'

/** A page's Content-Security-Policy as far as it concerns us: directive → sources, one map for each policy. */
export type Policies = ReadonlyMap<string, readonly string[]>[]

/** Reads the headers' and the page's own policies; each of them has to allow a thing. */
export function readPolicies(header: string | null, tags: readonly StartTag[]): Policies {
  const written = tags
    .filter(({ name, attributes }) => name === 'meta' && isPolicy(attributes.get('http-equiv')))
    .map(({ attributes }) => attributes.get('content') ?? '')
  return [...(header ?? '').split(','), ...written].filter((text) => text.trim() !== '').map(readPolicy)
}

const isPolicy = (equivalent = ''): boolean => equivalent.trim().toLowerCase() === 'content-security-policy'

function readPolicy(text: string): ReadonlyMap<string, readonly string[]> {
  const policy = new Map<string, readonly string[]>()
  for (const part of text.split(';')) {
    const [name, ...sources] = part.trim().split(/\s+/)
    // the first of two equal directives counts (CSP 3, section 2.2.1)
    if (name && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources)
  }
  return policy
}

/** The name in the file that the token server serves. From npm it is lit's own. */
export const TRUSTED_TYPES_POLICY = 'kinescope-chat'

const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  'frame-src': ['frame-src', 'child-src', 'default-src'],
  'connect-src': ['connect-src', 'default-src'],
  'script-src-elem': ['script-src-elem', 'script-src', 'default-src'],
}

/** Whether every policy lets `directive` reach `address` from a page at `pageOrigin`. */
export function allows(
  policies: Policies,
  directive: 'frame-src' | 'connect-src',
  address: string,
  pageOrigin: string,
): boolean {
  return policies.every((policy) => {
    const sources = sourcesOf(policy, directive)
    return sources === null || sources.some((source) => matches(source, new URL(address), pageOrigin))
  })
}

/** Whether every policy lets the page's HTML load a script (CSP 3, section 6.7.1.1). */
export function allowsScript(
  policies: Policies,
  { src, attributes }: { src: string; attributes: StartTag['attributes'] },
  pageOrigin: string,
): boolean {
  const nonce = `'nonce-${attributes.get('nonce')?.trim() ?? ''}'`
  // whether the hash is right, only a browser can tell
  const hasHash = attributes.has('integrity')
  return policies.every((policy) => {
    const sources = sourcesOf(policy, 'script-src-elem')
    if (sources === null) return true
    if (sources.some((source) => source === nonce || (hasHash && /^'sha\d+-/i.test(source)))) return true
    // with it, no address counts
    if (sources.some((source) => source.toLowerCase() === "'strict-dynamic'")) return false
    return sources.some((source) => matches(source, new URL(src), pageOrigin))
  })
}

/** Whether every policy lets the element's script make its Trusted Types policy, which it needs to run. */
export const allowsTrustedTypes = (policies: Policies): boolean =>
  policies.every((policy) => {
    const names = policy.get('trusted-types')
    return names === undefined || names.includes('*') || names.includes(TRUSTED_TYPES_POLICY)
  })

/** Whether scripts need a nonce by any of the policies. */
export const needsNonce = (policies: Policies): boolean =>
  policies.some((policy) => sourcesOf(policy, 'script-src-elem')?.some((source) => /^'nonce-/i.test(source)))

function sourcesOf(policy: Policies[number], directive: string): readonly string[] | null {
  const name = FALLBACKS[directive]!.find((candidate) => policy.has(candidate))
  return name === undefined ? null : policy.get(name)!
}

/** CSP 3, section 6.7.2.8, without what only matters for redirects. */
function matches(source: string, address: URL, pageOrigin: string): boolean {
  const text = source.toLowerCase()
  if (text === '*') return /^(https?|wss?):$/.test(address.protocol)
  if (text === "'self'") return address.origin === pageOrigin
  if (/^[a-z][a-z\d+.-]*:$/.test(text))
    return address.protocol === text || (text === 'http:' && address.protocol === 'https:')
  const [, scheme, givenHost, port, path] =
    /^(?:([a-z][a-z\d+.-]*):\/\/)?(\*|(?:\*\.)?[\w.-]+|\[[\da-f:]+\])(?::(\d+|\*))?(\/.*)?$/i.exec(source) ??
    []
  if (givenHost === undefined) return false
  const host = givenHost.toLowerCase()
  const wantedScheme = scheme === undefined ? new URL(pageOrigin).protocol : `${scheme.toLowerCase()}:`
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
