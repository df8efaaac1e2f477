import { INVISIBLE } from './event-id.js'
import { tryOrUndefined } from './platform.js'

/**
 * Matches characters that pasting adds around a text: white space, quotes of any language, invisible characters. In
 * ASCII: read in another encoding, a range of this class would be invalid, and the file would not parse.
 */
const AROUND =
  /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Quotation_Mark}`\u00b4\u2032\u2033\u2800\u3008-\u300b]/u
/** Matches plain ASCII text, the most common case, which needs no cleaning. */
const PLAIN = /^(?:\w(?:[!-~]*\w)?)?$/

/**
 * Reads a text from a visitor, an editor or a framework, without the characters that pasting adds around it. A number
 * becomes its digits, an address its text, and any other value an empty text.
 */
export function readPasted(raw: unknown): string {
  const text = asText(raw)
  if (PLAIN.test(text)) return text
  const characters = [...text]
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

const LONGEST = 60

/** Makes an untrusted text safe to show: cut, with invisible characters escaped. */
export function shown(text: string, longest = LONGEST): string {
  // cut before anything looks at it: a text from outside may be a megabyte
  const head = [...text.slice(0, 2 * longest)].slice(0, longest).join('')
  const visible = head.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
  return head.length < text.length ? `${visible}…` : visible
}

/** Formats an untrusted value as a developer would write it, such as `"Chat"`, `7` or `["x"]`. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return `"${shown(value)}"`
  return shown(tryOrUndefined(() => JSON.stringify(value)) ?? typeof value)
}

const LONGEST_TEXT = 1_000

/** Copies an untrusted value as plain data that can be shown. Limits its depth, its length and its texts. */
export function readable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return shown(value, LONGEST_TEXT)
  if (typeof value !== 'object' || !value) return value
  if (depth > 9) return '…'
  const members = Object.entries(value).slice(0, 50)
  const read = members.map(([name, member]) => [shown(name), readable(member, depth + 1)] as const)
  return Array.isArray(value) ? read.map(([, member]) => member) : Object.fromEntries(read)
}

/** Formats seconds in the largest unit that fits. In English, like all texts for the developer. */
export function inWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS.at(-1)!
  const count = Math.round(seconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]
