import { parseArgs } from 'node:util'
import { distanceBetween, flagName, type Environment } from '../setting.js'
import { SETTINGS } from '../settings.js'
import type { Terminal } from './terminal.js'

export interface Flag {
  /** What stands for its value in the help; left out for a switch. */
  value?: string
  meaning: string
}

export interface Command {
  /** `keys rotate` */
  name: string
  /** One line, for the list of commands. */
  summary: string
  /** Positional arguments in order; `[KID]` may be left out. */
  args?: readonly string[]
  flags?: Readonly<Record<string, Flag>>
  /** Settings it reads; each is a flag too. */
  settings?: readonly string[]
  /** More for `--help`, a paragraph each. */
  notes?: readonly string[]
  run(call: Call): Promise<Outcome>
}

export interface Call {
  args: readonly string[]
  flags: Readonly<Record<string, string | true | undefined>>
  env: Environment
  terminal: Terminal
  /** ms since the epoch */
  now: () => number
  wait: (ms: number) => Promise<void>
}

/** What a command says at its end. */
export interface Outcome {
  /** 0: fine. 1: a problem was found. */
  exit: 0 | 1
  /** The answer under `--json`. */
  data: unknown
  /** The same for people, on standard output. */
  text: string
}

/** The command was written wrongly: exit code 2. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
  readonly code = 'usage'
  readonly remediation: string

  constructor(message: string, remediation: string) {
    super(message)
    this.remediation = remediation
  }
}

export const GLOBAL_FLAGS: Readonly<Record<string, Flag>> = {
  json: { meaning: 'answer as JSON on standard output' },
  help: { meaning: 'show this help' },
}

/** All flags of a command, by name. */
export function flagsOf(command: Command): Record<string, Flag> {
  const settings = SETTINGS.filter(({ name }) => command.settings?.includes(name)).map(
    (setting): [string, Flag] => [
      flagName(setting),
      {
        value: setting.secret ? 'FILE' : 'VALUE',
        meaning: setting.secret ? `file that holds ${setting.name}` : `instead of ${setting.name}`,
      },
    ],
  )
  return { ...command.flags, ...Object.fromEntries(settings), ...GLOBAL_FLAGS }
}

/** @throws UsageProblem naming what to write */
export function parseCall(command: Command, argv: readonly string[]): Pick<Call, 'args' | 'flags'> {
  const known = flagsOf(command)
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' } as const]),
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const flags: Record<string, string | true> = {}
  const args: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') args.push(token.value)
    if (token.kind !== 'option') continue
    const flag = known[token.name]
    if (!flag) {
      const near = nearest(token.name, Object.keys(known))
      const instead = near ? `Did you mean --${near}?` : `See \`kinescope-chat ${command.name} --help\`.`
      throw new UsageProblem(`${command.name} has no flag ${token.rawName}`, instead)
    }
    if (flag.value && (token.value === undefined || (!token.inlineValue && /^--\w/.test(token.value)))) {
      throw new UsageProblem(`--${token.name} wants a value`, `Write --${token.name} ${flag.value}.`)
    }
    if (!flag.value && token.value !== undefined) {
      throw new UsageProblem(`--${token.name} takes no value`, `Write --${token.name} alone.`)
    }
    flags[token.name] = token.value ?? true
  }
  if (!flags['help']) checkCount(command, args)
  return { args, flags }
}

function checkCount({ name, args: wanted = [] }: Command, given: readonly string[]): void {
  const usage = `Write: kinescope-chat ${[name, ...wanted].join(' ')}`
  const missing = wanted.slice(given.length).find((arg) => !arg.startsWith('['))
  if (missing) throw new UsageProblem(`${name} wants ${missing}`, usage)
  const extra = given[wanted.length]
  if (extra !== undefined) throw new UsageProblem(`${name} doesn’t know what to do with "${extra}"`, usage)
}

/** What a misspelt name was probably meant to be. */
export function nearest(name: string, known: readonly string[]): string | null {
  const [best] = known
    .map((candidate) => ({ candidate, distance: distanceBetween(candidate, name) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : null
}

/** A flag's value as a whole number within bounds. @throws UsageProblem */
export function wholeNumber(
  { flags }: Call,
  name: string,
  fallback: number,
  from: number,
  to: number,
): number {
  const text = flags[name]
  if (text === undefined) return fallback
  const value = Number(text)
  if (/^\d+$/.test(String(text)) && value >= from && value <= to) return value
  throw new UsageProblem(
    `--${name} wants a whole number from ${from} to ${to}`,
    `Write, for example, --${name} ${fallback}.`,
  )
}

/** A flag's text. */
export const textFlag = ({ flags }: Call, name: string): string | undefined =>
  typeof flags[name] === 'string' ? flags[name] : undefined

/** A flag there is no way without. @throws UsageProblem */
export function requiredFlag(call: Call, command: string, name: string, example: string): string {
  const value = textFlag(call, name)
  if (value) return value
  throw new UsageProblem(`${command} wants --${name}`, `Write, for example, --${name} ${example}.`)
}

/** The settings among the flags, as config.ts reads them. */
export const settingFlags = ({ flags }: Call): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => typeof value === 'string')) as Record<
    string,
    string
  >
