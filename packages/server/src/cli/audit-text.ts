import { keyState, type KeyRing } from '../keys/key-state.js'
import type { AuditReading } from './audit-read.js'
import type { AuditSummary, NamedTally } from './audit-summary.js'
import type { Unusual } from './audit-unusual.js'
import { shown, stacked, type Shown } from './shown.js'
import type { Terminal } from './terminal.js'
import { momentText } from './time-text.js'

const MOST_ROWS = 20
const iso = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString() : null)

/** The same for `--json`. */
export function auditFacts({ summary, lines, strange, torn }: AuditReading, now: number) {
  const { total, visitors, complete, busiest } = summary
  const rows = (tallies: ReadonlyMap<string, NamedTally>) =>
    [...tallies].map(([name, tally]) => ({
      name,
      tokens: tally.tokens,
      visitors: tally.visitors,
      first: iso(tally.first),
      last: iso(tally.last),
    }))
  return {
    lines,
    strangeLines: strange.count,
    torn,
    tokens: total.tokens,
    visitors: visitors.size,
    visitorsComplete: complete,
    visitorsWithLiveTokens: summary.alive(now),
    first: iso(total.first),
    last: iso(total.last),
    busiestMinute: busiest.tokens > 0 ? { at: iso(busiest.minute), tokens: busiest.tokens } : null,
    keys: rows(summary.kids),
    streams: rows(summary.events),
  }
}

export const visitorList = (summary: AuditSummary): Shown => stacked(...summary.visitors.keys())

export function auditLines(
  { summary, lines, torn }: AuditReading,
  ring: KeyRing | null,
  unusual: readonly Unusual[],
  terminal: Terminal,
  now: number,
): Shown[] {
  const { total, busiest } = summary
  if (total.tokens === 0) {
    const text = lines === 0 ? 'the file is empty' : `none of its ${lines} lines fits`
    return [terminal.line('info', text, 'CHAT_AUDIT on the token server names the file that it writes.')]
  }
  const facts = terminal.facts([
    ['tokens', String(total.tokens)],
    ['visitors', `${visitorCount(summary)}, ${summary.alive(now)} of them with a token that lives`],
    ['first', momentText(new Date(total.first).toISOString())],
    ['last', momentText(new Date(total.last).toISOString())],
    ['busiest minute', `${momentText(new Date(busiest.minute).toISOString())}, ${busiest.tokens} tokens`],
  ])
  return [
    facts,
    table('KEY', summary.kids, terminal, (kid) => stateOf(kid, ring, now)),
    table('STREAM', summary.events, terminal),
    stacked(
      ...unusual.map(({ status, code, message, remediation }) =>
        terminal.line(status, shown`${message} ${terminal.colours.dim(`(${code})`)}`, remediation),
      ),
      unusual.length === 0 && terminal.line('ok', 'nothing unusual'),
      ring === null &&
        terminal.line(
          'skip',
          'no key ring here: whether the keys are ours was not compared',
          'Run it with CHAT_KEY_DIR, where the keys are.',
        ),
      torn && terminal.line('info', 'the last line is cut off, or was just being written: left out'),
    ),
  ]
}

/** `12,345`, or that there are more than are kept apart. */
export const visitorCount = ({ visitors, complete }: AuditSummary): string =>
  complete ? String(visitors.size) : `more than ${visitors.size}`

function table(
  title: string,
  tallies: ReadonlyMap<string, NamedTally>,
  terminal: Terminal,
  state?: (name: string) => string,
): Shown {
  const rows = [...tallies]
    .sort(([, a], [, b]) => b.last - a.last)
    .map(([name, { tokens, visitors, first, last }]) => [
      name,
      ...(state ? [state(name)] : []),
      String(tokens),
      String(visitors),
      momentText(new Date(first).toISOString()),
      momentText(new Date(last).toISOString()),
    ])
  const more = rows.length - MOST_ROWS
  return stacked(
    terminal.table(
      [
        { title },
        ...(state ? [{ title: 'STATE' }] : []),
        { title: 'TOKENS' },
        { title: 'VISITORS' },
        { title: 'FIRST', optional: true },
        { title: 'LAST' },
      ],
      rows.slice(0, MOST_ROWS),
    ),
    more > 0 && `… and ${more} more`,
  )
}

function stateOf(kid: string, ring: KeyRing | null, now: number): string {
  if (!ring) return '?'
  const key = ring.keys.find((known) => known.kid === kid)
  return key ? keyState(key, now) : 'not ours'
}
