import { createInterface } from 'node:readline/promises'
import { ConfigProblem, OperatorProblem } from '../problem.js'
import type { Environment } from '../setting-reader.js'
import { readCommandLine } from './command-line.js'
import { PartialResult, UsageProblem, type Call } from './command.js'
import { escapedJson, Shown, shown, Terminal, type Output } from './terminal.js'
import { systemProblem } from './system-error.js'

export interface Surroundings {
  env: Environment
  stdin?: NodeJS.ReadStream
  stdout: Output
  stderr: Output
  /** Asks the operator; by default at standard input, if that is a terminal. */
  ask?: (question: string) => Promise<string>
  /** ms since the epoch */
  now?: () => number
  wait?: (ms: number) => Promise<void>
  /** Ends a command that can be ended, as Ctrl-C does. */
  interrupt?: AbortSignal
}

/** Runs a command line and returns its exit code: 0 fine, 1 a problem was found, 2 wrong use. Never throws. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { env, stdout, stderr } = surroundings
  const json = argv.includes('--json')
  const terminal = new Terminal(stdout, stderr, {
    plain: json,
    noColour: Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb',
    throughNpx: env['npm_command'] === 'exec',
  })
  try {
    const request = readCommandLine(argv, terminal)
    if ('say' in request) {
      terminal.print(Shown.ours(json ? escapedJson({ text: request.say.trimEnd() }) : request.say))
      return 0
    }
    const { command, args, flags } = request
    const { now = Date.now, wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) } =
      surroundings
    const confirm = confirmation(flags, json, surroundings, terminal)
    const { interrupt } = surroundings
    const call = { args, flags, env, terminal, now, wait, interrupt, confirm }
    const { exit, data, text } = await command.run(call)
    terminal.print(json ? Shown.ours(escapedJson(data)) : text)
    return exit
  } catch (error) {
    // loaded late: most runs end without an error, and the log brings a library along
    const { withoutSecrets } = await import('../serve/log.js')
    return report(error, terminal, json, withoutSecrets)
  } finally {
    terminal.stop()
  }
}

/** The operator didn't confirm. */
class Declined extends Error {}

function confirmation(
  flags: Call['flags'],
  json: boolean,
  { ask, stdin, stderr }: Surroundings,
  terminal: Terminal,
): Call['confirm'] {
  return async (danger) => {
    if (flags['yes'] === true) return
    const question = ask ?? (stdin?.isTTY && stderr.isTTY ? askAt(stdin) : null)
    if (!question || json) {
      throw new UsageProblem(danger, 'Nothing was done. To confirm, add --yes.')
    }
    terminal.stop()
    terminal.printError(terminal.line('warn', `${danger}.`))
    const answer = await question('  Continue? Type yes: ')
    if (answer.trim().toLowerCase() !== 'yes') throw new Declined()
  }
}

const askAt =
  (input: NodeJS.ReadStream) =>
  async (question: string): Promise<string> => {
    const lines = createInterface({ input, output: process.stderr })
    // Ctrl-C and Ctrl-D are answers too; left alone, the question would never be over
    const away = new Promise<string>((resolve) => {
      lines.once('SIGINT', () => lines.close())
      lines.once('close', () => resolve(''))
    })
    try {
      return await Promise.race([lines.question(question), away])
    } finally {
      lines.close()
    }
  }

function report(
  error: unknown,
  terminal: Terminal,
  json: boolean,
  clean: (text: string) => string,
  done: object = {},
): number {
  if (error instanceof Declined) {
    terminal.printError(terminal.line('info', 'nothing was done'))
    return 1
  }
  if (error instanceof PartialResult) {
    if (!json && error.done.ansi) terminal.printError(error.done)
    return report(error.cause, terminal, json, clean, { actions: error.actions })
  }
  const usage = error instanceof UsageProblem || error instanceof ConfigProblem
  const problems = describe(error, clean)
  if (json) terminal.print(Shown.ours(escapedJson({ error: problems[0], errors: problems, ...done })))
  else {
    for (const { code, message, remediation, requestId } of problems) {
      const id = requestId === undefined ? '' : ` [X-Request-ID ${requestId}]`
      const name = usage ? '' : shown` ${terminal.colours.dim(`(${code})`)}`
      terminal.printError(terminal.line('fail', shown`${message}${id}${name}`, remediation))
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
  const system = systemProblem(error)
  if (system) return [system]
  const { code } = error as { code?: unknown }
  return [
    {
      code: typeof code === 'string' ? code : 'unexpected',
      message: clean(error instanceof Error ? error.message : String(error)),
      remediation: 'If your files and your network are fine, this is a bug: please report it with this line.',
    },
  ]
}
