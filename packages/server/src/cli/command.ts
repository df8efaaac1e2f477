import { OperatorProblem } from '../problem.js'
import { isHttpUrl } from '../setting-parsers.js'
import { readSettings, type Environment, type SettingReader } from '../setting-reader.js'
import type { Shown, Terminal } from './terminal.js'

export interface Flag {
  /** The placeholder of its value in the help; left out for a switch. */
  value?: string
  meaning: string
  /** The default, in words. */
  default?: string
}

export interface Command {
  /** `keys rotate` */
  name: string
  /** One line, for the list of commands. */
  summary: string
  /** Positional arguments in order; `[KID]` may be left out. */
  args?: readonly string[]
  flags?: Readonly<Record<string, Flag>>
  /** The settings that the command reads; each is a flag too. */
  settings?: readonly string[]
  /** More text for `--help`, a paragraph each. */
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
  /** Ends the command, like a signal to the process. */
  interrupt?: AbortSignal | undefined
  /**
   * Returns if the operator confirms, with `--yes` or on a terminal.
   * @param danger the effect, as the beginning of a sentence: "all visitors are disconnected"
   */
  confirm: (danger: string) => Promise<void>
}

/** The result of a command. */
export interface Outcome {
  /** 0: fine. 1: a problem was found. */
  exit: 0 | 1
  /** The output for `--json`. */
  data: unknown
  /** The same for people, on standard output. */
  text: Shown | ''
}

/** The command line is invalid: exit code 2. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
  readonly code = 'usage'
  readonly remediation: string

  constructor(message: string, remediation: string) {
    super(message)
    this.remediation = remediation
  }
}

/** The command ended before its end. The finished actions stay. */
export class PartialResult extends Error {
  override readonly name = 'PartialResult'
  readonly actions: readonly unknown[]
  /** The finished actions, for people. */
  readonly done: Shown

  constructor(cause: unknown, actions: readonly unknown[], done: Shown) {
    super('ended early', { cause })
    this.actions = actions
    this.done = done
  }
}

/** The name that `npx` finds, and that the help and the remedies use; `kinescope-chat` is the same. */
export const PROGRAM = 'kinescope-chat-server'

export const YES_FLAG = {
  yes: { meaning: 'don’t ask for confirmation; required without a terminal' },
} as const satisfies Record<string, Flag>
export const DRY_RUN_FLAG = {
  'dry-run': { meaning: 'show what would be done, and do nothing' },
} as const satisfies Record<string, Flag>

export const isDryRun = ({ flags }: Pick<Call, 'flags'>): boolean => flags['dry-run'] === true

/** Reads a flag's value as a whole number within bounds. @throws UsageProblem */
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
    `--${name} must be a whole number from ${from} to ${to}`,
    `Write, for example, --${name} ${fallback}.`,
  )
}

/** A flag's text. */
export const textFlag = ({ flags }: Call, name: string): string | undefined =>
  typeof flags[name] === 'string' ? flags[name] : undefined

/** @throws UsageProblem unless the flag's value is an http or https URL */
export function addressFlag(call: Call, name: string): string | undefined {
  const text = textFlag(call, name)
  if (text === undefined) return undefined
  if (isHttpUrl(text)) return text
  throw new UsageProblem(
    `--${name} must be an http or https URL without a user name or password`,
    `Write, for example, --${name} https://chat.example.com.`,
  )
}

/** A flag there is no way without. @throws UsageProblem */
export function requiredFlag(call: Call, command: string, name: string, example: string): string {
  const value = textFlag(call, name)
  if (value?.trim()) return value
  throw new UsageProblem(`${command} needs --${name}`, `Write, for example, --${name} ${example}.`)
}

/** The settings among the flags, as config.ts reads them. */
export const settingFlags = ({ flags }: Pick<Call, 'flags'>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => typeof value === 'string')) as Record<
    string,
    string
  >

/** Reads the command's settings. @throws ConfigProblem naming every wrong one */
export const settingsOf = <T>(call: Pick<Call, 'env' | 'flags'>, read: (reader: SettingReader) => T): T =>
  readSettings(call.env, settingFlags(call), read)

/** Covers Kinescope's slowest responses, and the wait for another process's lock. */
const LONGEST_MS = 5 * 60_000
/** Enough to finish a write and release the lock. */
const GRACE_MS = 5000

const GOES_ON =
  'What was done until then is kept (see above). Run the command again: it continues from here. `kinescope-chat-server keys list` shows the state.'

/** A second signal ends the process at once, as by default. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs work with a time limit that SIGINT and SIGTERM also end. The work stops at its next wait, and releases its lock.
 *
 * @throws OperatorProblem `interrupted`, `gave-up`
 */
export async function runWithDeadline<T>(
  { interrupt }: Pick<Call, 'interrupt'>,
  work: (signal: AbortSignal) => Promise<T>,
  longestMs = LONGEST_MS,
): Promise<T> {
  const stop = new AbortController()
  const end = (why: OperatorProblem) => () => stop.abort(why)
  const interrupted = end(new OperatorProblem('interrupted', 'the command was interrupted', GOES_ON))
  const late = `timed out after ${longestMs / 60_000} min`
  const timer = setTimeout(end(new OperatorProblem('gave-up', late, GOES_ON)), longestMs)
  for (const name of SIGNALS) process.once(name, interrupted)
  interrupt?.addEventListener('abort', interrupted, { once: true })
  let grace: NodeJS.Timeout | undefined
  const { signal } = stop
  const overdue = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      grace = setTimeout(() => reject(signal.reason as Error), GRACE_MS)
    })
  })
  if (interrupt?.aborted) interrupted()
  try {
    return await Promise.race([work(signal), overdue])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    clearTimeout(timer)
    clearTimeout(grace)
    for (const name of SIGNALS) process.removeListener(name, interrupted)
    interrupt?.removeEventListener('abort', interrupted)
  }
}

/** Wraps a wait so that the signal ends it. */
export function waitUntil(wait: Call['wait'], signal: AbortSignal): Call['wait'] {
  return async (ms) => {
    signal.throwIfAborted()
    let end = () => undefined as void
    const ended = new Promise<void>((resolve) => (end = resolve))
    signal.addEventListener('abort', end, { once: true })
    await Promise.race([wait(ms), ended])
    signal.removeEventListener('abort', end)
    signal.throwIfAborted()
  }
}
