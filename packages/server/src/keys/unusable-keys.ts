import { OperatorProblem } from '../problem.js'
import { keyState, type KeyRecord, type KeyRing } from './key-state.js'

export interface UnusableKey {
  kid: string
  code: string
  message: string
  remediation: string
}

/** The keys that sign now or may sign later, and whose private half can't be loaded, each with its remedy. */
export async function unusableIn(
  ring: KeyRing,
  load: (key: KeyRecord) => Promise<unknown>,
  now: number,
): Promise<UnusableKey[]> {
  const unusable: UnusableKey[] = []
  for (const key of ring.keys) {
    const state = keyState(key, now)
    if (!['generated', 'published', 'active'].includes(state)) continue
    try {
      await load(key)
    } catch (error) {
      if (!(error instanceof OperatorProblem)) throw error
      const { code } = error
      const message = error.message.includes(key.kid) ? error.message : `${key.kid}: ${error.message}`
      const isLostSpare = code === 'private-key-unreadable' && state !== 'active'
      const remediation = isLostSpare
        ? `Restore the file from a backup, or remove the spare: \`kinescope-chat-server keys revoke ${key.kid}\`.`
        : error.remediation
      unusable.push({ kid: key.kid, code, message, remediation })
    }
  }
  return unusable
}
