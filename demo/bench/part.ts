import type { Aim } from '../../packages/server/bench/aim.js'

export type Row = Record<string, string | number | boolean>

/** One table of the benchmark's page. */
export interface Table {
  title: string
  /** Which column the bars show; it holds numbers. */
  bars?: string
  rows: Row[]
  /** What happened over time: lines of text, drawn. */
  picture?: string[]
}

/** An aim of the page. */
export interface NamedAim extends Aim {
  /** The figure, with its unit. */
  what: string
}

/** What one part of the benchmark has found. */
export interface Part {
  title: string
  /** How it was measured. */
  how: string
  aims?: NamedAim[]
  tables: Table[]
}

/** Why a part can't be measured on this machine: what to install. */
export class NotInstalled extends Error {}

/** When and where a chapter was measured. */
export interface Circumstances {
  date: string
  machine: string
  /** Average of the minute before the run. */
  load: number
  /** Whether what takes long was measured too. */
  long: boolean
}

/** A part as the page has it. */
export interface Chapter extends Part {
  circumstances: Circumstances
}

/** The parts measured last, by name; `measured.json` keeps them. */
export type Chapters = Record<string, Chapter>

/** From this load average on, times say more about the other programs. */
const BUSY = 1.5
export const isBusy = (load: number): boolean => load > BUSY

export const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits))

/** The value below which this share of the sorted values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]) => quantile(values, 0.5)

const HEIGHTS = '▁▂▃▄▅▆▇█'
/** Columns of a picture. */
const COLUMNS = 60

/** A line that rises and falls with the values, over a column for each group of them; a blank is nothing at all. */
export function drawn(values: readonly number[]): string {
  const group = Math.ceil(values.length / COLUMNS)
  const columns = Array.from({ length: Math.ceil(values.length / group) }, (_, column) =>
    Math.max(...values.slice(column * group, (column + 1) * group)),
  )
  const most = Math.max(...columns)
  const height = (value: number) =>
    value > 0 ? HEIGHTS[Math.min(HEIGHTS.length - 1, Math.floor((value / most) * HEIGHTS.length))]! : ' '
  return columns.map(height).join('')
}

/** Where moments lie between nothing and the last of all, as letters on a line. */
export function marked(moments: Readonly<Record<string, number>>, last: number): string {
  const line = Array.from({ length: COLUMNS }, () => ' ')
  const at = (value: number) => Math.min(COLUMNS - 1, Math.max(0, Math.round((value / last) * (COLUMNS - 1))))
  line.fill('─', 0, at(Math.max(...Object.values(moments))))
  for (const [letter, value] of Object.entries(moments)) line[at(value)] = letter
  return line.join('').trimEnd()
}
