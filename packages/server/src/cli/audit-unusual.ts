import type { KeyRing } from '../keys/key-state.js'
import type { AuditReading } from './audit-read.js'

/** Something in an audit that somebody should look at. */
export interface Unusual {
  status: 'warn' | 'fail'
  code: 'kid-unknown' | 'kid-revoked' | 'many-networks' | 'burst' | 'strange-lines'
  message: string
  remediation: string
}

/** Shown by name; `--json` and `--visitors` have the rest. */
const NAMED = 5
/** Replicas that have not yet seen a revocation. ms */
const GRACE_MS = 60_000

/** What is unusual: keys that should not sign, visitors from many networks, bursts. */
export function unusualIn({ summary, strange, lines }: AuditReading, ring: KeyRing | null): Unusual[] {
  const found: Unusual[] = []
  for (const [kid, { tokens, last }] of ring ? summary.kids : []) {
    const key = ring!.keys.find((known) => known.kid === kid)
    if (!key) {
      found.push({
        status: 'fail',
        code: 'kid-unknown',
        message: `${tokens} tokens were signed with ${kid}, which isn’t in the ring here`,
        remediation:
          'A server with other keys wrote here, or somebody else’s key is in use: find out where it comes from.',
      })
    } else if (key.revokedAt !== null && last > Date.parse(key.revokedAt) + GRACE_MS) {
      found.push({
        status: 'fail',
        code: 'kid-revoked',
        message: `${kid} signed until ${new Date(last).toISOString()}, after it was revoked (${key.revokedAt})`,
        remediation: 'A replica doesn’t follow the ring: look at its `/readyz` and restart it.',
      })
    }
  }
  const travellers = summary.travellers()
  if (travellers.length > 0) {
    found.push({
      status: 'warn',
      code: 'many-networks',
      message: `${visitors(travellers.length)} asked from many networks: ${named(travellers, (tally) => `${tally.networks.size}`)}`,
      remediation: 'A shared or stolen session looks like this; so does a company’s proxy.',
    })
  }
  const bursts = summary.bursts()
  if (bursts.length > 0) {
    found.push({
      status: 'warn',
      code: 'burst',
      message: `${visitors(bursts.length)} asked again and again within a minute: ${named(bursts, (tally) => `${tally.peak} a minute`)}`,
      remediation:
        'A page asks once an hour. A script, or a page that reloads itself; CHAT_RATE_LIMIT bounds it.',
    })
  }
  if (strange.count > 0) {
    found.push({
      status: 'warn',
      code: 'strange-lines',
      message: `${strange.count} of ${lines} lines are not an audit’s, the first is line ${strange.first}`,
      remediation: 'They were left out. Is the log of the server mixed in, or the wrong file given?',
    })
  }
  return found
}

const visitors = (count: number) => (count === 1 ? 'one visitor' : `${count} visitors`)

function named<T>(entries: readonly (readonly [string, T])[], say: (tally: T) => string): string {
  const shown = entries.slice(0, NAMED).map(([name, tally]) => `${name} (${say(tally)})`)
  return shown.join(', ') + (entries.length > NAMED ? ', …' : '')
}
