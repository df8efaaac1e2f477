import { weaknessOf } from './identity/shared-secret.js'
import { ConfigProblem, type SettingProblem } from './problem.js'
import { readBounded } from './secret-file.js'
import { cleanValue, isServiceLink, nearestName, whyUnreadable } from './setting-text.js'

export { distanceBetween } from './setting-text.js'

/** One variable of the environment, and one row of the table in settings.ts. */
export interface Setting {
  name: string
  /** The heading it stands under. */
  group: string
  /** What stands for its value in the help: its kind or its unit. */
  value: string
  /** How white space inside its value is read: not at all, as what separates entries, or as part of a PEM or JWK. */
  text?: 'list' | 'block'
  /** As written in the environment; left out where there is none. */
  default?: string
  /** Never shown, never a flag's value (everyone on the machine can read those); also read from the file `NAME_FILE` names. */
  secret?: boolean
  meaning: string
  example: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The command line's flag for a variable: `CHAT_TOKEN_TTL` is `--token-ttl`, a secret's names its file. */
export function flagName({ name, secret }: Setting): string {
  return `${name
    .replace(/^CHAT_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}${secret ? '-file' : ''}`
}

/** Reads settings and gathers everything that is wrong with them, so that nobody has to start five times. */
export class SettingReader {
  readonly #settings: ReadonlyMap<string, Setting>
  readonly #env: Environment
  readonly #flags: Environment
  readonly #problems: SettingProblem[] = []
  readonly #values = new Map<string, string | undefined>()

  constructor(settings: readonly Setting[], env: Environment, flags: Environment) {
    this.#settings = new Map(settings.map((setting) => [setting.name, setting]))
    this.#env = env
    this.#flags = flags
  }

  /** The value of a setting: its flag, its variable, the file it names, its default. Empty counts as absent. */
  text(name: string): string | undefined {
    return this.given(name) ?? this.#setting(name).default
  }

  /** The value somebody has written, without the default. */
  given(name: string): string | undefined {
    const setting = this.#setting(name)
    if (!this.#values.has(name)) this.#values.set(name, this.#read(setting))
    return this.#values.get(name)
  }

  /** Whether somebody has written it, usable or not. */
  isWritten(name: string): boolean {
    return this.given(name) !== undefined || this.#blamed(name)
  }

  #setting(name: string): Setting {
    const setting = this.#settings.get(name)
    if (!setting) throw new TypeError(`${name} is not in the table of settings`)
    return setting
  }

  #read(setting: Setting): string | undefined {
    const { name, secret } = setting
    const flag = cleanValue(this.#flags[flagName(setting)])
    const plain = isServiceLink(name, this.#env[name]) ? undefined : cleanValue(this.#env[name])
    if (!secret) return this.#readable(setting, name, flag ?? plain)
    const file = this.file(name)
    if (file === undefined) return this.#readable(setting, name, plain)
    if (plain !== undefined) {
      this.problem(`${name}_FILE`, `is given beside ${name}.`, 'Keep one of the two.')
      return plain
    }
    return this.#readable(setting, `${name}_FILE`, this.#fromFile(`${name}_FILE`, file))
  }

  #fromFile(name: string, file: string): string | undefined {
    const instead = 'Name a readable file that holds it.'
    try {
      const text = readBounded(file)
      const value = text === null ? undefined : cleanValue(text)
      if (text === null) this.problem(name, 'names something that is no file with a secret in it.', instead)
      else if (value === undefined) this.problem(name, 'names a file that is empty.', instead)
      return value
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
      this.problem(name, `names a file that can't be read (${code}).`, instead)
      return undefined
    }
  }

  #readable({ text, secret }: Setting, from: string, value: string | undefined): string | undefined {
    const why = value === undefined ? null : whyUnreadable(value, text ?? 'line', secret ?? false)
    if (why === null) return value
    this.problem(from, why, `Write the value alone, as text in one piece.`)
    return undefined
  }

  /** A setting there is no way without. */
  required(name: string, why = ''): string | undefined {
    const value = this.text(name)
    if (value === undefined) this.problem(name, `is missing${why}.`, this.#example(name))
    return value
  }

  /** Parses a value; `undefined` from the parser means that it can't be used. The value itself is never repeated. */
  parsed<T>(
    name: string,
    wrong: string,
    parse: (text: string) => T | undefined,
    instead?: string,
  ): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = parse(text)
    if (value === undefined) this.problem(name, wrong, instead ?? this.#example(name))
    return value
  }

  /** A secret that can't be guessed. */
  strong(name: string): string | undefined {
    const text = this.text(name)
    const weakness = text === undefined ? null : weaknessOf(text)
    if (weakness === null) return text
    this.problem(name, weakness, `Write, for example, ${name}=$(openssl rand -base64 32)`)
    return undefined
  }

  /** The file a secret comes from; undefined where it comes from elsewhere. */
  file(name: string): string | undefined {
    const setting = this.#setting(name)
    return cleanValue(this.#flags[flagName(setting)]) ?? cleanValue(this.#env[`${name}_FILE`])
  }

  number(name: string, from: number, to: number): number | undefined {
    return this.parsed(name, `must be a whole number from ${from} to ${to}.`, (text) => {
      const value = Number(text)
      return /^\d{1,15}$/.test(text) && value >= from && value <= to ? value : undefined
    })
  }

  /** Entries separated by commas or white space; quotes around one are dropped as around a whole value. */
  list(name: string): string[] {
    return (this.text(name) ?? '')
      .split(/[\s,]+/)
      .map((entry) => entry.replace(/^["']|["']$/g, ''))
      .filter(Boolean)
  }

  problem(name: string, message: string, remediation: string): void {
    // one word for one mistake: a file that can't be read is not a missing value besides
    if (!this.#blamed(name)) this.#problems.push({ name, message, remediation })
  }

  #blamed(name: string): boolean {
    return this.#problems.some((known) => known.name === name || known.name === `${name}_FILE`)
  }

  /** Names variables that look like ours and aren't. */
  refuseUnknown(prefix: string): void {
    const names = [...this.#settings.values()].flatMap(({ name, secret }) =>
      secret ? [name, `${name}_FILE`] : [name],
    )
    for (const [name, value] of Object.entries(this.#env)) {
      if (names.includes(name) || isServiceLink(name, value)) continue
      const near = nearestName(name.toUpperCase(), names)
      const ours = name.startsWith(prefix)
      // somebody else may have a KINESCOPE_… of their own, but not one letter away from ours
      if (!ours && !(near && near.distance <= 2 && /^(chat|kinescope)_/i.test(name))) continue
      const whole = name.replace(/_FILE$/, '')
      if (this.#settings.has(whole)) {
        this.problem(name, 'is not a setting: only secrets come from files.', `Write the value as ${whole}.`)
        continue
      }
      const known = near && near.distance <= Math.max(3, name.length / 3) ? near.name : null
      const instead = known
        ? `Did you mean ${known}?`
        : 'Remove it: kinescope-chat-server serve --help lists all.'
      this.problem(name, 'is not a setting.', instead)
    }
  }

  /** @throws ConfigProblem when anything was wrong */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigProblem(this.#problems)
  }

  #example(name: string): string {
    return `Write, for example, ${name}=${this.#settings.get(name)?.example ?? '…'}`
  }
}
