import { readFileSync } from 'node:fs'
import { isMet } from '../../packages/server/bench/aim.js'
import {
  isBusy,
  type Chapter,
  type Chapters,
  type Circumstances,
  type NamedAim,
  type Row,
  type Table,
} from './part.js'

const BAR = 24
/** The figures before and after a change, edited manually. */
const HISTORY = readFileSync(new URL('history.md', import.meta.url), 'utf8')

/** Returns the documentation page, with the chapters in order. */
export function benchPage(chapters: Chapters): string {
  const measured = Object.values(chapters)
  const aims = measured.flatMap((chapter) =>
    aimRows(chapter.aims ?? []).map((row) => ({ ...row, chapter: linkTo(chapter) })),
  )
  return `# Speed and scale, measured

<!-- Written by \`npm run bench\`. -->

\`npm run bench\` measures everything and writes this page. \`npm run bench -- size php\` measures two parts and writes their
chapters. \`npm run bench -- --long\` adds 50 and 1,000 connections, and the server's memory over five minutes. If a part can't run
on a machine, its chapter stays as it was. Each chapter says when it was measured and the load average before. Other programs
make times too long: on a busy machine, compare figures only within one table.

## The aims

${tableLines(aims).join('\n')}

${measured.map(chapterText).join('\n\n')}

${HISTORY}`
}

function chapterText({ title, how, tables, circumstances }: Chapter): string {
  return [`## ${title}`, how, circumstancesText(circumstances), ...tables.map(tableText)].join('\n\n')
}

function circumstancesText({ date, machine, load, long }: Circumstances): string {
  const busy = isBusy(load) ? ': **a busy machine**' : ''
  return `${long ? 'Long' : 'Short'} form, ${date}, ${machine}, load average ${load.toFixed(2)}${busy}.`
}

/** Links to the anchor that GitHub and the documentation site generate for a heading. */
const linkTo = ({ title }: Chapter): string => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`

/** A row for each aim: its limit, the measured figure and whether it meets the limit. For the console and the page. */
export const aimRows = (aims: readonly NamedAim[]): Row[] =>
  aims.map((aim) => ({
    figure: aim.what,
    aim: `${aim.bound} ${aim.limit}`,
    measured: aim.measured,
    met: isMet(aim),
  }))

function tableText({ title, rows, bars, picture }: Table): string {
  if (rows.length === 0) return `### ${title}\n\nNothing was measured.`
  const drawnOverTime = picture ? ['', '```text', ...picture, '```'] : []
  return [`### ${title}\n`, ...tableLines(rows, bars), ...drawnOverTime].join('\n')
}

function tableLines(rows: readonly Row[], bars?: string): string[] {
  const [first = {}] = rows
  const names = Object.keys(first)
  const longest = bars ? Math.max(...rows.map((row) => Number(row[bars]) || 0)) : 0
  const head = [...names, ...(bars ? [`${bars.replace(/,.*/, '')}`] : [])]
  const line = (row: Row) => [
    ...names.map((name) => cell(row[name])),
    ...(bars ? [bar((Number(row[bars]) || 0) / (longest || 1))] : []),
  ]
  return [head, head.map(() => '---'), ...rows.map(line)].map((cells) => `| ${cells.join(' | ')} |`)
}

const bar = (share: number) => '█'.repeat(Math.max(1, Math.round(BAR * share)))

function cell(value: Row[string] | undefined): string {
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 2 })
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = (value ?? '').replaceAll('|', '\\|')
  return text.startsWith('<') ? `\`${text}\`` : text
}
