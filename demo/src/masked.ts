const LONGEST_TEXT = 4000
const JWT = /[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g

/** The start of a name or an id: enough to tell two apart, too little to be anybody. */
const masked = (value: unknown): unknown =>
  typeof value === 'string' && value ? `${[...value].slice(0, 2).join('')}…` : value

/** A token as something to look at: header and claims, who it is for masked, the signature gone. */
function opened(token: string): unknown {
  try {
    const [header, claims] = token
      .split('.')
      .slice(0, 2)
      .map((part) => {
        const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
          byte.charCodeAt(0),
        )
        return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
      })
    if (!header || !claims) return '…'
    const { user_id, username, ...rest } = claims
    return { header, claims: { user_id: masked(user_id), username: masked(username), ...rest } }
  } catch {
    return '…'
  }
}

/** A body as the bench shows it: never with a token that anybody could use. Pure. */
export function readable(body: string): string {
  const short = body.slice(0, LONGEST_TEXT)
  try {
    const value: unknown = JSON.parse(short)
    const show = (key: string, inner: unknown): unknown => {
      if (key === 'token') return opened(String(inner))
      return typeof inner === 'string' ? inner.replaceAll(JWT, '…') : inner
    }
    return JSON.stringify(value, show, 2)
  } catch {
    return short.replaceAll(JWT, '…') + (body.length > LONGEST_TEXT ? '…' : '')
  }
}
