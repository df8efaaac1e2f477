/** Origins that people take for the same: the other scheme, with and without `www.`. */
export function originsBeside(origin: string): string[] {
  const { protocol, host } = new URL(origin)
  const scheme = protocol === 'https:' ? 'http:' : 'https:'
  const other = host.startsWith('www.') ? host.slice(4) : `www.${host}`
  return [`${scheme}//${host}`, `${protocol}//${other}`, `${scheme}//${other}`]
}

/** What an unlisted origin was probably taken for: the end of a sentence, or nothing. */
export function originHint(origin: string, allowed: readonly string[]): string {
  const near = originsBeside(origin).find((candidate) => allowed.includes(candidate))
  if (near === undefined) return ''
  const what = new URL(near).protocol === new URL(origin).protocol ? 'another host' : 'another scheme'
  return `; it holds ${near}, which is ${what} and so another origin`
}
