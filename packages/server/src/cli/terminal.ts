import { styleText } from 'node:util'
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

/**
 * Matches characters that control a terminal, are invisible or reverse the text: controls (C0, DEL, C1), bidi and other
 * format characters, line and paragraph separators, everything default-ignorable, noncharacters, halves of surrogate
 * pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu

const codeUnits = (character: string): string =>
  Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('')

/** Emoji as Unicode lists them (UTS #51): joiners and selectors inside them are visible parts. */
const EMOJI_OR_UNSAFE = new RegExp(`(\\p{RGI_Emoji})|${UNSAFE.source}`, 'gv')

/** Puts an untrusted text on one line, with every invisible character as an escape. */
export const escaped = (text: string): string =>
  text.replace(EMOJI_OR_UNSAFE, (part, emoji?: string) => emoji ?? codeUnits(part))

/** JSON for people and programs. Characters that control a terminal are escaped, so the value is the same. */
export const escapedJson = (value: unknown): string =>
  (JSON.stringify(value, null, 2) ?? 'null')
    .split('\n')
    .map((line) => line.replace(UNSAFE, codeUnits))
    .join('\n')

/** A text that may go to the terminal as it is. A plain string never does, because it may contain untrusted text. */
export class Shown {
  readonly ansi: string

  private constructor(ansi: string) {
    this.ansi = ansi
  }

  /** Makes a text that contains only our own words, styles and line ends. */
  static ours(ansi: string): Shown {
    return new Shown(ansi)
  }

  static of(text: Text): Shown {
    return text instanceof Shown ? text : new Shown(escaped(text))
  }
}

/** A string is escaped on its way to the terminal. */
export type Text = string | Shown

/** A sentence of ours with untrusted values: `` shown`the stream ${name}` ``. */
export function shown(sentence: TemplateStringsArray, ...values: readonly (Text | number)[]): Shown {
  const parts = values.map((value) => Shown.of(typeof value === 'number' ? String(value) : value).ansi)
  return Shown.ours(sentence.map((words, index) => words + (parts[index] ?? '')).join(''))
}

/** Joins parts with line ends. Skips null and false. */
export const stacked = (...parts: readonly (Text | null | false)[]): Shown => joined(parts, '\n')

/** Joins parts with an empty line between them. */
export const spaced = (...parts: readonly (Text | null | false)[]): Shown => joined(parts, '\n\n')

function joined(parts: readonly (Text | null | false)[], by: string): Shown {
  const present = parts.filter((part) => part !== null && part !== false)
  return Shown.ours(present.map((part) => Shown.of(part).ansi).join(by))
}

/** A time for people: `2026-11-25 04:20 UTC`. */
export const momentText = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** The distance to a time: `in 10 min`, `3 days ago`. */
export function distanceText(iso: string, now: number): string {
  const ms = Date.parse(iso) - now
  const text = durationText(Math.abs(ms) / 1000)
  if (Math.abs(ms) < 1000) return 'now'
  return ms > 0 ? `in ${text}` : `${text} ago`
}

/** Formats a duration in the largest unit that fits. */
function durationText(seconds: number): string {
  const units: [number, string, string][] = [
    [86_400, 'day', 'days'],
    [3600, 'h', 'h'],
    [60, 'min', 'min'],
    [1, 's', 's'],
  ]
  const [size, one, many] = units.find(([unit]) => seconds >= unit * (unit >= 3600 ? 2 : 1)) ?? units[3]!
  const count = Math.round(seconds / size)
  return `${count} ${count === 1 ? one : many}`
}

export const momentAndDistance = (iso: string, now: number): string =>
  `${momentText(iso)} (${distanceText(iso, now)})`

