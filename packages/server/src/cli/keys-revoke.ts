import { stat } from 'node:fs/promises'
import { keyState, signers, type KeyRing } from '../keys/key-ring.js'
import { revoke } from '../keys/revoke.js'
import type { KeyWork } from '../keys/steps.js'
import { readExistingRing } from '../keys/store/ring-store.js'
import { DRY_RUN_FLAG, isDryRun, UsageProblem, YES_FLAG, type Command, type Call } from './command.js'
import {
  actionLines,
  BITS_FLAG,
  bitsOf,
  BY_HAND_FLAG,
  KEY_SETTINGS,
  LIFE_FLAG,
  dryRunOutcome,
  ringOptions,
  withKeys,
} from './key-command.js'
import { stacked, type Shown } from './terminal.js'
import { raceWithSignal, startDeadline } from '../net/limits.js'
import { visitorCount, visitorsWithTokens } from './audit.js'
import { readAudit } from './audit-reader.js'

export const keysRevoke: Command = {
  name: 'keys revoke',
  args: ['[KID]'],
  summary: 'take a leaked key out of service at once',
  flags: {
    all: { meaning: 'every key of the ring: the whole directory leaked' },
    ...BITS_FLAG,
    ...LIFE_FLAG,
    ...BY_HAND_FLAG,
    ...DRY_RUN_FLAG,
    ...YES_FLAG,
  },
  settings: KEY_SETTINGS,
  notes: [
    'Deletes the old key at Kinescope. The registered spare, or a new key, signs at once. All tokens of the old key become invalid, so every open page needs a new one.',
  ],
  async run(call) {
    const { terminal, now, flags, args } = call
    const [kid] = args
    if ((kid === undefined) === (flags['all'] !== true)) {
      throw new UsageProblem(
        kid === undefined ? 'keys revoke needs KID or --all' : 'KID and --all are both given',
        'Write: kinescope-chat-server keys revoke KID (see `kinescope-chat-server keys list`).',
      )
    }
    const bits = bitsOf(call)
    const kidsOf = (ring: KeyRing) =>
      kid !== undefined
        ? [kid]
        : ring.keys.filter((key) => keyState(key, now()) !== 'removed').map((key) => key.kid)
    if (!isDryRun(call)) {
      // before the lock: the operator may take long to answer
      const ring = await readExistingRing(ringOptions(call).location)
      const danger = revocationDanger(ring, kidsOf(ring), now())
      if (danger) await call.confirm(danger)
    }
    const { result, actions } = await withKeys(call, async (work) => {
      const unclaimed = kid === undefined ? reportUnclaimed(work) : []
      const result = await revoke(work, kidsOf(work.store.ring), { bits })
      return { ...result, refused: [...unclaimed, ...result.refused] }
    })
    if (isDryRun(call)) return dryRunOutcome(call, actions)
    const { revoked } = result
    const done = stacked(
      ...actionLines(actions, terminal, now()),
      revoked.length > 0 &&
        terminal.line(
          'warn',
          `All tokens signed with ${revoked.join(', ')} are invalid${flags['by-hand'] ? ' once the DELETE request is sent' : ''}.`,
          'Open pages get a new token at their next request. Tell visitors who must sign in again. Check the logs for misuse of the key.',
        ),
    )
    // before the audit log is read: that may take long
    if (flags['json'] !== true) terminal.print(done)
    const { lines, affected } =
      revoked.length > 0 ? await affectedLines(call, revoked) : { lines: [], affected: null }
    return {
      exit: result.refused.length > 0 ? 1 : 0,
      data: { ...result, affected, actions },
      text: stacked(...lines),
    }
  },
}

/** Names the private keys that `--all` can't revoke: the ring doesn't say how Kinescope knows them. */
function reportUnclaimed({ store, report }: KeyWork): readonly string[] {
  for (const file of store.unknownFiles) {
    report({
      action: 'refused',
      what: file,
      code: 'private-key-unclaimed',
      message: `${file} is not in the ring, so its key is not revoked`,
      remediation:
        'Run `kinescope-chat-server keys reconcile`: it adopts the key if Kinescope lists it. Then revoke it.',
    })
  }
  return store.unknownFiles
}

/** An audit log may be large, and the operator is in a hurry. */
const AUDIT_MS = 20_000

/** What revoking these keys does to visitors; null if no valid token is signed with them. */
function revocationDanger(ring: KeyRing, kids: readonly string[], now: number): string | null {
  const [signer, ...others] = signers(ring, now).map(({ key }) => key)
  if (!signer) return null
  if (!kids.includes(signer.kid)) {
    const replaced = others
      .filter((key) => kids.includes(key.kid) && keyState(key, now) !== 'published')
      .map((key) => key.kid)
    return replaced.length === 0
      ? null
      : `${replaced.join(', ')} signed until the last rotation: all tokens from before it become invalid, and visitors with one are disconnected from the chats until their page gets a new token`
  }
  const isReady = ring.keys.some(
    (key) => !kids.includes(key.kid) && ['published', 'active'].includes(keyState(key, now)),
  )
  const danger = `${signer.kid} signs now: all its tokens become invalid, and everyone is disconnected from the chats until their page gets a new token`
  return isReady
    ? danger
    : `${danger}. No other key is registered, so no one can enter before Kinescope has registered a new key`
}

/** Counts the visitors that had tokens of revoked keys, or says how to find out. */
async function affectedLines(
  call: Call,
  kids: readonly string[],
): Promise<{ lines: Shown[]; affected: { kid: string; visitors: number }[] | null }> {
  const { terminal, env, now } = call
  const path = env['CHAT_AUDIT']
  if (!path || path === '-') {
    const line = terminal.line(
      'info',
      'The token server’s audit log (CHAT_AUDIT) shows which visitors had its tokens.',
      `Run \`kinescope-chat-server audit FILE --kid ${kids[0] ?? 'KID'}\`; \`--visitors\` lists them.`,
    )
    return { lines: [line], affected: null }
  }
  const lines: Shown[] = []
  const affected: { kid: string; visitors: number }[] = []
  const deadline = startDeadline(AUDIT_MS)
  for (const kid of kids) {
    terminal.progress(`Reading ${path}`)
    try {
      // a pipe has another reader, whose lines this would take
      if (!(await raceWithSignal(stat(path), deadline.signal)).isFile()) throw new Error('no regular file')
      const summary = await readAudit(path, { kid }, deadline.signal)
      affected.push({ kid, visitors: summary.visitors.size })
      const count = `${summary.isPartial ? 'at least ' : ''}${visitorCount(summary)}`
      lines.push(
        terminal.line(
          'info',
          `Visitors that had tokens of ${kid}: ${count}, from ${summary.networks.size} networks; ${visitorsWithTokens(summary, now())} tokens were still valid.`,
          `Run \`kinescope-chat-server audit ${path} --kid ${kid} --visitors\` to list them. Rotated files have more.`,
        ),
      )
    } catch (error) {
      // the key is revoked; an unreadable audit log must not look like a failure of that
      const { code = 'unreadable' } = error as { code?: string }
      lines.push(
        terminal.line(
          'warn',
          `can’t read ${path} (${code}), so the visitors with tokens of ${kid} are unknown`,
          `Run \`kinescope-chat-server audit FILE --kid ${kid}\` where the token server writes it.`,
        ),
      )
    }
  }
  deadline.clear()
  return { lines, affected }
}
