import { readFileSync } from 'node:fs'
import { isMet } from '../../packages/server/bench/aim.js'
import type { NamedAim, Part, Row, Table } from './part.js'

export interface Circumstances {
  date: string
  machine: string
  /** Of the last minute, before the first part and after the last. */
  load: readonly [number, number]
  busy: boolean
  /** Whether what takes long was measured too. */
  long: boolean
  /** Of all parts. */
  seconds: number
}

const BAR = 24
/** Kept by hand: the figures before and after a change, and those that other tests measure. */
const HISTORY = readFileSync(new URL('history.md', import.meta.url), 'utf8')

/** The page of the documentation. */
export function benchPage(
  parts: readonly Part[],
  { date, machine, load, busy, long, seconds }: Circumstances,
): string {
  const about = parts.map(
    ({ title, how, tables }) => `## ${title}\n\n${how}\n\n${tables.map(tableText).join('\n\n')}`,
  )
  const aims = parts.flatMap((part) => part.aims ?? [])
  return `# Speed and scale, measured

<!-- Written by \`npm run bench\`. -->

\`npm run bench\` measures all of this and writes this page. \`npm run bench -- --long\` adds 50 and 1,000 connections, and the
server's memory over five minutes. This is the ${long ? 'long' : 'short'} form, which took ${Math.round(seconds / 60)} min. ${date}, ${machine}. Load average ${load[0].toFixed(2)} before and
${load[1].toFixed(2)} after${busy ? ': **a busy machine**. Other programs ran on it, so times are too long. Compare figures only within one table' : ''}.

${aims.length > 0 ? `## The aims\n\n${tableLines(aimRows(aims)).join('\n')}\n\n` : ''}${about.join('\n\n')}

${HISTORY}`
}

/** What was to be reached, and whether it was; in the console and on the page. */
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
