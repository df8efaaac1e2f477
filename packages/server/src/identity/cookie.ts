/** Reads one cookie of a `Cookie` header (RFC 6265, section 4.2). `ambiguous`: two of that name, from another host or path. */
export function readCookie(
  header: string | null,
  name: string,
): { value: string | null; ambiguous: boolean } {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'))
  const ambiguous = new Set(values).size > 1
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
