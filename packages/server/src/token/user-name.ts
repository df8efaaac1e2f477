const MAX_CODE_POINTS = 64
/** Read of a name at all. Normalizing costs the square of its combining marks, so it comes after this. UTF-16 units. */
const MAX_RAW = 512
const NAMELESS = 'Guest'

/** What most names are: nothing in it to look at. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/
/** Spaces of every kind, line ends among them. */
const SPACE = /[\s\u0085\u2028\u2029]+/gu
/**
 * What nobody sees, and what turns or hides what others see: controls, format characters (bidi marks, embeddings,
 * overrides, isolates), lone surrogates, everything that Unicode lets a font ignore (fillers, tags, variation
 * selectors, joiners), and the marks and signs that are drawn as nothing (Braille blank, null note head, Khitan filler).
 */
const INVISIBLE = /[\u{16fe4}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu
/** Joins two pictures, or colours one: the only places where an invisible character makes something visible. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)/gu
/** Something that can be seen and isn't a mark on nothing. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}\p{Co}]/u

/**
 * The name as the chat may show it: NFC, one line, nothing invisible that could turn or hide text or make two names
 * look alike, at most 64 code points without a cut through a character, and never empty.
 */
export function cleanUsername(raw: string): string {
  if (raw.length <= MAX_CODE_POINTS && PLAIN.test(raw)) return raw
  const name = tidy(cut(tidy(raw.slice(0, MAX_RAW))))
  return VISIBLE.test(name) ? name : NAMELESS
}

function tidy(text: string): string {
  const kept = new Set(Array.from(text.matchAll(EMOJI_JOINER), ({ index }) => index))
  return text
    .replace(INVISIBLE, (character, at: number) => (kept.has(at) || isSpace(character) ? character : ''))
    .replace(SPACE, ' ')
    .normalize('NFC')
    .trim()
}

/** Line ends and tabs are controls too; they part words. */
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
