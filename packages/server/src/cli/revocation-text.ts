import { startDeadline } from '../net/deadline.js'
import { signingKeyRecord, keyState, type KeyRing } from '../keys/key-state.js'
import { readAudit } from './audit-read.js'
import { visitorCount } from './audit-text.js'
import type { Call } from './command.js'
import type { Shown } from './shown.js'

/** The files of the audit may be large; who revokes a key is in a hurry. */
const PATIENCE_MS = 20_000

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

/** Who held tokens of revoked keys: counted, where the audit is at hand, else how to find out. */
export async function affectedLines(
  call: Call,
  kids: readonly string[],
): Promise<{ lines: Shown[]; affected: { kid: string; visitors: number }[] | null }> {
  const { terminal, env, now } = call
  const path = env['CHAT_AUDIT']
  if (!path || path === '-') {
    const line = terminal.line(
      'info',
      'who held its tokens is in the audit of the token server, if CHAT_AUDIT is set there:',
      `\`kinescope-chat-server audit FILE --kid ${kids[0] ?? 'KID'}\`; \`--visitors\` lists them`,
    )
    return { lines: [line], affected: null }
  }
  const lines: Shown[] = []
  const affected: { kid: string; visitors: number }[] = []
  for (const kid of kids) {
    terminal.progress(`Reading ${path}`)
    try {
      const deadline = startDeadline(PATIENCE_MS)
      const reading = await readAudit(path, { kid }, undefined, deadline.signal)
      deadline.clear()
      const { summary, cut } = reading
      affected.push({ kid, visitors: summary.visitors.size })
      lines.push(
        terminal.line(
          'info',
          `${cut ? 'at least ' : ''}${visitorCount(summary)} visitors held tokens of ${kid}, ${summary.alive(now())} of them one that was still good`,
          `\`kinescope-chat-server audit ${path} --kid ${kid} --visitors\` lists them; rotated files hold more`,
        ),
      )
    } catch (error) {
      // the key is revoked: that the audit can't be read must not look like a failure of that
      const { code = 'unreadable' } = error as { code?: string }
      lines.push(
        terminal.line(
          'warn',
          `who held tokens of ${kid} is not known: ${path} can’t be read (${code})`,
          `\`kinescope-chat-server audit FILE --kid ${kid}\` where the token server writes it`,
        ),
      )
    }
  }
  return { lines, affected }
}
