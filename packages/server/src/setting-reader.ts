import { ConfigProblem, type SettingProblem } from './problem.js'
import { readBounded } from './secret-file.js'
import { Invalid } from './setting-parsers.js'
import { cleanValue, isServiceLink, nearestName, whyUnreadable } from './setting-text.js'
import { flagName, SETTINGS, type Setting, type SettingName, type SettingValue } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>

const TABLE: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.name, setting]))

/** Reads settings from flags, the environment and secret files, and collects every problem for one error. */
export class SettingReader {
  readonly #env: Environment
  readonly #flags: Environment
  readonly #problems: SettingProblem[] = []
  readonly #texts = new Map<string, string | undefined>()

  constructor(env: Environment, flags: Environment) {
    this.#env = env
    this.#flags = flags
  }

  /**
   * The parsed value of a setting: its flag, its variable, the file it names, or its default. Empty counts as absent.
   * An invalid value is reported and read as undefined whatever the type says: `finish` throws before it is used.
   */
  value<N extends SettingName>(name: N): SettingValue<N> {
    return this.#parsed(name) as SettingValue<N>
  }

  /** As `value`, but a missing setting is a problem. */
  required<N extends SettingName>(name: N, why = ''): SettingValue<N> | undefined {
    const value = this.#parsed(name)
    if (value === undefined) this.problem(name, `is missing${why}.`, this.#example(name))
    return value as SettingValue<N> | undefined
  }

  #parsed(name: SettingName): unknown {
    const setting = this.#setting(name)
    const text = this.#text(setting) ?? setting.default
    if (text === undefined) return undefined
    const value = setting.parse(text)
    if (!(value instanceof Invalid)) return value
    this.problem(name, value.message, value.remediation ?? this.#example(name))
    return undefined
  }

  /** Whether the setting is given, valid or not. A default doesn't count. */
  isGiven(name: SettingName): boolean {
    return this.#text(this.#setting(name)) !== undefined || this.#isReported(name)
  }

  /** The file a secret comes from; undefined where it comes from elsewhere. */
  file(name: SettingName): string | undefined {
    const setting = this.#setting(name)
    return cleanValue(this.#flags[flagName(setting)]) ?? cleanValue(this.#env[`${name}_FILE`])
  }

  /** Reports a problem; only the first one of each setting counts. */
  problem(name: string, message: string, remediation: string): void {
    if (!this.#isReported(name)) this.#problems.push({ name, message, remediation })
  }

  /** Reports variables that look like settings and aren't. */
  rejectUnknown(prefix: string): void {
    const names = SETTINGS.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]))
    for (const [name, value] of Object.entries(this.#env)) {
      if (names.includes(name) || isServiceLink(name, value)) continue
      const near = nearestName(name.toUpperCase(), names)
      // another program may have a KINESCOPE_… variable, but not one letter away from ours
      const isTypo = near && near.distance <= 2 && /^(chat|kinescope)_/i.test(name)
      if (!name.startsWith(prefix) && !isTypo) continue
      const whole = name.replace(/_FILE$/, '')
      if (TABLE.has(whole)) {
        this.problem(
          name,
          'is not a setting: only secrets are read from files.',
          `Write the value as ${whole}.`,
        )
        continue
      }
      const known = near && near.distance <= Math.max(3, name.length / 3) ? near.name : null
      const remediation = known
        ? `Did you mean ${known}?`
        : 'Remove it. `kinescope-chat-server serve --help` lists all settings.'
      this.problem(name, 'is not a setting.', remediation)
    }
  }

  /** @throws ConfigProblem with every problem found */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigProblem(this.#problems)
  }

  #setting(name: SettingName): Setting {
    return TABLE.get(name)!
  }

  #text(setting: Setting): string | undefined {
    const { name } = setting
    if (!this.#texts.has(name)) this.#texts.set(name, this.#read(setting))
    return this.#texts.get(name)
  }

  #read(setting: Setting): string | undefined {
    const { name, secret } = setting
    const flag = cleanValue(this.#flags[flagName(setting)])
    const plain = isServiceLink(name, this.#env[name]) ? undefined : cleanValue(this.#env[name])
    if (!secret) return this.#readable(setting, name, flag ?? plain)
    const file = this.file(name as SettingName)
    if (file === undefined) return this.#readable(setting, name, plain)
    if (plain !== undefined) {
      this.problem(`${name}_FILE`, `and ${name} are both set.`, 'Keep one of the two.')
      return plain
    }
    return this.#readable(setting, `${name}_FILE`, this.#fromFile(`${name}_FILE`, file))
  }

  #fromFile(name: string, file: string): string | undefined {
    const remediation = 'Name a readable text file that contains the secret.'
    try {
      const text = readBounded(file)
      const value = text === null ? undefined : cleanValue(text)
      if (text === null) this.problem(name, 'does not name a text file of at most 64 KiB.', remediation)
      else if (value === undefined) this.problem(name, 'names an empty file.', remediation)
      return value
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
      this.problem(name, `names a file that can't be read (${code}).`, remediation)
      return undefined
    }
  }

  #readable({ text, secret }: Setting, from: string, value: string | undefined): string | undefined {
    const why = value === undefined ? null : whyUnreadable(value, text ?? 'line', secret ?? false)
    if (why === null) return value
    this.problem(from, why, 'Write the value alone, as plain text.')
    return undefined
  }

  #isReported(name: string): boolean {
    return this.#problems.some((known) => known.name === name || known.name === `${name}_FILE`)
  }

  #example(name: string): string {
    return `Write, for example, ${name}=${TABLE.get(name)!.example}`
  }
}
