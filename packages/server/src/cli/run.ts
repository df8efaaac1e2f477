import { ConfigProblem, OperatorProblem } from '../problem.js'
import type { Environment } from '../setting.js'
import { nearest, parseCall, UsageProblem, type Command } from './command.js'
import { COMMANDS } from './commands.js'
import { helpOf, overview } from './help.js'
import { Terminal, type Output } from './terminal.js'

export interface Surroundings {
  env: Environment
  stdout: Output
  stderr: Output
  /** ms since the epoch */
  now?: () => number
  wait?: (ms: number) => Promise<void>
}

/** Runs a command line and returns its exit code: 0 fine, 1 a problem was found, 2 wrong use. Never throws. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { env, stdout, stderr } = surroundings
  const json = argv.includes('--json')
  const terminal = new Terminal(stdout, stderr, { plain: json, noColour: Boolean(env['NO_COLOR']) })
  try {
    const found = findCommand(argv)
    if ('help' in found) {
      terminal.print(overview(COMMANDS, terminal, found.help ?? undefined))
      return 0
    }
    const { command, rest } = found
    const { args, flags } = parseCall(command, rest)
    if (flags['help']) {
      terminal.print(helpOf(command, terminal))
      return 0
    }
    const { now = Date.now, wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) } =
      surroundings
    const { exit, data, text } = await command.run({ args, flags, env, terminal, now, wait })
    terminal.print(json ? JSON.stringify(data, null, 2) : text)
    return exit
  } catch (error) {
    // loaded late: most runs end without an error, and the log brings a library along
    const { withoutSecrets } = await import('../log.js')
    return report(error, terminal, json, withoutSecrets)
  } finally {
    terminal.stop()
  }
}

/** Finds the command; `help` with a group's name or null asks for the list. @throws UsageProblem */
function findCommand(
  argv: readonly string[],
): { command: Command; rest: string[] } | { help: string | null } {
  const words = argv.filter((arg) => arg !== '--json')
  const [first, second] = words
  if (first === undefined || first === '--help' || first === '-h') return { help: null }
  if (first === 'help')
    return second === undefined ? { help: null } : findCommand([...words.slice(1), '--help'])
  for (const name of [`${first} ${second ?? ''}`, first]) {
    const command = COMMANDS.find((candidate) => candidate.name === name)
    if (command) return { command, rest: withoutFirst(argv, name.split(' ').length) }
  }
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0) {
    if (second === undefined || second === '--help' || second === '-h') return { help: first }
    const near = nearest(
      second,
      group.map(({ name }) => name.slice(first.length + 1)),
    )
    throw new UsageProblem(
      `${first} has no command "${second}"`,
      near ? `Did you mean: kinescope-chat ${first} ${near}` : `See \`kinescope-chat ${first} --help\`.`,
    )
  }
  const near = nearest(first, [...new Set(COMMANDS.map(({ name }) => name.split(' ')[0]!))])
  throw new UsageProblem(
    `there is no command "${first}"`,
    near ? `Did you mean: kinescope-chat ${near}` : 'See `kinescope-chat --help`.',
  )
}

/** Drops the command's own words; a `--json` before or between them stays a flag. */
function withoutFirst(argv: readonly string[], count: number): string[] {
  let left = count
  return argv.filter((arg) => arg === '--json' || left-- <= 0)
}

function report(error: unknown, terminal: Terminal, json: boolean, clean: (text: string) => string): number {
  const usage = error instanceof UsageProblem || error instanceof ConfigProblem
  const problems = describe(error, clean)
  if (json) terminal.print(JSON.stringify({ error: problems[0], errors: problems }, null, 2))
  else {
    for (const { code, message, remediation, requestId } of problems) {
      const { dim } = terminal.colours
      const id = requestId === undefined ? '' : ` [X-Request-ID ${requestId}]`
      terminal.printError(
        terminal.line('fail', `${message}${id}${usage ? '' : ` ${dim(`(${code})`)}`}`, remediation),
      )
    }
  }
  return usage ? 2 : 1
}

interface Problem {
  code: string
  message: string
  remediation: string
  requestId?: string
}

function describe(error: unknown, clean: (text: string) => string): Problem[] {
  if (error instanceof ConfigProblem) {
    return error.settings.map(({ name, message, remediation }) => ({
      code: 'setting',
      message: `${name} ${message}`,
      remediation,
    }))
  }
  if (error instanceof OperatorProblem || error instanceof UsageProblem) {
    const { code, message, remediation } = error
    const requestId = error instanceof OperatorProblem ? error.requestId : undefined
    return [
      {
        code,
        message: clean(message),
        remediation,
        ...(requestId === undefined ? {} : { requestId }),
      },
    ]
  }
  const { code } = error as { code?: unknown }
  return [
    {
      code: typeof code === 'string' ? code : 'unexpected',
      message: clean(error instanceof Error ? error.message : String(error)),
      remediation:
        'If this is not about your files or your network, it is a mistake of ours: please report it with this line.',
    },
  ]
}
