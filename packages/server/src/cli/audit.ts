import { readKeyRingConfig } from '../config.js'
import { OperatorProblem } from '../problem.js'
import { readStore } from '../keys/store/ring-store.js'
import type { KeyRing } from '../keys/key-state.js'
import { readEventId } from '../kinescope/event-id.js'
import { readAudit } from './audit-read.js'
import { auditFacts, auditLines, visitorList } from './audit-text.js'
import { unusualIn } from './audit-unusual.js'
import { settingFlags, textFlag, UsageProblem, type Call, type Command } from './command.js'
import { spaced, type Shown } from './shown.js'
import { readMoment } from './time-text.js'

export const audit: Command = {
  name: 'audit',
  args: ['FILE'],
  summary: 'who got tokens: how many, which visitors, and what is unusual',
  flags: {
    kid: { value: 'KID', meaning: 'only tokens signed with this key' },
    event: { value: 'ID', meaning: 'only tokens for this stream' },
    since: { value: 'T', meaning: 'only from then on: 2026-11-25, 2026-11-25T18:00Z, or 24h, 7d, 30min ago' },
    visitors: { meaning: 'print the user_id of every visitor, one a line, and nothing else' },
  },
  settings: ['CHAT_KEY_DIR', 'CHAT_KEY_SECRET'],
  notes: [
    'FILE is what CHAT_AUDIT names on the token server, plain or packed with gzip; - reads standard input, so that rotated files go in one after the other: `zcat -f audit.jsonl.* | kinescope-chat-server audit -`. A file of any size is read in bounded memory.',
    'Keys are compared with the ring in CHAT_KEY_DIR or CHAT_KEY_SECRET, where there is one. Ends with 1 where a key signed that it should not have.',
  ],
  async run(call) {
    const { terminal, now } = call
    const path = call.args[0]!
    const filter = readFilter(call)
    terminal.progress(`Reading ${path}`)
    let told = 0
    const reading = await readAudit(path, filter, (share) => {
      if (share - told < 0.01) return
      told = share
      terminal.progress(`Reading ${path}, ${Math.floor(share * 100)} %`)
    })
    const { ring, why } = await ringAt(call)
    const unusual = unusualIn(reading, ring)
    const { summary } = reading
    const list = call.flags['visitors'] === true
    return {
      exit: unusual.some(({ status }) => status === 'fail') ? 1 : 0,
      data: {
        ...auditFacts(reading, now()),
        unusual,
        comparedWithRing: ring !== null,
        ...(list ? { userIds: [...summary.visitors.keys()] } : {}),
      },
      text: list ? visitorList(summary) : spaced(...auditLines(reading, ring, unusual, terminal, now()), why),
    }
  },
}

function readFilter(call: Call) {
  const since = textFlag(call, 'since')
  const event = textFlag(call, 'event')
  const at = since === undefined ? undefined : readMoment(since, call.now())
  if (at === null) {
    throw new UsageProblem(
      '--since wants a moment or a time ago',
      'Write, for example, --since 2026-11-25T18:00Z or --since 24h.',
    )
  }
  return {
    kid: textFlag(call, 'kid'),
    eventId: event === undefined ? undefined : readEventId(event),
    since: at,
  }
}

/** The ring of this machine; null where there is none to compare with, and why that is where one should be. */
async function ringAt(call: Call): Promise<{ ring: KeyRing | null; why: Shown | null }> {
  const { location } = readKeyRingConfig(call.env, settingFlags(call))
  try {
    const { ring } = await readStore(location)
    return { ring: ring.keys.length > 0 ? ring : null, why: null }
  } catch (error) {
    // an audit may be read where the keys may not
    if (!(error instanceof OperatorProblem)) throw error
    return {
      ring: null,
      why: call.terminal.line('warn', `${error.message} (${error.code})`, error.remediation),
    }
  }
}
