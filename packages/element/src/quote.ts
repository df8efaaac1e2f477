import { attempt } from './attempt.js'

/** Characters that a reader can't see, or that turn the text around: controls, C1, bidi, fillers, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu
const LONGEST = 60

/** A text from outside as one that can be shown: cut, and with what can't be seen written out. */
export function shown(text: string, longest = LONGEST): string {
  // cut before anything looks at it: a text from outside may be a megabyte
  const head = [...text.slice(0, 2 * longest)].slice(0, longest).join('')
  const visible = head.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
  return head.length < text.length ? `${visible}…` : visible
}

/** A value from outside as a developer would write it, such as `"Chat"`, `7` or `["x"]`. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return `"${shown(value)}"`
  // JSON knows no infinity, and `1e999` is one
  if (typeof value === 'number') return String(value)
  return shown(attempt(() => JSON.stringify(value)) ?? typeof value)
}

const LONGEST_TEXT = 1_000
const MOST_MEMBERS = 50
const DEEPEST = 4

/** A value from outside, whatever it is, as plain data that can be shown: cut in length, number and depth. */
export function readable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return shown(value, LONGEST_TEXT)
  if (!(value instanceof Object)) return value
  if (depth === DEEPEST) return '…'
  const members = Object.entries(value).slice(0, MOST_MEMBERS)
  if (Array.isArray(value)) return members.map(([, member]) => readable(member, depth + 1))
  return Object.fromEntries(members.map(([name, member]) => [shown(name), readable(member, depth + 1)]))
}

/** A number of seconds in words: the largest unit that fits, in English as all that is the developer's. */
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
