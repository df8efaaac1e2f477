import { flagsOf, GLOBAL_FLAGS, type Command, type Flag } from './command.js'
import { wrap, type Terminal } from './terminal.js'

const GROUPS: readonly [string, (name: string) => boolean][] = [
  ['Start here', (name) => ['setup', 'serve', 'doctor'].includes(name)],
  ['Keys', (name) => name.startsWith('keys ')],
  ['Streams', (name) => name.startsWith('events ')],
  ['Tokens', (name) => name.startsWith('token ')],
]

/** All commands, or those of a group such as `keys`. */
export function overview(commands: readonly Command[], terminal: Terminal, group?: string): string {
  const { bold, dim } = terminal.colours
  const shown = group === undefined ? commands : commands.filter(({ name }) => name.startsWith(`${group} `))
  const width = Math.max(...shown.map((command) => usage(command).length))
  const sections = GROUPS.map(([title, belongs]) => {
    const rows = shown
      .filter(({ name }) => belongs(name))
      .map((command) => `  ${usage(command).padEnd(width)}  ${dim(command.summary)}`)
    return rows.length > 0 ? `${bold(title)}\n${rows.join('\n')}` : null
  }).filter((section) => section !== null)
  return [
    `${bold('kinescope-chat')}: Kinescope’s stream chat with your own visitors. Unofficial.`,
    ...sections,
    `Each command has --help and --json. Exit code: 0 fine, 1 a problem was found, 2 wrong use.\n` +
      `Settings come from the environment or from flags; KINESCOPE_API_TOKEN_FILE names a file instead of a value.`,
  ].join('\n\n')
}

export function helpOf(command: Command, terminal: Terminal): string {
  const { bold } = terminal.colours
  const own = Object.entries(flagsOf(command)).filter(([name]) => !(name in GLOBAL_FLAGS))
  const flags = [...own, ...Object.entries(GLOBAL_FLAGS)]
  const titles = flags.map(([name, { value }]: [string, Flag]) => `--${name}${value ? ` ${value}` : ''}`)
  const width = Math.max(...titles.map(({ length }) => length))
  const rows = flags.map(([, { meaning }], index) => {
    const lines = wrap(meaning, terminal.width - width - 4)
    return `  ${titles[index]!.padEnd(width)}  ${lines.join(`\n${' '.repeat(width + 4)}`)}`
  })
  return [
    `${bold(`kinescope-chat ${usage(command)}`)}\n${command.summary}`,
    ...(command.notes ?? []).map((note) => wrap(note, terminal.width).join('\n')),
    `${bold('Flags')}\n${rows.join('\n')}`,
  ].join('\n\n')
}

const usage = ({ name, args = [] }: Command): string => [name, ...args].join(' ')
