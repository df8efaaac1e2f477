import type { IdentityCall } from './identity.js'

/** Headers end at 16 KiB. An identity token that comes near it has no place in one. */
export const MAX_IDENTITY_TOKEN_LENGTH = 8192

/** The formats that a token shows before it is verified, so that each source of a chain takes only its own. */
export type TokenFormat = 'jwt' | 'jwe' | 'hmac' | 'link' | 'guest' | 'init-data' | 'other'

export interface PresentedToken {
  text: string
  format: TokenFormat
}

/** The identity token of a request, from `Authorization: Bearer` or, for mini apps, `Authorization: tma`. */
export function identityTokenOf(call: Pick<IdentityCall, 'header'>): PresentedToken | null {
  const [, scheme = '', value = ''] = /^(bearer|tma) (.*)$/is.exec(call.header('authorization') ?? '') ?? []
  const text = value.trim()
  if (text === '') return null
  return { text, format: scheme.toLowerCase() === 'tma' ? 'init-data' : formatOf(text) }
}

export function formatOf(text: string): TokenFormat {
  const own = /^(hmac|link|guest)\./.exec(text)?.[1]
  if (own) return own as 'hmac' | 'link' | 'guest'
  // the pattern searches the whole token, and a JWT has no `=`
  if (text.includes('=') && /(?:^|&)auth_date=\d/.test(text)) return 'init-data'
  const parts = text.split('.', 6).length
  if (parts === 3) return 'jwt'
  return parts === 5 ? 'jwe' : 'other'
}

/** Reads the cookies of one name in a `Cookie` header (RFC 6265, section 4.2). */
export function readCookies(header: string | null, name: string): string[] {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'))
  return [...new Set(values)]
}

/** Reads one cookie. `ambiguous`: two of that name, from another host or path. */
export function readCookie(
  header: string | null,
  name: string,
): { value: string | null; ambiguous: boolean } {
  const values = readCookies(header, name)
  const ambiguous = values.length > 1
  return { value: ambiguous ? null : (values[0] ?? null), ambiguous }
}

/** The header without the cookies of these names; null if nothing is left. */
export function withoutCookies(header: string | null, names: readonly string[]): string | null {
  const kept = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !names.some((name) => pair.startsWith(`${name}=`)))
  return kept.length === 0 ? null : kept.join('; ')
}
