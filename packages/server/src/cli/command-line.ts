import { Command as Parser, CommanderError, InvalidArgumentError, Option, Help } from 'commander'
import stringWidth from 'string-width'
import { distanceBetween, flagName } from '../setting.js'
import { SETTINGS } from '../settings.js'
import { PROGRAM, UsageProblem, type Call, type Command } from './command.js'
import { NARROWEST, type Terminal } from './terminal.js'

/** What a command line asks for. */
export type Request = { say: string } | { command: Command; args: Call['args']; flags: Call['flags'] }

const INTRODUCTION = 'Kinescope’s stream chat with your own visitors. Unofficial.'
const SETTINGS_NOTE =
  'Settings come from the environment or from flags; a secret’s flag, and NAME_FILE in the environment, name a file that holds it.'
const EXITS = 'Exit code: 0 fine, 1 a problem was found, 2 wrong use.'
const GROUPS: Readonly<Record<string, string>> = { keys: 'Keys', events: 'Streams', token: 'Tokens' }
const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  keys: 'the keys that sign tokens',
  events: 'streams, and whether their chats want a token',
  token: 'tokens by hand',
}
const EVERYWHERE = 'Everywhere:'
/** Below this, meanings stand under their flags instead of beside them. */
const BESIDE_FROM = 70

/**
 * Reads a command line.
 * @throws UsageProblem naming what to write instead
 */
export function readCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  version: string,
): Request {
  const said: string[] = []
  const chosen: { request?: Request } = {}
  const program = buildParser(commands, terminal, version, said, chosen)
  try {
    program.parse(asHelpFlag(argv), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && said.length > 0) return { say: said.join('') }
    throw error
  }
  return chosen.request ?? { say: said.join('') }
}

/** `help keys rotate` is `keys rotate --help`. */
const asHelpFlag = (argv: readonly string[]): string[] =>
  argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv]

function buildParser(
  commands: readonly Command[],
  terminal: Terminal,
  version: string,
  said: string[],
  chosen: { request?: Request },
): Parser {
  const program = new Parser(PROGRAM)
  const say = (text: string) => void said.push(text)
  program
    .configureOutput({
      writeOut: say,
      writeErr: say,
      outputError: () => undefined,
      getOutHelpWidth: () => width(terminal),
      getErrHelpWidth: () => width(terminal),
    })
    .configureHelp(helpStyle(terminal))
    .helpCommand(false)
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup(EVERYWHERE))
    .version(version, '-V, --version', 'show the version')
    .addOption(new Option('--json', 'answer as JSON on standard output'))
    .description([INTRODUCTION, SETTINGS_NOTE, EXITS].join('\n\n'))
    .exitOverride((error) => {
      throw asUsageProblem(error, program)
    })
  for (const known of program.options) known.helpGroup(EVERYWHERE)
  for (const command of commands) addCommand(program, command, chosen)
  return program
}

const width = ({ columns }: Terminal): number => Math.min(columns, 100)

function addCommand(program: Parser, command: Command, chosen: { request?: Request }): void {
  const words = command.name.split(' ')
  const [group, own] = words.length > 1 ? words : [null, words[0]]
  const parent = group
    ? (program.commands.find((known) => known.name() === group) ?? addGroup(program, group))
    : program
  const parser = parent.command(own!)
  parser
    .summary(command.summary)
    .description([sentence(command.summary), ...(command.notes ?? [])].join('\n\n'))
    .helpGroup(group ? `${GROUPS[group] ?? group}:` : 'Start here:')
    .exitOverride((error) => {
      throw asUsageProblem(error, parser)
    })
  for (const arg of command.args ?? []) parser.argument(arg.startsWith('[') ? arg : `<${arg}>`)
  for (const option of optionsOf(command)) parser.addOption(option)
  parser.action(() => {
    chosen.request = { command, args: parser.args, flags: givenFlags(parser) }
  })
}

