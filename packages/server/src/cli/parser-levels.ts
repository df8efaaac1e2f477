import type { Command as Parser } from 'commander'

/** A command, its group, the program: flags of each hold. */
export const levelsOf = (parser: Parser): Parser[] => [
  parser,
  ...(parser.parent ? levelsOf(parser.parent) : []),
]

export function pathOf(parser: Parser): string {
  const own = parser.parent ? [pathOf(parser.parent), parser.name()] : []
  return own.filter(Boolean).join(' ')
}
