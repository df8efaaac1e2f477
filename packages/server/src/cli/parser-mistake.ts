import type { Command as Parser, CommanderError } from 'commander'
import { distanceBetween } from '../setting-text.js'
import { PROGRAM, UsageProblem } from './command.js'
import { levelsOf, pathOf } from './parser-levels.js'

/** The parser's words for a mistake, as ours. Values of flags are never repeated: they may be secrets. */
export function asUsageProblem(error: CommanderError, parser: Parser): Error {
  if (['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)) return error
  const path = pathOf(parser)
  const usage = [PROGRAM, path].filter(Boolean).join(' ')
  const [first = '', hint] = error.message.replace(/^error: /, '').split('\n')
  const message = first.replace(/(--[\w-]+)=[^']*/, '$1')
  const near = /Did you mean (?:one of )?([^,?]+)/.exec(hint ?? '')?.[1]
  const args = parser.registeredArguments.map((arg) => (arg.required ? arg.name() : `[${arg.name()}]`))
  const write = `Write: ${[usage, ...args].join(' ')}`
  const see = near
    ? `Did you mean ${near.startsWith('-') ? near : `\`${usage} ${near}\``}?`
    : `See \`${usage} --help\`.`
  switch (error.code) {
    case 'commander.unknownOption':
      return new UsageProblem(message, switchGivenValue(first, parser) ?? see)
    case 'commander.optionMissingArgument': {
      const flag = /'(--[\w-]+ <\w+>)'/.exec(message)?.[1]?.replace(/[<>]/g, '')
      return new UsageProblem(
        `${flag?.split(' ')[0] ?? 'the flag'} needs a value`,
        `Write ${flag ?? 'a value'}.`,
      )
    }
    case 'commander.invalidArgument': {
      const [problem = '', instead = ''] = (/(--[\w-]+ needs a value): (.*)$/.exec(message) ?? []).slice(1)
      return new UsageProblem(problem, `Write ${instead}.`)
    }
    case 'commander.unknownCommand': {
      const known = nearest(
        /'(.*)'/.exec(message)?.[1] ?? '',
        parser.commands.map((command) => command.name()),
      )
      return new UsageProblem(message, known ? `Did you mean \`${usage} ${known}\`?` : see)
    }
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return new UsageProblem(`${path}: ${message}`, write)
    default:
      return new UsageProblem(message, see)
  }
}

/** What a misspelt name was probably meant to be. */
function nearest(name: string, known: readonly string[]): string | null {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distanceBetween(candidate, name) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : null
}

/** `--json=yes` */
function switchGivenValue(message: string, parser: Parser): string | null {
  const name = /'(--[\w-]+)=/.exec(message)?.[1]
  if (name === undefined) return null
  const known = levelsOf(parser).some((level) => level.options.some(({ long }) => long === name))
  return known ? `Write ${name} alone: it takes no value.` : null
}
