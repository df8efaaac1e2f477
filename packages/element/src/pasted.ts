/**
 * What pasting adds around a text: white space, quotes of any language, primes and brackets that serve as such, and
 * characters that nobody sees.
 */
const AROUND =
  /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Quotation_Mark}\p{Pi}\p{Pf}\u2800`´ʹ-ʽˈˊˋˮ′-‷⁗〈〉《》❛-❠❮❯🙶-🙸]/u
const LONE_SURROGATE = /\p{Surrogate}/gu

/** A text that any encoder takes: a half of a character becomes the replacement character. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\ufffd')

/**
 * A text that a person, an editor or a framework gave, without what pasting adds around it. A number is its digits, an
 * address its text; whatever is no text is none.
 */
export function readPasted(raw: unknown): string {
  const characters = [...wellFormed(asText(raw))]
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
