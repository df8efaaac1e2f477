import { Command as Parser, CommanderError, Help, Option } from 'commander'
import { nearestName } from '../setting-reader.js'
import { SETTINGS } from '../settings.js'
import { packageVersion } from '../package-version.js'
import { audit } from './audit.js'
import { doctor } from './doctor.js'
import { eventsDisable, eventsEnable, eventsList, eventsShow } from './events.js'
import { keysGenerate } from './keys-generate.js'
import { keysList, keysShow } from './keys-list.js'
import { keysRegister } from './keys-register.js'
import { keysRevoke } from './keys-revoke.js'
import { keysReconcile, keysRotate } from './keys-rotate.js'
import { links } from './links.js'
import { linksRevoke } from './links-revoke.js'
import { rehearseCommand } from './rehearse.js'
import { serve } from './serve.js'
import { setupCommand } from './setup.js'
import { statusCommand } from './status.js'
import { tokenMint } from './token-mint.js'
import { tokenInspect, tokenVerify } from './token-verify.js'
import { PROGRAM, UsageProblem, type Call, type Command } from './command.js'
import { NARROWEST, type Terminal } from './terminal.js'

/** What a command line asks for. */
export type Request = { say: string } | { command: Command; args: Call['args']; flags: Call['flags'] }

/** Every command there is, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  setupCommand,
  serve,
  doctor,
  rehearseCommand,
  statusCommand,
  audit,
  links,
  linksRevoke,
  keysGenerate,
  keysRegister,
  keysList,
  keysShow,
  keysRotate,
  keysReconcile,
  keysRevoke,
  eventsList,
  eventsShow,
  eventsEnable,
  eventsDisable,
  tokenMint,
  tokenVerify,
  tokenInspect,
]

const INTRODUCTION = 'Kinescope’s stream chat with your own visitors. Unofficial.'
const SETTINGS_NOTE =
  'Settings come from the environment or from flags. A secret’s flag, or NAME_FILE in the environment, names a file with the secret.'
const EXITS = 'Exit code: 0 fine, 1 a problem was found, 2 wrong use.'
const GROUPS: Readonly<Record<string, string>> = {
  keys: 'Keys',
  events: 'Streams',
  token: 'Tokens',
  links: 'Personal links',
}
const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  keys: 'the keys that sign tokens',
  events: 'streams, and whether their chats require a token',
  token: 'tokens by hand',
}
const EVERYWHERE = 'Everywhere:'
/**
 * Reads a command line.
 * @throws UsageProblem naming what to write instead
 */
export function readCommandLine(argv: readonly string[], terminal: Terminal): Request {
  const output: string[] = []
  const chosen: { request?: Request } = {}
  const program = buildParser(terminal, output, chosen)
  try {
    program.parse(asHelpFlag(argv), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && output.length > 0) return { say: output.join('') }
    throw error
  }
  return chosen.request ?? { say: output.join('') }
}

/** `help keys rotate` is `keys rotate --help`. */
const asHelpFlag = (argv: readonly string[]): string[] =>
  argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv]

function buildParser(terminal: Terminal, output: string[], chosen: { request?: Request }): Parser {
  const program = new Parser(PROGRAM)
  const say = (text: string) => void output.push(text)
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
    .version(packageVersion(), '-V, --version', 'show the version')
    .addOption(new Option('--json', 'answer as JSON on standard output'))
    .description([INTRODUCTION, SETTINGS_NOTE, EXITS].join('\n\n'))
    .exitOverride((error) => {
      throw usageProblem(error, program)
    })
  for (const known of program.options) known.helpGroup(EVERYWHERE)
  for (const command of COMMANDS) addCommand(program, command, chosen)
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
    .helpGroup(`${GROUPS[words[0]!] ?? 'Start here'}:`)
    .exitOverride((error) => {
      throw usageProblem(error, parser)
    })
  for (const arg of command.args ?? []) parser.argument(arg.startsWith('[') ? arg : `<${arg}>`)
  for (const option of optionsOf(command)) parser.addOption(option)
  parser.action(() => {
    const foreign = foreignOption(parser)
    if (foreign) {
      throw new UsageProblem(`unknown option '${foreign.long}'`, `See \`${PROGRAM} ${command.name} --help\`.`)
    }
    chosen.request = { command, args: parser.args, flags: givenFlags(parser) }
  })
}

