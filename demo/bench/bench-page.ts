import type { Part, Row, Table } from './part.js'

export interface Circumstances {
  date: string
  machine: string
  /** Of the last minute, before the first part and after the last. */
  load: readonly [number, number]
  busy: boolean
}

const BAR = 24

/** The page of the documentation. */
export function benchPage(parts: readonly Part[], { date, machine, load, busy }: Circumstances): string {
  const about = parts.map(
    ({ title, how, tables }) => `## ${title}\n\n${how}\n\n${tables.map(tableText).join('\n\n')}`,
  )
  return `# Speed and scale, measured

<!-- Written by \`npm run bench\`. -->

\`npm run bench\` measures this again, and writes this page. ${date}, ${machine}. Load average ${load[0].toFixed(2)} before and
${load[1].toFixed(2)} after${busy ? ': **a busy machine**. Others were at work on it; times are worse than they would be, and only what stands side by side in one table can be compared' : ''}.

${about.join('\n\n')}
`
}

function tableText({ title, rows, bars }: Table): string {
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
  ].join('\n')
}

const bar = (share: number) => '█'.repeat(Math.max(1, Math.round(BAR * share)))

function cell(value: Row[string] | undefined): string {
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 2 })
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const text = (value ?? '').replaceAll('|', '\\|')
  return text.startsWith('<') ? `\`${text}\`` : text
}
