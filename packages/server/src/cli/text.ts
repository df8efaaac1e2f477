/**
 * Matches characters that control a terminal, are invisible or reverse the text: controls (C0, DEL, C1), bidi and other
 * format characters, line and paragraph separators, everything default-ignorable, noncharacters, halves of surrogate
 * pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu

const codeUnits = (character: string): string =>
  Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('')

/** Matches the emoji that Unicode lists (UTS #51). Joiners and selectors inside them are visible parts. */
const EMOJI = new RegExp('^\\p{RGI_Emoji}$', 'v')
const EMOJI_OR_UNSAFE = new RegExp(`\\p{RGI_Emoji}|${UNSAFE.source}`, 'gv')

/** Puts an untrusted text on one line, with every invisible character as an escape. */
export const escaped = (text: string): string =>
  text.replace(EMOJI_OR_UNSAFE, (part) => (EMOJI.test(part) ? part : codeUnits(part)))

/** JSON for people and programs. Characters that control a terminal are escaped, so the value is the same. */
export const escapedJson = (value: unknown): string =>
  (JSON.stringify(value, null, 2) ?? 'null')
    .split('\n')
    .map((line) => line.replace(UNSAFE, codeUnits))
    .join('\n')

/** A text that may go to the terminal as it is. A plain string never does, because it may contain untrusted text. */
export class Shown {
  readonly ansi: string

  private constructor(ansi: string) {
    this.ansi = ansi
  }

  /** Makes a text that contains only our own words, styles and line ends. */
  static ours(ansi: string): Shown {
    return new Shown(ansi)
  }

  static of(text: Text): Shown {
    return text instanceof Shown ? text : new Shown(escaped(text))
  }
}

/** A string is escaped on its way to the terminal. */
export type Text = string | Shown

/** A sentence of ours with untrusted values: `` shown`the stream ${name}` ``. */
export function shown(sentence: TemplateStringsArray, ...values: readonly (Text | number)[]): Shown {
  const parts = values.map((value) => Shown.of(typeof value === 'number' ? String(value) : value).ansi)
  return Shown.ours(sentence.map((words, index) => words + (parts[index] ?? '')).join(''))
}

/** Joins parts with line ends. Skips null and false. */
export const stacked = (...parts: readonly (Text | null | false)[]): Shown => joined(parts, '\n')

/** Joins parts with an empty line between them. */
export const spaced = (...parts: readonly (Text | null | false)[]): Shown => joined(parts, '\n\n')

function joined(parts: readonly (Text | null | false)[], by: string): Shown {
  const present = parts.filter((part) => part !== null && part !== false)
  return Shown.ours(present.map((part) => Shown.of(part).ansi).join(by))
}

/** A time for people: `2026-11-25 04:20 UTC`. */
export const momentText = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** The distance to a time: `in 10 min`, `3 days ago`. */
export function distanceText(iso: string, now: number): string {
  const ms = Date.parse(iso) - now
  const text = durationText(Math.abs(ms) / 1000)
  if (Math.abs(ms) < 1000) return 'now'
  return ms > 0 ? `in ${text}` : `${text} ago`
}

/** Formats a duration in the largest unit that fits. */
function durationText(seconds: number): string {
  const units: [number, string, string][] = [
    [86_400, 'day', 'days'],
    [3600, 'h', 'h'],
    [60, 'min', 'min'],
    [1, 's', 's'],
  ]
  const [size, one, many] = units.find(([unit]) => seconds >= unit * (unit >= 3600 ? 2 : 1)) ?? units[3]!
  const count = Math.round(seconds / size)
  return `${count} ${count === 1 ? one : many}`
}

export const momentAndDistance = (iso: string, now: number): string =>
  `${momentText(iso)} (${distanceText(iso, now)})`

/** One word of a command for a POSIX shell. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
