import { readEventId } from '../kinescope/event-id.js'
import { readAudit, type AuditFilter, type AuditSummary } from './audit-reader.js'
import { textFlag, UsageProblem, type Call, type Command } from './command.js'
import { givenMoment } from './given-input.js'
import { escaped, spaced, stacked, Shown, momentText, type Terminal } from './terminal.js'

/** `--json` has all rows. */
const MAX_ROWS = 20

export const audit: Command = {
  name: 'audit',
  args: ['FILE'],
  summary: 'show who got tokens: counts, visitors, first and last',
  flags: {
    kid: { value: 'KID', meaning: 'only tokens signed with this key' },
    event: { value: 'ID', meaning: 'only tokens for this stream' },
    since: {
      value: 'T',
      meaning: 'only tokens since then: 2026-11-25, 2026-11-25T18:00Z, or 24h, 7d, 30min ago',
    },
    visitors: { meaning: 'print only the user_id of each visitor, one a line' },
  },
  notes: [
    'FILE is the file that CHAT_AUDIT names on the token server; - reads standard input. For rotated files: `zcat -f audit.jsonl.* | kinescope-chat-server audit -`.',
  ],
  async run(call) {
    const { terminal, now } = call
    const path = call.args[0]!
    terminal.progress(`Reading ${path}`)
    const summary = await readAudit(path, readFilter(call))
    const isList = call.flags['visitors'] === true
    const userIds = [...summary.visitors.keys()]
    return {
      exit: isForeign(summary) ? 1 : 0,
      data: { ...facts(summary, now()), ...(isList ? { userIds } : {}) },
      text: isList ? listText(userIds) : summaryText(summary, terminal, now()),
    }
  },
}

/** Whether no line is from an audit log. With `CHAT_AUDIT=-`, a file also has lines of the server's log. */
const isForeign = ({ lines, strange }: AuditSummary): boolean => lines > 0 && strange.count === lines

/** Without a spread: there may be more visitors than a call can have arguments. */
const listText = (lines: readonly string[]): Shown => Shown.ours(lines.map(escaped).join('\n'))

function readFilter(call: Call): AuditFilter {
  const since = textFlag(call, 'since')
  const event = textFlag(call, 'event')
  const at = since === undefined ? undefined : givenMoment(since, call.now())
  if (at === null) {
    throw new UsageProblem(
      '--since is not a time',
      'Write, for example, --since 2026-11-25T18:00Z or --since 24h.',
    )
  }
  return {
    kid: textFlag(call, 'kid'),
    eventId: event === undefined ? undefined : readEventId(event),
    since: at,
  }
}

/** `12345`, or that there are more than are counted. */
export const visitorCount = ({ visitors, isComplete }: AuditSummary): string =>
  isComplete ? String(visitors.size) : `more than ${visitors.size}`

/** Visitors who may have a token that is still valid. */
export const visitorsWithTokens = ({ visitors }: AuditSummary, now: number): number =>
  [...visitors.values()].filter((end) => end > now).length

const iso = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString() : null)

function facts(summary: AuditSummary, now: number) {
  const { lines, strange, isTorn, tokens, first, last, visitors, isComplete, networks, kids, events } =
    summary
  const rows = (counts: ReadonlyMap<string, number>) =>
    [...counts].map(([name, count]) => ({ name, tokens: count }))
  return {
    lines,
    strangeLines: strange.count,
    torn: isTorn,
    tokens,
    visitors: visitors.size,
    visitorsComplete: isComplete,
    visitorsWithLiveTokens: visitorsWithTokens(summary, now),
    networks: networks.size,
    first: iso(first),
    last: iso(last),
    keys: rows(kids),
    streams: rows(events),
  }
}

function summaryText(summary: AuditSummary, terminal: Terminal, now: number): Shown {
  const { lines, strange, isTorn, tokens, first, last, networks, kids, events } = summary
  const notes = stacked(
    strange.count > 0 &&
      terminal.line(
        'warn',
        `${strange.count} of ${lines} lines are not from an audit log; the first is line ${strange.first}`,
        'They were not counted. Check that FILE is the file that CHAT_AUDIT names.',
      ),
    isTorn && terminal.line('info', 'the last line is incomplete and was not counted'),
  )
  if (isForeign(summary)) return notes
  if (tokens === 0) {
    const [why, remedy] =
      lines === 0
        ? ['the file is empty', 'CHAT_AUDIT on the token server names the file.']
        : [`none of ${lines} lines matches`, 'Check --kid, --event and --since.']
    return stacked(terminal.line('info', why, remedy), notes)
  }
  return spaced(
    terminal.facts([
      ['tokens', String(tokens)],
      [
        'visitors',
        `${visitorCount(summary)}; ${visitorsWithTokens(summary, now)} may still have a valid token`,
      ],
      ['networks', String(networks.size)],
      ['first', momentText(iso(first)!)],
      ['last', momentText(iso(last)!)],
    ]),
    table('KEY', kids, terminal),
    table('STREAM', events, terminal),
    ...(notes.ansi === '' ? [] : [notes]),
  )
}

function table(title: string, counts: ReadonlyMap<string, number>, terminal: Terminal): Shown {
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => [name, String(count)])
  const more = rows.length - MAX_ROWS
  return stacked(
    terminal.table([{ title }, { title: 'TOKENS' }], rows.slice(0, MAX_ROWS)),
    more > 0 && `… and ${more} more`,
  )
}
