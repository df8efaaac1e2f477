import { createReadStream } from 'node:fs'
import { parseAuditLine } from '../audit/audit-line.js'
import { untilAborted } from '../net/limits.js'

/** A line of the audit log has a few hundred. Bytes. */
const MAX_LINE_BYTES = 16 * 1024
/** Longer names are not ours. Characters. */
const MAX_NAME_LENGTH = 512
/** Beyond this, only tokens are counted, so that memory is bounded. */
export const MAX_VISITORS = 200_000
/** Beyond this many keys, streams or networks, the rest is not counted. */
const MAX_NAMES = 10_000
const NEWLINE = 0x0a

export interface AuditFilter {
  kid?: string | undefined
  eventId?: string | undefined
  /** ms since the epoch */
  since?: number | undefined
}

/** What an audit log comes to. Times in ms since the epoch. */
export interface AuditSummary {
  lines: number
  /** Lines that are not of an audit log, and the number of the first. */
  strange: { count: number; first: number | null }
  /** The last line has no end: it was cut off, or is being written. */
  isTorn: boolean
  /** The signal aborted before the end of the file. */
  isPartial: boolean
  tokens: number
  first: number
  last: number
  /** `user_id` → the end of their last token. */
  visitors: Map<string, number>
  /** False: there are more visitors than `visitors` holds. */
  isComplete: boolean
  networks: Set<string>
  /** Name → tokens. */
  kids: Map<string, number>
  events: Map<string, number>
}

/**
 * Reads an audit log of any size in bounded memory; `-` is standard input.
 * @param signal ends the read with a partial summary
 * @throws a system error where the file can't be read
 */
export async function readAudit(
  path: string,
  filter: AuditFilter,
  signal?: AbortSignal,
): Promise<AuditSummary> {
  const summary: AuditSummary = {
    lines: 0,
    strange: { count: 0, first: null },
    isTorn: false,
    isPartial: false,
    tokens: 0,
    first: Infinity,
    last: -Infinity,
    visitors: new Map(),
    isComplete: true,
    networks: new Set(),
    kids: new Map(),
    events: new Map(),
  }
  let number = 0
  const source = path === '-' ? process.stdin : createReadStream(path)
  try {
    for await (const lines of linesOf(untilAborted(source, signal))) {
      for (const { text, isTorn } of lines) {
        number += 1
        if (text?.trim() !== '') addLine(summary, filter, { text, isTorn, number })
      }
    }
  } catch (error) {
    if (!signal?.aborted) throw error
    summary.isPartial = true
  } finally {
    source.destroy()
  }
  return summary
}

function addLine(
  summary: AuditSummary,
  { kid, eventId, since = -Infinity }: AuditFilter,
  { text, isTorn, number }: FileLine & { number: number },
): void {
  summary.lines += 1
  const entry = text === null ? null : parseAuditLine(text)
  const names = entry ? [entry.kid, entry.event_id, entry.user_id, entry.network ?? 'none'] : ['']
  if (!entry || names.some((name) => name === '' || name.length > MAX_NAME_LENGTH)) {
    if (isTorn) summary.isTorn = true
    else {
      summary.strange.count += 1
      summary.strange.first ??= number
    }
    return
  }
  const time = Date.parse(entry.time)
  if (time < since || (kid ?? entry.kid) !== entry.kid || (eventId ?? entry.event_id) !== entry.event_id)
    return
  summary.tokens += 1
  summary.first = Math.min(summary.first, time)
  summary.last = Math.max(summary.last, time)
  count(summary.kids, entry.kid)
  count(summary.events, entry.event_id)
  if (entry.network !== null && summary.networks.size < MAX_NAMES) summary.networks.add(entry.network)
  const { visitors } = summary
  const known = visitors.get(entry.user_id)
  if (known === undefined && visitors.size >= MAX_VISITORS) summary.isComplete = false
  else visitors.set(entry.user_id, Math.max(known ?? 0, entry.exp * 1000))
}

function count(tokens: Map<string, number>, name: string): void {
  const known = tokens.get(name)
  if (known !== undefined || tokens.size < MAX_NAMES) tokens.set(name, (known ?? 0) + 1)
}

interface FileLine {
  /** null: too long for an audit log. */
  text: string | null
  isTorn: boolean
}

/** Splits a file into lines; a batch for each chunk, since one `await` a line costs more than reading it. */
export async function* linesOf(source: AsyncIterable<Buffer | string>): AsyncGenerator<FileLine[]> {
  let parts: Buffer[] = []
  let size = 0
  const take = (isTorn: boolean): FileLine => {
    const text = size > MAX_LINE_BYTES ? null : Buffer.concat(parts).toString('utf8')
    parts = []
    size = 0
    return { text, isTorn }
  }
  const keep = (part: Buffer) => {
    if (size <= MAX_LINE_BYTES) parts.push(Buffer.from(part))
    size += part.length
  }
  for await (const data of source) {
    const chunk = Buffer.from(data as Buffer)
    const lines: FileLine[] = []
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end))
      lines.push(take(false))
      from = end + 1
    }
    if (from < chunk.length) keep(chunk.subarray(from))
    yield lines
  }
  if (size > 0) yield [take(true)]
}
