/** The identity sources that `CHAT_IDENTITY` can name. */
export const SOURCE_KINDS = ['oidc', 'jwt', 'hmac', 'link', 'telegram', 'header', 'forward', 'guest'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** Why a chain makes no sense, and what to write instead; null if it does. */
export function chainFault(kinds: readonly string[]): { message: string; remediation: string } | null {
  const unknown = kinds.find((kind) => !(SOURCE_KINDS as readonly string[]).includes(kind))
  if (unknown !== undefined || kinds.length === 0) {
    return {
      message: `must name one or more of ${SOURCE_KINDS.join(', ')}.`,
      remediation: 'Write, for example, CHAT_IDENTITY=forward',
    }
  }
  const sorted = [...new Set(kinds)].sort((a, b) => orderOf(a) - orderOf(b))
  const remediation = `Write CHAT_IDENTITY=${sorted.join(',')}`
  if (sorted.length < kinds.length) return { message: 'names a source twice.', remediation }
  const after = (first: string, then: string) => {
    const [a, b] = [kinds.indexOf(first), kinds.indexOf(then)]
    return a >= 0 && b >= 0 && a > b
  }
  if (kinds.includes('guest') && kinds.at(-1) !== 'guest') {
    return { message: 'has guest before another source, and guest admits everyone.', remediation }
  }
  if (after('oidc', 'jwt')) {
    return {
      message: 'has jwt before oidc, and jwt rejects every JWT that isn’t the site’s own.',
      remediation,
    }
  }
  const late = kinds.slice(kinds.indexOf('forward') + 1).find((kind) => TOKEN_SOURCES.includes(kind))
  if (kinds.includes('forward') && late !== undefined) {
    return {
      message: `has forward before ${late}, and forward would send its tokens to the site.`,
      remediation,
    }
  }
  return null
}

const TOKEN_SOURCES: readonly string[] = ['oidc', 'jwt', 'hmac', 'link', 'telegram']
const orderOf = (kind: string) => (SOURCE_KINDS as readonly string[]).indexOf(kind)
