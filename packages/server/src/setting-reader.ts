import { ConfigProblem, type SettingProblem } from './problem.js'
import { readBounded } from './secret-file.js'
import { Invalid } from './setting-parsers.js'
import { SETTINGS, type Setting, type SettingName, type SettingValue } from './settings.js'

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
    return cleanValue(this.#flags[setting.flag]) ?? cleanValue(this.#env[`${name}_FILE`])
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
    if (this.#problems.length > 0)
      throw new ConfigProblem(this.#problems.map((known) => this.#asGiven(known)))
  }

  /** Names the flag where the value comes from one: a variable wouldn't change it. */
  #asGiven(problem: SettingProblem): SettingProblem {
    const { name, remediation } = problem
    const setting = TABLE.get(name) ?? TABLE.get(name.replace(/_FILE$/, ''))
    if (!setting || cleanValue(this.#flags[setting.flag]) === undefined) return problem
    const flag = `--${setting.flag}`
    return { ...problem, name: flag, remediation: remediation.replaceAll(`${name}=`, `${flag} `) }
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
    const flag = cleanValue(this.#flags[setting.flag])
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

  #example(name: SettingName): string {
    const { example, secret } = this.#setting(name)
    const file = secret ? this.file(name) : undefined
    return file ? `Write it into ${file}, for example: ${example}` : `Write, for example, ${name}=${example}`
  }
}

/** Reads settings; flags go before the environment. @throws ConfigProblem naming every wrong one */
export function readSettings<T>(env: Environment, flags: Environment, read: (reader: SettingReader) => T): T {
  const reader = new SettingReader(env, flags)
  const settings = read(reader)
  reader.finish()
  return settings
}

/**
 * Removes what `.env` files, `--env-file` and mounted secrets add around a value: a byte-order mark, white space, line
 * ends, one pair of quotes. An empty rest counts as absent.
 */
export function cleanValue(text: string | undefined): string | undefined {
  const bare = (text ?? '').trim()
  const quote = bare[0]
  const quoted = bare.length >= 2 && (quote === '"' || quote === "'") && bare.endsWith(quote)
  return (quoted ? bare.slice(1, -1).trim() : bare) || undefined
}

/**
 * Explains why a value must be a mistake; null if it isn't one. A key id or a secret with a line break in it would never match.
 */
function whyUnreadable(value: string, text: 'line' | 'list' | 'block', secret: boolean): string | null {
  if (value.includes('\0')) return 'contains NUL bytes. Save it as UTF-8, not UTF-16.'
  if (value.includes('\ufffd')) return 'is not UTF-8 text. Encode a binary secret as base64.'
  const spaceless = text === 'line' ? value : value.replace(/[\t\n\r]/g, '')
  if (/[\p{Cc}\u2028\u2029]/u.test(spaceless)) return 'contains a line break or another control character.'
  if (/\p{Cf}/u.test(spaceless)) return 'contains an invisible character, probably pasted from a document.'
  if (/REPLACE_WITH_|^<[^<>]*>$|^(change|replace)[_ -]?me$/i.test(value)) return 'is still the placeholder.'
  if (UNREPLACED.test(value)) return 'is a variable or a command that nothing replaced.'
  // a secret may end in a quote of its own; a name, a number or an address may not
  if (!secret && text === 'line' && /^["']|["']$/.test(value)) return 'has a quote at one end only.'
  return null
}

/**
 * `${name}`, `$NAME`, `$env:name`, `%NAME%`, `$(command)`, `{{ name }}`, `#{name}#`, `__NAME__`: an environment file isn't a
 * shell, and anyone can guess such a secret. A passphrase may begin with `$`, so a bare name counts only in capitals.
 */
const UNREPLACED =
  /^(?:\$\{.*\}|\$\(.*\)|\$[A-Z_][A-Z0-9_]*|\$env:\w+|%[A-Z_][A-Z0-9_]*%|\{\{.*\}\}|#\{.*\}#?|__[A-Z0-9_]+__)$/s

/**
 * Whether Kubernetes injected a variable for a service named chat… (`CHAT_SERVICE_HOST`, `CHAT_PORT=tcp://…`,
 * `CHAT_PORT_8080_TCP_ADDR`).
 */
function isServiceLink(name: string, value = ''): boolean {
  const link =
    /^[A-Z][A-Z0-9_]*?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
  return link.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
}

/** The known name nearest to a misspelt one. */
export function nearestName(
  name: string,
  known: readonly string[],
): { name: string; distance: number } | undefined {
  return known
    .map((candidate) => ({ name: candidate, distance: distanceBetween(candidate, name.slice(0, 100)) }))
    .sort((a, b) => a.distance - b.distance)[0]
}

/** The Levenshtein distance. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
