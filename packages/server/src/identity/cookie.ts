/** Reads one cookie of a `Cookie` header (RFC 6265, section 4.2); null where there is none of that name, or two. */
export function readCookie(header: string | null, name: string): string | null {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'))
  // two of one name: a sibling host has set its own, and which one is ours can't be told
  return values.length === 1 ? values[0]! : null
}
