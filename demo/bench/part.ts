export type Row = Record<string, string | number | boolean>

/** One table of the benchmark's page. */
export interface Table {
  title: string
  /** Which column the bars show; it holds numbers. */
  bars?: string
  rows: Row[]
}

/** What one part of the benchmark has found. */
export interface Part {
  title: string
  /** How it was measured. */
  how: string
  tables: Table[]
}

export const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits))

/** The value below which this share of the sorted values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (values: readonly number[]) => quantile(values, 0.5)
