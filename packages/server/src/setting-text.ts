/**
 * Removes what `.env` files, `--env-file` and mounted secrets add around a value: a byte-order mark, white space, line
 * ends, one pair of quotes. An empty rest counts as absent.
 */
export function cleanValue(text: string | undefined): string | undefined {
  const bare = (text ?? '').trim()
  const quote = bare[0]
  const quoted = bare.length >= 2 && (quote === '"' || quote === "'") && bare.endsWith(quote)
  return (quoted ? bare.slice(1, -1).trim() : bare) || undefined
}

/**
 * Explains why a value must be a mistake; null if it isn't one. A key id or a secret with a line break in it would never match.
 */
export function whyUnreadable(
  value: string,
  text: 'line' | 'list' | 'block',
  secret: boolean,
): string | null {
  if (value.includes('\0')) return 'contains NUL bytes. Save it as UTF-8, not UTF-16.'
  if (value.includes('\ufffd')) return 'is not UTF-8 text. Encode a binary secret as base64.'
  const spaceless = text === 'line' ? value : value.replace(/[\t\n\r]/g, '')
  if (/[\p{Cc}\u2028\u2029]/u.test(spaceless)) return 'contains a line break or another control character.'
  if (/\p{Cf}/u.test(spaceless)) return 'contains an invisible character, probably pasted from a document.'
  if (/REPLACE_WITH_|^<[^<>]*>$|^(change|replace)[_ -]?me$/i.test(value)) return 'is still the placeholder.'
  // a secret may end in a quote of its own; a name, a number or an address may not
  if (!secret && text === 'line' && /^["']|["']$/.test(value)) return 'has a quote at one end only.'
  return null
}

/**
 * Whether Kubernetes injected a variable for a service named chat… (`CHAT_SERVICE_HOST`, `CHAT_PORT=tcp://…`,
 * `CHAT_PORT_8080_TCP_ADDR`).
 */
export function isServiceLink(name: string, value = ''): boolean {
  const link =
    /^[A-Z][A-Z0-9_]*?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
  return link.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
}

/** The known name nearest to a misspelt one. */
export function nearestName(
  name: string,
  known: readonly string[],
): { name: string; distance: number } | undefined {
  return known
    .map((candidate) => ({ name: candidate, distance: distanceBetween(candidate, name.slice(0, 100)) }))
    .sort((a, b) => a.distance - b.distance)[0]
}

/** The Levenshtein distance. */
export function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
