import { parse } from 'csv-parse/sync'
import { createReadStream } from 'node:fs'
import { readCapped } from '../net/limits.js'
import { UsageProblem } from './command.js'

/** A list of people is far smaller; a device may have no end. Bytes. */
const MAX_BYTES = 64 * 1024 * 1024
const DELIMITERS = [',', ';', '\t']

/** A row of a spreadsheet. */
export interface Row {
  /** As a spreadsheet numbers it; the header is 1. */
  number: number
  cells: readonly string[]
  /** The row's own text, without its line end. */
  text: string
}

export interface PeopleFile {
  header: Row
  rows: readonly Row[]
  delimiter: string
}

/** Reads a spreadsheet that was saved as CSV, with commas, semicolons or tabs. @throws UsageProblem */
export async function readPeopleFile(path: string): Promise<PeopleFile> {
  const { bytes, truncated } = await readCapped(createReadStream(path), MAX_BYTES)
  if (truncated) {
    throw new UsageProblem(`${path} is larger than 64 MiB`, 'Split it into several files.')
  }
  const text = decode(bytes, path).replace(/^\uFEFF/, '')
  const delimiter = delimiterOf(text)
  const [header, ...rows] = recordsOf(text, delimiter, path)
  if (!header || rows.length === 0) {
    throw new UsageProblem(`${path} has no rows`, 'The first row names the columns, then one person a row.')
  }
  const long = rows.find(({ cells }) => cells.length > header.cells.length)
  if (long) {
    throw new UsageProblem(
      `${path}: row ${long.number} has ${long.cells.length} columns and the header ${header.cells.length}`,
      `Put a cell that has "${delimiter === '\t' ? 'a tab' : delimiter}" in it in quotes.`,
    )
  }
  return { header, rows, delimiter }
}

export const isBlank = ({ cells }: Row): boolean => cells.every((cell) => cell.trim() === '')

/** The index of the first column with one of these names, in any case; -1 without one. */
export const columnOf = ({ header }: PeopleFile, names: readonly string[]): number => {
  const known = header.cells.map((cell) => cell.trim().toLowerCase())
  return names.map((name) => known.indexOf(name.toLowerCase())).find((index) => index >= 0) ?? -1
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageProblem(`${path} is not UTF-8`, 'Save it as "CSV UTF-8".')
  }
}

/** The character that the header has most. */
function delimiterOf(text: string): string {
  const [header = ''] = text.split(/\r?\n/, 1)
  const count = (delimiter: string) => header.split(delimiter).length
  return DELIMITERS.reduce((best, next) => (count(next) > count(best) ? next : best))
}

function recordsOf(text: string, delimiter: string, path: string): Row[] {
  try {
    const records = parse(text, {
      delimiter,
      raw: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
    }) as unknown as { record: string[]; raw: string }[]
    return records.map(({ record, raw }, index) => ({
      number: index + 1,
      cells: record,
      text: raw.replace(/^[\r\n]+|[\r\n]+$/g, ''),
    }))
  } catch (error) {
    const { lines } = error as { lines?: number }
    throw new UsageProblem(
      `${path} is not CSV${lines === undefined ? '' : `: line ${lines} has an open quote or a quote inside a cell`}`,
      'Save the spreadsheet as CSV again.',
    )
  }
}
