import { LETTER_JOINER } from './joiners.js'

const MAX_CODE_POINTS = 64
/** UTF-16 units that are read of a name. Normalization is quadratic in combining marks, so it comes after this cut. */
const MAX_RAW = 512
const NAMELESS = 'Guest'

/** Most names: printable ASCII without an `@`, which needs no work. */
const PLAIN = /^[!-?A-~]+(?: [!-?A-~]+)*$/
/** Spaces of every kind, line ends among them. */
const SPACE = /[\s\u0085\u2028\u2029]+/gu
/**
 * Controls, format characters (bidi marks, embeddings, overrides, isolates), lone surrogates, all default-ignorable
 * characters (fillers, tags, variation selectors, joiners), and three characters that fonts draw as nothing: Braille
 * blank, null note head, Khitan filler.
 */
const INVISIBLE = /[\u{16fe4}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu
/** These may change what a visible character beside them looks like. */
const JOINER = /\u200c|\u200d|\ufe0e|\ufe0f/g
/** Joins two pictures, or selects a picture's style. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)/gu
/** The `@` of an email address, with a domain or an address literal after it (RFC 5321, section 4.1.2). */
const EMAIL_AT = /(?<=[^\s@])[@\uff20\ufe6b](?=\[?[\p{L}\p{N}\p{M}-]+[.\u3002\uff0e\uff61:][\p{L}\p{N}[:])/u
/** The same where the raw text was cut inside the domain. */
const CUT_EMAIL_AT = /(?<=[^\s@])[@\uff20\ufe6b](?=[\p{L}\p{N}\p{M}.\u3002\uff0e\uff61-]*$)/u
/** A visible character that isn't a combining mark. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}\p{Co}]/u

/**
 * Cleans a name for the chat: NFC, one line, no invisible characters that could reorder or hide text, no email address,
 * at most 64 code points without a cut through a character, never empty.
 */
export function cleanUsername(raw: string): string {
  return cleanName(raw) || NAMELESS
}

/** As `cleanUsername`, but empty if nothing of the name is visible. */
export function cleanName(raw: string): string {
  if (raw.length <= MAX_CODE_POINTS && PLAIN.test(raw)) return raw
  const text = tidy(raw.slice(0, MAX_RAW))
  const name = tidy(cut(withoutEmail(text, raw.length > MAX_RAW)))
  return VISIBLE.test(name) ? name : ''
}

/** Most of an address identifies its owner outside the chat, so the name ends before the `@`. */
function withoutEmail(text: string, isCut: boolean): string {
  const at = EMAIL_AT.exec(text) ?? (isCut ? CUT_EMAIL_AT.exec(text) : null)
  return at ? text.slice(0, at.index) : text
}

function tidy(text: string): string {
  const visible = text.replace(INVISIBLE, (character) =>
    isSpace(character) || isJoiner(character) ? character : '',
  )
  const single = visible.replace(/([\u200c\u200d])\1+/g, '$1')
  const matches = [...single.matchAll(EMOJI_JOINER), ...single.matchAll(LETTER_JOINER)]
  const kept = new Set(matches.map(({ index }) => index))
  return single
    .replace(JOINER, (joiner, at: number) => (kept.has(at) ? joiner : ''))
    .replace(SPACE, ' ')
    .normalize('NFC')
    .trim()
}

const isJoiner = (character: string): boolean => '\u200c\u200d\ufe0e\ufe0f'.includes(character)

/** Line ends and tabs are controls too, but they separate words. */
function isSpace(character: string): boolean {
  return /^[\t-\r\u0085]$/.test(character)
}

function cut(text: string): string {
  if ([...text].length <= MAX_CODE_POINTS) return text
  let kept = ''
  let count = 0
  for (const { segment } of new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text)) {
    count += [...segment].length
    if (count > MAX_CODE_POINTS) break
    kept += segment
  }
  // a single "character" longer than the whole name is marks piled on a letter: cut through it
  return kept || [...text].slice(0, MAX_CODE_POINTS).join('')
}
