import { readFileSync } from 'node:fs'
import { ConfigProblem, type SettingProblem } from './problem.js'

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

  constructor(settings: readonly Setting[], env: Environment, flags: Environment) {
    this.#settings = new Map(settings.map((setting) => [setting.name, setting]))
    this.#env = env
    this.#flags = flags
  }

  /** The value of a setting: its flag, its variable, the file it names, its default. Empty counts as absent. */
  text(name: string): string | undefined {
    const setting = this.#settings.get(name)
    if (!setting) throw new TypeError(`${name} is not in the table of settings`)
    return this.#given(setting) ?? setting.default
  }

  #given(setting: Setting): string | undefined {
    const { name, secret } = setting
    const flag = this.#flags[flagName(setting)] || undefined
    const plain = this.#env[name] || undefined
    if (!secret) return flag ?? plain
    const file = flag ?? (this.#env[`${name}_FILE`] || undefined)
    if (file === undefined) return plain
    if (plain !== undefined) {
      this.problem(`${name}_FILE`, `is given beside ${name}.`, 'Keep one of the two.')
      return plain
    }
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
      this.problem(
        `${name}_FILE`,
        `names a file that can't be read (${code}).`,
        'Name a readable file that holds it.',
      )
      return undefined
    }
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

  number(name: string, from: number, to: number): number | undefined {
    return this.parsed(name, `must be a whole number from ${from} to ${to}.`, (text) => {
      const value = Number(text)
      return /^\d+$/.test(text.trim()) && value >= from && value <= to ? value : undefined
    })
  }

  list(name: string): string[] {
    return (this.text(name) ?? '').split(/[\s,]+/).filter(Boolean)
  }

  problem(name: string, message: string, remediation: string): void {
    // one word for one mistake: a file that can't be read is not a missing value besides
    const same = [name, `${name}_FILE`]
    if (!this.#problems.some((known) => same.includes(known.name))) {
      this.#problems.push({ name, message, remediation })
    }
  }

  /** Names variables that look like ours and aren't. */
  refuseUnknown(prefix: string): void {
    const names = [...this.#settings.values()].flatMap(({ name, secret }) =>
      secret ? [name, `${name}_FILE`] : [name],
    )
    for (const name of Object.keys(this.#env)) {
      if (!name.startsWith(prefix) || names.includes(name)) continue
      const near = names.map((known) => ({ known, distance: distanceBetween(known, name) }))
      const [nearest] = near.sort((a, b) => a.distance - b.distance)
      const hint = nearest && nearest.distance <= 3 ? `Did you mean ${nearest.known}?` : 'Remove it.'
      this.problem(name, 'is not a setting.', hint)
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

/** Levenshtein's distance, to guess what a misspelt name was meant to be. */
export function distanceBetween(a: string, b: string): number {
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
