import unhomoglyph from 'unhomoglyph'
import type { GuestNameProblem } from 'kinescope-chat/contract'
import { cleanName } from '../token/user-name.js'

/** Code points of a guest's name, without the mark. */
const MAX_LENGTH = 32
/** UTF-16 units that are read at all. */
const MAX_RAW = 200

export interface GuestNameRules {
  isReserved: (name: string) => boolean
  /** Whether a member has this name, in any spelling. */
  isTaken: (name: string) => boolean
}

/**
 * Checks a name that a guest typed, and cleans it. Letters, digits, spaces and the punctuation of names are allowed. Symbols
 * and emoji aren't: a check mark or a shield beside a name looks like a proof.
 */
export function checkGuestName(
  raw: string,
  { isReserved, isTaken }: GuestNameRules,
): { name: string } | { problem: GuestNameProblem } {
  if (raw.length > MAX_RAW) return { problem: 'too-long' }
  // an address would be cut before its @, and the mark with it
  if (/[@\uff20\ufe6b]/.test(raw)) return { problem: 'characters' }
  // NFKC: full width, mathematical and circled letters become plain ones
  const name = cleanName(cleanName(raw).normalize('NFKC')).replace(/[\u2010-\u2015]/g, '-')
  if (name === '') return { problem: 'empty' }
  if ([...name].length > MAX_LENGTH) return { problem: 'too-long' }
  if (!ALLOWED.test(name) || STACKED_MARKS.test(name)) return { problem: 'characters' }
  if (!/\p{L}/u.test(name)) return { problem: 'empty' }
  if (name.split(' ').some(mixesScripts)) return { problem: 'scripts' }
  if (isReserved(name)) return { problem: 'reserved' }
  return isTaken(name) ? { problem: 'taken' } : { name }
}

/**
 * Letters, marks, digits, and what names are written with: space, apostrophes, hyphen, dot, underscore, Hebrew geresh and
 * gershayim, the Catalan dot between two l, the Katakana dot, joiners (already checked). With the flag `i`, a Greek iota would
 * also be a mark, and a name of many would take exponential time.
 */
const ALLOWED =
  /^(?:[\p{L}\p{Nd} '\u2019.\-_\u05f3\u05f4\u200c\u200d]|(?<=[\p{L}\p{M}\u200c\u200d])\p{M}|(?<=[lL])\u00b7(?=[lL])|(?<=[\p{Script=Katakana}\u30fc])\u30fb(?=\p{Script=Katakana}))+$/u
/** More marks on one letter than any script's names have. */
const STACKED_MARKS = /\p{M}{5}|\p{Script=Inherited}{3}/u

/** Alphabets whose letters look like one another's, and those that are written together. */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  latin: /\p{Script=Latin}/u,
  cyrillic: /\p{Script=Cyrillic}/u,
  greek: /\p{Script=Greek}/u,
  armenian: /\p{Script=Armenian}/u,
  georgian: /\p{Script=Georgian}/u,
  cherokee: /\p{Script=Cherokee}/u,
  coptic: /\p{Script=Coptic}/u,
  lisu: /\p{Script=Lisu}/u,
  hebrew: /\p{Script=Hebrew}/u,
  arabic: /\p{Script=Arabic}/u,
  eastAsian: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Hangul}]/u,
}

/** Whether one word has letters of several scripts (UTS 39, "highly restrictive"). East Asian names may have Latin letters. */
function mixesScripts(word: string): boolean {
  const used = new Set<string>()
  for (const character of word) {
    if (!/\p{L}/u.test(character) || /[\p{Script=Common}\p{Script=Inherited}]/u.test(character)) continue
    used.add(Object.entries(SCRIPTS).find(([, script]) => script.test(character))?.[0] ?? 'other')
  }
  if (used.has('eastAsian')) used.delete('latin')
  return used.size > 1
}

/** Pairs of a letter and what it looks like. */
const lookAlikes = (pairs: string): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.split(' ').map((pair) => [...pair] as [string, string]))

/** Letters that NFKC and Unicode's list of confusables leave: small capitals, turned letters. */
const LETTER_FORMS = lookAlikes(
  'ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz ɐa ɔc ǝe əe ɟf ƃg ɥh ᴉi ɾj ʞk ɯm ɹr ʇt ʌv ʍw ʎy ɑa ɡg ɩi ɨi ʉu ƒf',
)

