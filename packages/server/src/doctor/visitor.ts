import { formatOf, type TokenFormat } from '../identity/credentials.js'

/** A visitor with a session at the site: the credentials that their browser, or the site's page, would send. */
export interface Visitor {
  by: 'cookie' | 'identity-token'
  headers: Readonly<Record<string, string>>
  /** The identity token, if there is one. */
  identityToken: string | null
}

/**
 * Reads a cookie file in any common form: the value of a `Cookie` header, the whole header line, or the output of curl
 * and browser exporters (seven fields with tabs between).
 * @returns null if the file contains no cookie
 */
export function visitorByCookie(text: string, host: string | null): Visitor | null {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const jar = lines
    .map((line) => line.replace(/^#HttpOnly_/, ''))
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.split('\t'))
    .filter((fields) => fields.length === 7)
  const pairs = jar
    .filter(([domain = '']) => host === null || isFor(domain, host))
    .map(([, , , , , name, value]) => `${name}=${value}`)
  const plain = lines.find((line) => /^(cookie:)?\s*[^\s=;]+=[^\t]*$/i.test(line))
  const cookie = pairs.length > 0 ? pairs.join('; ') : (plain?.replace(/^cookie:/i, '').trim() ?? '')
  if (!isHeaderValue(cookie)) return null
  return { by: 'cookie', headers: { cookie }, identityToken: null }
}

/** Reads an identity token, as the site signs it for the element's `identity`. */
export function visitorByIdentityToken(text: string): Visitor | null {
  const identityToken = text.trim().replace(/^(authorization:\s*)?(?:bearer|tma)\s+/i, '')
  const format = formatOf(identityToken)
  if (!SHAPES[format]?.test(identityToken)) return null
  const scheme = format === 'init-data' ? 'tma' : 'Bearer'
  return { by: 'identity-token', headers: { authorization: `${scheme} ${identityToken}` }, identityToken }
}

/** The form of a copied token, by its format. */
const SHAPES: Partial<Record<TokenFormat, RegExp>> = {
  jwt: /^[\w-]+\.[\w-]+\.[\w-]+$/,
  jwe: /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/,
  hmac: /^hmac\.[\w+/=-]+\.[\da-f]+$/i,
  link: /^link\.[\w-]+\.[\w-]+$/,
  'init-data': /^[\x21-\x7e]+$/,
}

const isFor = (domain: string, host: string): boolean => {
  const bare = domain.replace(/^\./, '').toLowerCase()
  return host === bare || host.endsWith(`.${bare}`)
}

/** RFC 9110, section 5.5, without obs-text. */
const isHeaderValue = (text: string): boolean => /^[\x20-\x7E]+$/.test(text) && text.length < 16_384
