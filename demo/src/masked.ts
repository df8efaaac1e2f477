const LONGEST_TEXT = 4000
const JWT = /[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g

/** The start of a name or an id: enough to distinguish two visitors, too little to identify one. */
const masked = (value: unknown): unknown =>
  typeof value === 'string' && value ? `${[...value].slice(0, 2).join('')}…` : value

/** The header and the claims of a JWT. @throws for anything else */
function partsOf(token: string): Record<string, unknown>[] {
  return token
    .split('.')
    .slice(0, 2)
    .map((part) => {
      const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
        byte.charCodeAt(0),
      )
      return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    })
}

/** The claims of a JWT. Pure. @throws for anything else */
export const claimsOf = (token: string): Record<string, unknown> | undefined => partsOf(token)[1]

/** The claims that identify a visitor, in a chat token and in an identity token. */
const PERSONAL = ['user_id', 'username', 'sub', 'name']

/** Decodes a token to its header and claims, with personal claims masked and without the signature. */
function opened(token: string): unknown {
  try {
    const [header, claims] = partsOf(token)
    if (!header || !claims) return '…'
    const shown = Object.entries(claims).map(([name, value]) => [
      name,
      PERSONAL.includes(name) ? masked(value) : value,
    ])
    return { header, claims: Object.fromEntries(shown) as Record<string, unknown> }
  } catch {
    return '…'
  }
}

/** Formats a body for the bench. The result never contains a usable token. Pure. */
export function readable(body: string): string {
  const short = body.slice(0, LONGEST_TEXT)
  try {
    const value: unknown = JSON.parse(short)
    const show = (key: string, inner: unknown): unknown => {
      if (key === 'token' || key === 'identity') return opened(String(inner))
      return typeof inner === 'string' ? inner.replaceAll(JWT, '…') : inner
    }
    return JSON.stringify(value, show, 2)
  } catch {
    return short.replaceAll(JWT, '…') + (body.length > LONGEST_TEXT ? '…' : '')
  }
}