/** What Unicode's list makes of the small letters "в к м н п т и ь", and a letter that it leaves. */
const SMALL_CYRILLIC = lookAlikes('ʙb ĸk ʍm ʜh πn ᴛt ᴎn ƅb цu')

/** Digits and signs that stand for letters. */
const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'b',
  '7': 't',
  '8': 'b',
  '9': 'g',
  $: 's',
  '@': 'a',
  '!': 'l',
  '|': 'l',
  '+': 't',
  '€': 'e',
}

/** Regional indicators (flags) and squared or circled letters on black, as letters. */
function letterOf(character: string): string {
  const code = character.codePointAt(0)!
  for (const first of [0x1f1e6, 0x1f150, 0x1f170, 0x1f130]) {
    if (code >= first && code < first + 26) return String.fromCharCode(0x61 + code - first)
  }
  return LETTER_FORMS[character] ?? character
}

/** A name as what it looks like: confusable characters become one, marks, case and everything but letters go. */
function skeleton(text: string): string {
  const plain = unhomoglyph(withoutMarks(text)).toLowerCase()
  const letters = Array.from(plain, (letter) => SMALL_CYRILLIC[letter] ?? letter).join('')
  return unhomoglyph(letters)
    .toLowerCase()
    .replace(/[i1|!]/g, 'l')
    .replaceAll('0', 'o')
    .replaceAll('vv', 'w')
    .replace(/[^\p{L}\p{Nd}]/gu, '')
}

/** Marks that any script uses, and Hebrew points. Vowel signs of Indic scripts are letters to their readers. */
const withoutMarks = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\p{Script=Inherited}\u0591-\u05c7]/gu, '')
    .normalize('NFC')

/** The spellings in which a text is compared: as typed, in both cases (some letters look alike in one only), and without digits for letters. */
function spellings(text: string): string[] {
  const plain = Array.from(text.normalize('NFKC'), letterOf).join('')
  const leet = Array.from(plain, (character) => LEET[character] ?? character).join('')
  const bare = plain.replace(/^\p{Nd}+/u, '').replace(/(?<!\p{Nd})\p{Nd}+$/u, '')
  return [
    plain,
    plain.toUpperCase(),
    plain.toLowerCase(),
    leet,
    leet.toUpperCase(),
    bare,
    bare.toUpperCase(),
  ].map(skeleton)
}

/** Words, with a border where a small letter is followed by a capital one. */
const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKC')
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .split(/[^\p{L}\p{M}\p{N}\p{S}@!]+/u)
    .filter((word) => word !== '')

/** From this length a reserved name is rejected inside of a longer word too. */
const LONG = 6

/** A test for names that contain a reserved one, in any spelling: `admin`, `ADМIN`, `a d m i n`, `Admin Anna`, `4dm1n`. */
export function reservedNames(names: readonly string[]): (name: string) => boolean {
  const reserved = new Set(names.flatMap((name) => spellings(wordsOf(name).join(''))).filter(Boolean))
  const long = [...reserved].filter((name) => name.length >= LONG)
  return (name) => {
    const words = wordsOf(name).slice(0, MAX_LENGTH).map(spellings)
    return [0, 1, 2, 3, 4, 5, 6].some((form) => {
      const parts = words.map((word) => word[form] ?? '')
      const joined = parts.join('')
      if (long.some((entry) => joined.includes(entry))) return true
      return parts.some((_, from) =>
        parts.some((__, to) => to >= from && reserved.has(parts.slice(from, to + 1).join(''))),
      )
    })
  }
}

/** The names of members who were admitted, as the chat shows them, for as many as fit; the oldest are forgotten. */
export function memberNames(max = 20_000): { add: (name: string) => void; has: (name: string) => boolean } {
  const byName = new Map<string, string[]>()
  const counts = new Map<string, number>()
  const spellingsOf = (name: string) => new Set(spellings(wordsOf(name).join('')).filter(Boolean))
  return {
    add(raw) {
      const name = cleanName(raw)
      if (byName.has(name)) return
      const forms = [...spellingsOf(name)]
      byName.set(name, forms)
      for (const form of forms) counts.set(form, (counts.get(form) ?? 0) + 1)
      const [oldest] = byName
      if (byName.size <= max || !oldest) return
      byName.delete(oldest[0])
      for (const form of oldest[1]) {
        const count = counts.get(form)! - 1
        if (count === 0) counts.delete(form)
        else counts.set(form, count)
      }
    },
    has: (name) => [...spellingsOf(name)].some((form) => counts.has(form)),
  }
}
