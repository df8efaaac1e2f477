import pc from 'picocolors'

/** Where a command writes. `process.stdout` and `process.stderr` are such. */
export interface Output {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

export type Mark = 'ok' | 'warn' | 'fail' | 'info' | 'skip'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80

/** Colours and progress on a terminal; plain text anywhere else. */
export class Terminal {
  readonly colours: ReturnType<typeof pc.createColors>
  readonly #out: Output
  readonly #err: Output
  readonly #live: boolean
  #spinning: NodeJS.Timeout | null = null

  constructor(out: Output, err: Output, { plain, noColour }: { plain: boolean; noColour: boolean }) {
    this.#out = out
    this.#err = err
    this.colours = pc.createColors(Boolean(out.isTTY) && !plain && !noColour)
    this.#live = Boolean(err.isTTY) && !plain
  }

  /** Wide enough to read, narrow enough to follow; nothing is broken where no terminal is, so that a line stays one. */
  get width(): number {
    const { columns } = this.#out
    return columns === undefined ? Infinity : Math.min(Math.max(columns, 60), 100)
  }

  /** Shows what is being done, on a terminal only. The next call replaces it. */
  progress(text: string): void {
    if (!this.#live) return
    this.stop()
    let frame = 0
    const draw = () => this.#err.write(`\r\u001b[2K${FRAMES[frame++ % FRAMES.length]} ${text}…`)
    draw()
    this.#spinning = setInterval(draw, FRAME_MS).unref()
  }

  /** Takes the progress line away. */
  stop(): void {
    if (!this.#spinning) return
    clearInterval(this.#spinning)
    this.#spinning = null
    this.#err.write('\r\u001b[2K')
  }

  print(text: string): void {
    this.stop()
    if (text !== '') this.#out.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  printError(text: string): void {
    this.stop()
    this.#err.write(`${text}\n`)
  }

  mark(mark: Mark): string {
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

  /** A line with its mark, and what to do indented below it. */
  line(mark: Mark, text: string, below?: string): string {
    const body = wrap(text, this.width - 2)
    const head = `${this.mark(mark)} ${body.join('\n  ')}`
    if (!below) return head
    const arrow = this.colours.dim('→')
    return `${head}\n  ${arrow} ${wrap(below, this.width - 4).join('\n    ')}`
  }

  /** Columns aligned by their widest cell; `bold` header. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): string {
    const widths = header.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => visibleLength(row[column] ?? ''))),
    )
    const render = (cells: readonly string[]) =>
      cells
        .map((cell, column) => cell + ' '.repeat(Math.max(0, widths[column]! - visibleLength(cell))))
        .join('  ')
        .trimEnd()
    return [this.colours.dim(render(header)), ...rows.map(render)].join('\n')
  }

  /** `label  value` lines, labels dimmed and aligned. */
  facts(entries: readonly (readonly [string, string | null])[]): string {
    const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== null)
    const width = Math.max(...shown.map(([label]) => label.length))
    return shown.map(([label, value]) => `  ${this.colours.dim(label.padEnd(width))}  ${value}`).join('\n')
  }
}

/** Breaks a text at blanks; what has no blank stays whole, so that addresses and commands can be copied. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    let line = ''
    // what stands in `backquotes` is typed as it is and must not be cut
    for (const word of paragraph.match(/`[^`]*`\S*|\S+/g) ?? []) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line)
        line = ''
      }
      line += (line === '' ? '' : ' ') + word
    }
    return [...lines, line]
  })
}

// eslint-disable-next-line no-control-regex -- colour codes take no room
const visibleLength = (text: string): number => text.replace(/\u001b\[\d+m/g, '').length
