import { readFileSync } from 'node:fs'
import type { Part, Row, Table } from './part.js'

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
/** Kept by hand: what a number was before a change, and after it. */
const HISTORY = readFileSync(new URL('history.md', import.meta.url), 'utf8')

/** The page of the documentation. */
export function benchPage(
  parts: readonly Part[],
  { date, machine, load, busy, long, seconds }: Circumstances,
): string {
  const about = parts.map(
    ({ title, how, tables }) => `## ${title}\n\n${how}\n\n${tables.map(tableText).join('\n\n')}`,
  )
  return `# Speed and scale, measured

<!-- Written by \`npm run bench\`. -->

\`npm run bench\` measures this again, and writes this page; \`npm run bench -- --long\` adds 50 and 1,000 connections, and the
server's memory over five minutes. This is the ${long ? 'long' : 'short'} form, which took ${Math.round(seconds / 60)} min. ${date}, ${machine}. Load average ${load[0].toFixed(2)} before and
${load[1].toFixed(2)} after${busy ? ': **a busy machine**. Others were at work on it; times are worse than they would be, and only what stands side by side in one table can be compared' : ''}.

${about.join('\n\n')}

${HISTORY}`
}

function tableText({ title, rows, bars, picture }: Table): string {
  const [first] = rows
  if (!first) return `### ${title}\n\nNothing was measured.`
  const names = Object.keys(first)
  const longest = bars ? Math.max(...rows.map((row) => Number(row[bars]) || 0)) : 0
  const head = [...names, ...(bars ? [`${bars.replace(/,.*/, '')}`] : [])]
  const line = (row: Row) => [
    ...names.map((name) => cell(row[name])),
    ...(bars ? [bar((Number(row[bars]) || 0) / (longest || 1))] : []),
  ]
  return [
    `### ${title}\n`,
    ...[head, head.map(() => '---'), ...rows.map(line)].map((cells) => `| ${cells.join(' | ')} |`),
    ...(picture ? ['', '```text', ...picture, '```'] : []),
  ].join('\n')
}

const bar = (share: number) => '█'.repeat(Math.max(1, Math.round(BAR * share)))

function cell(value: Row[string] | undefined): string {
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 2 })
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = (value ?? '').replaceAll('|', '\\|')
  return text.startsWith('<') ? `\`${text}\`` : text
}