function addGroup(program: Parser, name: string): Parser {
  const group = program
    .command(name)
    .description(sentence(GROUP_SUMMARIES[name] ?? name))
    .helpGroup(`${GROUPS[name] ?? name}:`)
  return group.exitOverride((error) => {
    throw usageProblem(error, group)
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
    const kept = secret ? `in FILE, or in ${name}` : name
    const more = setting.default === undefined ? kept : `${kept}; default: ${setting.default}`
    const text = `${plain(meaning)} (${more})`
    return option(setting.flag, secret ? 'FILE' : setting.value, text, `${setting.group}:`)
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
    if (/^--\w/.test(given)) throw new UsageProblem(`--${name} needs a value`, `Write --${name} ${value}.`)
    return given
  })
}

function givenFlags(parser: Parser): Call['flags'] {
  const values: Record<string, string | true | undefined> = parser.optsWithGlobals()
  return Object.fromEntries(
    optionsAt(parser).map((option) => [option.long!.slice(2), values[option.attributeName()]]),
  )
}

const programOf = (parser: Parser): Parser => (parser.parent ? programOf(parser.parent) : parser)

/** The flags of a command and of the program. */
const optionsAt = (parser: Parser): Option[] =>
  [...new Set([parser, programOf(parser)])].flatMap((level) => level.options)

/** A given flag of `links` that isn't one of `links revoke`. */
const foreignOption = (parser: Parser): Option | undefined =>
  parser.parent?.options.find(
    (option) =>
      parser.parent!.getOptionValueSource(option.attributeName()) === 'cli' &&
      !optionsAt(parser).some(({ long }) => long === option.long),
  )

const pathOf = (parser: Parser): string =>
  parser.parent ? `${pathOf(parser.parent)} ${parser.name()}`.trim() : ''

/** `keys` only groups commands; `links` is a command too. */
const isGroup = (parser: Parser): boolean =>
  parser.commands.length > 0 && parser.registeredArguments.length === 0

const argumentsOf = (parser: Parser): string[] =>
  parser.registeredArguments.map((arg) => (arg.required ? arg.name() : `[${arg.name()}]`))

/** The parser's error with a remedy. Values of flags are never repeated: they may be secrets. */
function usageProblem(error: CommanderError, parser: Parser): Error {
  if (error.exitCode === 0 || error.code === 'commander.help') return error
  const usage = [PROGRAM, pathOf(parser)].filter(Boolean).join(' ')
  const [first = '', hint = ''] = error.message.replace(/^error: /, '').split('\n')
  const message = first.replace(/(--[\w-]+=)[^']*/, '$1…').replace(/[<>]/g, '')
  const [, name = ''] = /'(.*)'/.exec(message) ?? []
  switch (error.code) {
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return new UsageProblem(
        `${pathOf(parser)}: ${message}`,
        `Write: ${[usage, ...argumentsOf(parser)].join(' ')}`,
      )
    case 'commander.unknownCommand': {
      const commands = parser.commands.map((command) => command.name())
      const near = nearestName(name, commands)
      const isNear = near && near.distance <= Math.max(2, Math.floor(name.length / 3))
      return new UsageProblem(
        message,
        isNear ? `Did you mean \`${usage} ${near.name}\`?` : `See \`${usage} --help\`.`,
      )
    }
    default: {
      const [, flag] = /Did you mean (?:one of )?(--[\w-]+)/.exec(hint) ?? []
      return new UsageProblem(message, flag ? `Did you mean ${flag}?` : `See \`${usage} --help\`.`)
    }
  }
}

/** Below this width, meanings are under their flags instead of beside them. Columns. */
const BESIDE_FROM = 70

/** Flat lists of commands, our styles, and the flags of the program at each command. */
function helpStyle({ colours, columns }: Terminal): Partial<Help> {
  return {
    visibleOptions(command) {
      const [help] = Help.prototype.visibleOptions.call(this, command).slice(-1)
      return [...optionsAt(command), ...(help ? [help] : [])]
    },
    minWidthToWrap: NARROWEST,
    styleTitle: (text) => colours.bold(text).ansi,
    visibleCommands: (command) =>
      command.commands.flatMap((sub) => (isGroup(sub) ? sub.commands : [sub, ...sub.commands])),
    subcommandTerm: (command) => [pathOf(command), ...argumentsOf(command)].join(' '),
    ...(columns < BESIDE_FROM ? { formatItem: itemBelow } : {}),
  }
}

/** A flag or command with its meaning on the next lines. */
const itemBelow: Help['formatItem'] = function (this: Help, term, _termWidth, description, helper) {
  const below = helper.boxWrap(description, (this.helpWidth ?? 80) - 6).replaceAll('\n', '\n      ')
  return `  ${term}${description ? `\n      ${below}` : ''}`
}
