/**
 * What pasting adds around a text: white space, quotes of any language, primes and brackets that serve as such, and
 * characters that nobody sees. In ASCII: read as another encoding, a range of this class would be none, and the whole file no
 * script.
 */
const AROUND =
  /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Quotation_Mark}\p{Pi}\p{Pf}\u2800`\u00b4\u02b9-\u02bd\u02c8\u02ca\u02cb\u02ee\u2032-\u2037\u2057\u3008\u3009\u300a\u300b\u275b-\u2760\u276e\u276f\u{1f676}-\u{1f678}]/u
/** What nobody has to look at twice: most of what is given. */
const PLAIN = /^(?:\w(?:[!-~]*\w)?)?$/
const LONE_SURROGATE = /\p{Surrogate}/gu

/** A text that any encoder takes: a half of a character becomes the replacement character. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\ufffd')

/**
 * A text that a person, an editor or a framework gave, without what pasting adds around it. A number is its digits, an
 * address its text; whatever is no text is none.
 */
export function readPasted(raw: unknown): string {
  const text = asText(raw)
  if (PLAIN.test(text)) return text
  const characters = [...wellFormed(text)]
  let start = 0
  let end = characters.length
  while (start < end && AROUND.test(characters[start]!)) start++
  while (end > start && AROUND.test(characters[end - 1]!)) end--
  return characters.slice(start, end).join('')
}

function asText(raw: unknown): string {
  if (typeof raw === 'string') return raw
  if (typeof raw === 'bigint' || Number.isFinite(raw)) return String(raw)
  return raw instanceof URL ? raw.href : ''
}