function addGroup(program: Parser, name: string): Parser {
  const group = program
    .command(name)
    .description(sentence(GROUP_SUMMARIES[name] ?? name))
    .helpGroup(`${GROUPS[name] ?? name}:`)
  return group.exitOverride((error) => {
    throw asUsageProblem(error, group)
  })
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`

function optionsOf(command: Command): Option[] {
  const own = Object.entries(command.flags ?? {}).map(([name, flag]) => {
    const more = flag.default === undefined ? '' : ` (default: ${flag.default})`
    return option(name, flag.value, flag.meaning + more, 'Flags:')
  })
  const settings = SETTINGS.filter(({ name }) => command.settings?.includes(name)).map((setting) => {
    const { name, secret, meaning } = setting
    const kept = setting.default === undefined ? name : `${name}; default: ${setting.default}`
    const text = plain(secret ? `file that holds it: ${meaning}` : meaning)
    return option(
      flagName(setting),
      secret ? 'FILE' : setting.value,
      `${text} (${kept})`,
      `${setting.group}:`,
    )
  })
  return [...own, ...settings]
}

/** The table's meanings are Markdown. */
const plain = (markdown: string) => markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')

function option(name: string, value: string | undefined, meaning: string, group: string): Option {
  const made = new Option(value ? `--${name} <${value}>` : `--${name}`, meaning).helpGroup(group)
  if (!value) return made
  return made.argParser((given: string) => {
    // `--propagation --json`: the value was forgotten
    if (/^--\w/.test(given)) throw new InvalidArgumentError(`--${name} wants a value: --${name} ${value}`)
    return given
  })
}

function givenFlags(parser: Parser): Call['flags'] {
  const values: Record<string, string | true | undefined> = parser.optsWithGlobals()
  const known = levelsOf(parser).flatMap((level) => level.options)
  return Object.fromEntries(known.map((option) => [option.long!.slice(2), values[option.attributeName()]]))
}

/** A command, its group, the program: flags of each hold. */
const levelsOf = (parser: Parser): Parser[] => [parser, ...(parser.parent ? levelsOf(parser.parent) : [])]

function pathOf(parser: Parser): string {
  const own = parser.parent ? [pathOf(parser.parent), parser.name()] : []
  return own.filter(Boolean).join(' ')
}

/** The parser's words for a mistake, as ours. Values of flags are never repeated: they may be secrets. */
function asUsageProblem(error: CommanderError, parser: Parser): Error {
  if (['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)) return error
  const path = pathOf(parser)
  const usage = [PROGRAM, path].filter(Boolean).join(' ')
  const [first = '', hint] = error.message.replace(/^error: /, '').split('\n')
  const said = first.replace(/(--[\w-]+)=[^']*/, '$1')
  const near = /Did you mean (?:one of )?([^,?]+)/.exec(hint ?? '')?.[1]
  const args = parser.registeredArguments.map((arg) => (arg.required ? arg.name() : `[${arg.name()}]`))
  const write = `Write: ${[usage, ...args].join(' ')}`
  const see = near
    ? `Did you mean ${near.startsWith('-') ? near : `\`${usage} ${near}\``}?`
    : `See \`${usage} --help\`.`
  switch (error.code) {
    case 'commander.unknownOption':
      return new UsageProblem(said, switchGivenValue(first, parser) ?? see)
    case 'commander.optionMissingArgument': {
      const flag = /'(--[\w-]+ <\w+>)'/.exec(said)?.[1]?.replace(/[<>]/g, '')
      return new UsageProblem(
        `${flag?.split(' ')[0] ?? 'the flag'} wants a value`,
        `Write ${flag ?? 'a value'}.`,
      )
    }
    case 'commander.invalidArgument': {
      const [message = '', instead = ''] = (/(--[\w-]+ wants a value): (.*)$/.exec(said) ?? []).slice(1)
      return new UsageProblem(message, `Write ${instead}.`)
    }
    case 'commander.unknownCommand': {
      const known = nearest(
        /'(.*)'/.exec(said)?.[1] ?? '',
        parser.commands.map((command) => command.name()),
      )
      return new UsageProblem(said, known ? `Did you mean \`${usage} ${known}\`?` : see)
    }
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return new UsageProblem(`${path}: ${said}`, write)
    default:
      return new UsageProblem(said, see)
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

/** Flat lists of commands, our styles, widths as a terminal counts them. */
function helpStyle({ colours, columns }: Terminal): Partial<Help> {
  return {
    visibleOptions(command) {
      const [help] = Help.prototype.visibleOptions.call(this, command).slice(-1)
      return [...levelsOf(command).flatMap((level) => level.options), ...(help ? [help] : [])]
    },
    displayWidth: (text) => stringWidth(text),
    minWidthToWrap: NARROWEST,
    styleTitle: (text) => colours.bold(text).ansi,
    visibleCommands: (command) =>
      command.commands.flatMap((sub) => (sub.commands.length > 0 ? sub.commands : [sub])),
    subcommandTerm: (command) =>
      [
        pathOf(command),
        ...command.registeredArguments.map((arg) => (arg.required ? arg.name() : `[${arg.name()}]`)),
      ].join(' '),
    subcommandDescription: (command) => command.summary(),
    visibleArguments: () => [],
    formatItem(term, termWidth, description, helper) {
      const indent = '  '
      const room = (this.helpWidth ?? 80) - indent.length
      if (columns < BESIDE_FROM || termWidth > 34) {
        const under = helper.boxWrap(description, room - 4).replaceAll('\n', `\n${indent}    `)
        return `${indent}${term}${description ? `\n${indent}    ${under}` : ''}`
      }
      const beside = helper.boxWrap(description, room - termWidth - 2)
      const pad = ' '.repeat(termWidth - stringWidth(term) + 2)
      return `${indent}${term}${pad}${beside.replaceAll('\n', `\n${indent}${' '.repeat(termWidth + 2)}`)}`
    },
  }
}