/** One word of a command for a POSIX shell. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** The output of a command, such as `process.stdout` and `process.stderr`. */
export interface Output {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

type Mark = 'ok' | 'warn' | 'fail' | 'info' | 'skip'
type Colour = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

export interface Column {
  title: string
  /** Left out if the terminal is too narrow, beginning with the last column. */
  optional?: boolean
  /** An untrusted text in the last column, cut at the end of the line. Other columns are never cut. */
  cut?: boolean
  /** Its name when each row is a list, if it differs from the title. */
  inList?: string
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80
/** Longer lines are hard to follow. Columns. */
const WIDEST_TEXT = 100
export const NARROWEST = 20
/** A cell that is cut to less than this is useless. */
const NARROWEST_CELL = 12
const GAP = '  '
const BELOW = '    '

/**
 * Colors, progress and line breaks on a terminal; plain text anywhere else. All output goes through it: it escapes
 * strings, and a value that isn't a string is already escaped.
 */
export class Terminal {
  readonly colours: Readonly<Record<Colour, (text: Text) => Shown>>
  readonly #out: Output
  readonly #err: Output
  readonly #live: boolean
  /** Puts `npx` before our commands in texts, if the operator called this one with it. */
  readonly #asTyped: (text: string) => string
  #spinning: NodeJS.Timeout | null = null

  constructor(
    out: Output,
    err: Output,
    { plain, noColour, throughNpx = false }: { plain: boolean; noColour: boolean; throughNpx?: boolean },
  ) {
    this.#out = out
    this.#err = err
    const coloured = Boolean(out.isTTY) && !plain && !noColour
    const styled = (colour: Colour) => (text: Text) => {
      const { ansi } = Shown.of(text)
      return Shown.ours(coloured ? styleText(colour, ansi, { validateStream: false }) : ansi)
    }
    this.colours = {
      bold: styled('bold'),
      dim: styled('dim'),
      green: styled('green'),
      yellow: styled('yellow'),
      red: styled('red'),
      cyan: styled('cyan'),
    }
    this.#live = Boolean(err.isTTY) && !plain
    this.#asTyped = throughNpx
      ? (text) => text.replaceAll('`kinescope-chat-server ', '`npx kinescope-chat-server ')
      : (text) => text
  }

  /** The number of columns. Without a terminal, no line is broken. */
  get columns(): number {
    const { columns } = this.#out
    return columns ? Math.max(columns, NARROWEST) : Infinity
  }

