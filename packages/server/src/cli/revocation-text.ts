import { startDeadline } from '../net/deadline.js'
import { signingKeyRecord, keyState, type KeyRing } from '../keys/key-state.js'
import { visitorCount, visitorsWithTokens } from './audit.js'
import { readAudit } from './audit-reader.js'
import type { Call } from './command.js'
import type { Shown } from './shown.js'

/** An audit log may be large, and the operator is in a hurry. */
const AUDIT_MS = 20_000

/** What revoking these keys does to visitors; null if none of them signs. */
export function revocationDanger(ring: KeyRing, kids: readonly string[], now: number): string | null {
  const signer = signingKeyRecord(ring, now)
  if (!signer || !kids.includes(signer.kid)) return null
  const isReady = ring.keys.some(
    (key) => !kids.includes(key.kid) && ['published', 'active'].includes(keyState(key, now)),
  )
  const danger = `${signer.kid} signs now: all its tokens become invalid, and everyone is disconnected from the chats until their page gets a new token`
  return isReady
    ? danger
    : `${danger}. No other key is registered, so no one can enter before Kinescope has registered a new key`
}

/** Counts the visitors that had tokens of revoked keys, or says how to find out. */
export async function affectedLines(
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
  for (const kid of kids) {
    terminal.progress(`Reading ${path}`)
    const deadline = startDeadline(AUDIT_MS)
    try {
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
    } finally {
      deadline.clear()
    }
  }
  return { lines, affected }
}
