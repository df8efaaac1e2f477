import { parseAuditLine } from '../audit/audit-line.js'
import { linesOf, type FileLine } from './audit-lines.js'
import { AuditSummary, type TokenFact } from './audit-summary.js'

export interface AuditFilter {
  kid?: string | undefined
  eventId?: string | undefined
  /** ms since the epoch */
  since?: number | undefined
}

export interface AuditReading {
  summary: AuditSummary
  lines: number
  /** Lines that are none of an audit's, and the number of the first. */
  strange: { count: number; first: number | null }
  /** The last line has no end: it was cut off, or is being written. */
  torn: boolean
  /** The time was over before the file was. */
  cut: boolean
}

/** Reads an audit and counts what the filter lets through. @throws a system error where the file can't be read */
export async function readAudit(
  path: string,
  { kid, eventId, since = -Infinity }: AuditFilter,
  progress?: (share: number) => void,
  signal?: AbortSignal,
): Promise<AuditReading> {
  const summary = new AuditSummary()
  const reading: AuditReading = {
    summary,
    lines: 0,
    strange: { count: 0, first: null },
    torn: false,
    cut: false,
  }
  const read = ({ number, text, torn }: FileLine) => {
    if (text?.trim() === '') return
    reading.lines += 1
    const entry = text === null ? null : readEntry(text)
    if (!entry && torn) reading.torn = true
    else if (!entry) {
      reading.strange.count += 1
      reading.strange.first ??= number
    } else if (
      entry.time >= since &&
      (kid === undefined || entry.kid === kid) &&
      (eventId === undefined || entry.eventId === eventId)
    ) {
      summary.add(entry)
    }
  }
  for await (const lines of linesOf(path, progress)) {
    lines.forEach(read)
    reading.cut = signal?.aborted === true
    if (reading.cut) break
  }
  return reading
}

/** Longer names are no ids of ours, and would fill the memory. */
const MOST_CHARACTERS = 512

/** A line of the audit, its times in ms; null: it is something else. */
function readEntry(text: string): TokenFact | null {
  const entry = parseAuditLine(text)
  if (!entry) return null
  const { kid, event_id: eventId, user_id: userId, network } = entry
  if (
    [kid, eventId, userId, network ?? 'none'].some((name) => name === '' || name.length > MOST_CHARACTERS)
  ) {
    return null
  }
  return { time: Date.parse(entry.time), kid, eventId, userId, exp: entry.exp * 1000, network }
}