  /** Shows a progress text, on a terminal only. The next call replaces it. */
  progress(text: string): void {
    if (!this.#live) return
    this.stop()
    let frame = 0
    // a wrapped line could not be removed again
    const room = Math.max((this.#err.columns ?? 80) - 4, NARROWEST)
    const doing = cutTo(Shown.of(text).ansi, room)
    const draw = () => this.#err.write(`\r\u001b[2K${FRAMES[frame++ % FRAMES.length]} ${doing}…`)
    draw()
    this.#spinning = setInterval(draw, FRAME_MS).unref()
  }

  /** Whether the output can be redrawn as a screen. */
  get isLive(): boolean {
    return this.#live && Boolean(this.#out.isTTY)
  }

  /** Replaces the previous screen. */
  redraw(screen: Text): void {
    this.stop()
    this.#out.write(`\u001b[H\u001b[2J${Shown.of(screen).ansi}\n`)
  }

  /** Removes the progress line. */
  stop(): void {
    if (!this.#spinning) return
    clearInterval(this.#spinning)
    this.#spinning = null
    this.#err.write('\r\u001b[2K')
  }

  print(text: Text): void {
    this.stop()
    const { ansi } = Shown.of(text)
    if (ansi !== '') this.#out.write(this.#asTyped(ansi.endsWith('\n') ? ansi : `${ansi}\n`))
  }

  printError(text: Text): void {
    this.stop()
    this.#err.write(this.#asTyped(`${Shown.of(text).ansi}\n`))
  }

  mark(mark: Mark): Shown {
    const { green, yellow, red, dim, cyan } = this.colours
    switch (mark) {
      case 'ok':
        return green('✔')
      case 'warn':
        return yellow('!')
      case 'fail':
        return red('✖')
      case 'info':
        return cyan('·')
      case 'skip':
        return dim('–')
    }
  }

  /** Breaks a paragraph to fit. */
  prose(text: Text, indent = ''): Shown {
    return Shown.ours(indent + this.#wrapped(text, indent))
  }

  /** A line with its mark, and its remedy indented below. */
  line(mark: Mark, text: Text, below?: Text): Shown {
    const head = `${this.mark(mark).ansi} ${this.#wrapped(text, '  ')}`
    if (!below) return Shown.ours(head)
    const arrow = this.colours.dim('→').ansi
    return Shown.ours(`${head}\n  ${arrow} ${this.#wrapped(below, '    ')}`)
  }

  /**
   * Aligns columns by their widest cell. If they don't fit, leaves out optional ones, and at last shows each row as a
   * list.
   */
  table(columns: readonly Column[], rows: readonly (readonly Text[])[]): Shown {
    let shownColumns = columns.map((_, index) => index)
    const cells = rows.map((row) => columns.map((_, index) => Shown.of(row[index] ?? '').ansi))
    const width = (index: number) =>
      Math.max(stringWidth(columns[index]!.title), ...cells.map((row) => stringWidth(row[index]!)))
    const least = () =>
      shownColumns.reduce(
        (sum, index, position) =>
          sum +
          (columns[index]!.cut ? Math.min(width(index), NARROWEST_CELL) : width(index)) +
          (position === shownColumns.length - 1 ? 0 : GAP.length),
        0,
      )
    while (least() > this.columns) {
      const spare = shownColumns.findLast((index) => columns[index]!.optional)
      if (spare === undefined) return this.#records(columns, cells)
      shownColumns = shownColumns.filter((index) => index !== spare)
    }
    const last = shownColumns.at(-1)!
    const before = shownColumns.slice(0, -1).reduce((sum, index) => sum + width(index) + GAP.length, 0)
    const render = (row: readonly string[]) =>
      shownColumns
        .map((index) => {
          const cell = row[index]!
          if (index === last) return this.columns === Infinity ? cell : cutTo(cell, this.columns - before)
          return cell + ' '.repeat(width(index) - stringWidth(cell))
        })
        .join(GAP)
        .trimEnd()
    const head = this.colours.dim(Shown.ours(render(columns.map(({ title }) => title)))).ansi
    return Shown.ours([head, ...cells.map(render)].join('\n'))
  }

  #records(columns: readonly Column[], rows: readonly (readonly string[])[]): Shown {
    const lists = rows.map(
      (row) =>
        this.facts(
          columns.map(({ title, inList = title.toLowerCase() }, index): [string, Shown | null] => [
            inList,
            row[index]!.trim() === '' ? null : Shown.ours(row[index]!),
          ]),
        ).ansi,
    )
    return Shown.ours(lists.join('\n\n'))
  }

  /**
   * `label  value` lines, with dimmed and aligned labels. A value that doesn't fit goes below its label. It is broken
   * only at blanks, so that it can be copied.
   */
  facts(entries: readonly (readonly [string, Text | null])[]): Shown {
    const present = entries.filter((entry): entry is readonly [string, Text] => entry[1] !== null)
    const labels = present.map(([label]) => Shown.of(label).ansi)
    const width = Math.max(0, ...labels.map((label) => stringWidth(label)))
    return Shown.ours(
      present
        .map(([, value], index) => {
          const label = labels[index]! + ' '.repeat(width - stringWidth(labels[index]!))
          const { ansi } = Shown.of(value)
          const fits = width + 2 * GAP.length + stringWidth(ansi) <= this.columns
          const beside = `${GAP}${this.colours.dim(Shown.ours(fits ? label : label.trimEnd())).ansi}`
          return fits ? `${beside}${GAP}${ansi}` : `${beside}\n${BELOW}${this.#wrapped(value, BELOW)}`
        })
        .join('\n'),
    )
  }

  #wrapped(text: Text, indent: string): string {
    const { ansi } = Shown.of(text)
    return wrapped(
      ansi,
      Math.min(this.columns, WIDEST_TEXT) - indent.length,
      this.columns === Infinity,
    ).replaceAll('\n', `\n${indent}`)
  }
}

/** Cuts a text to a width, with an ellipsis. Colours end before it. */
function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  const [start] = wrapAnsi(text, width - 1, { hard: true, wordWrap: false, trim: false }).split('\n', 1)
  return `${start}…`
}

/** Breaks a text at blanks. Text without blanks, and commands in `backquotes`, stay in one piece. */
function wrapped(text: string, width: number, endless: boolean): string {
  if (endless) return text
  const whole = text.replace(/`[^`\n]*`/g, (command) => command.replaceAll(' ', '\u00A0'))
  return wrapAnsi(whole, Math.max(width, 10), { hard: false }).replaceAll('\u00A0', ' ')
}
