import { linesOf, type FileLine } from './audit-lines.js'
import { AuditSummary, type AuditEntry } from './audit-summary.js'

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
}

/** Reads an audit and counts what the filter lets through. @throws a system error where the file can't be read */
export async function readAudit(
  path: string,
  { kid, eventId, since = -Infinity }: AuditFilter,
  progress?: (share: number) => void,
): Promise<AuditReading> {
  const summary = new AuditSummary()
  const reading: AuditReading = { summary, lines: 0, strange: { count: 0, first: null }, torn: false }
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
  for await (const lines of linesOf(path, progress)) lines.forEach(read)
  return reading
}

const MOST_CHARACTERS = 512

/** A line of the audit; null: it is something else. */
function readEntry(text: string): AuditEntry | null {
  let row: Record<string, unknown> | null
  try {
    row = JSON.parse(text) as Record<string, unknown> | null
  } catch {
    return null
  }
  const { time, kid, event_id: eventId, user_id: userId, exp, network } = row ?? {}
  const at = typeof time === 'string' ? Date.parse(time) : NaN
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS
  if (!isText(kid) || !isText(eventId) || !isText(userId) || Number.isNaN(at)) return null
  const ends = typeof exp === 'number' ? exp * 1000 : Date.parse(String(exp))
  if (!Number.isFinite(ends)) return null
  return { time: at, kid, eventId, userId, exp: ends, network: isText(network) ? network : null }
}
