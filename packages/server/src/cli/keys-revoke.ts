import { keyState, type KeyRing } from '../keys/key-state.js'
import { revoke } from '../keys/revoke.js'
import { readExistingStore } from '../keys/store/ring-store.js'
import { DRY_RUN_FLAG, isDryRun, UsageProblem, YES_FLAG, type Command } from './command.js'
import { actionLines } from './key-action-text.js'
import { stacked } from './shown.js'
import {
  API_SETTINGS,
  BITS_FLAG,
  bitsOf,
  BY_HAND_FLAG,
  KEY_SETTINGS,
  LIFE_FLAG,
  dryRunOutcome,
  ringOptions,
  withKeys,
} from './key-command.js'
import { affectedLines, revocationDanger } from './revocation-text.js'

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
  settings: [...new Set<string>([...KEY_SETTINGS, ...API_SETTINGS])],
  notes: [
    'Deletes the old key at Kinescope. The registered spare, or a new key, signs at once. All tokens of the old key become invalid, so every open page needs a new one.',
  ],
  async run(call) {
    const { terminal, now, flags, args } = call
    const [kid] = args
    if ((kid === undefined) === (flags['all'] !== true)) {
      throw new UsageProblem(
        'keys revoke needs KID or --all',
        'Write: kinescope-chat-server keys revoke KID (see `kinescope-chat-server keys list`).',
      )
    }
    const kidsOf = (ring: KeyRing) =>
      kid !== undefined
        ? [kid]
        : ring.keys.filter((key) => keyState(key, now()) !== 'removed').map((key) => key.kid)
    if (!isDryRun(call)) {
      // before the lock: the operator may take long to answer
      const { ring } = await readExistingStore(ringOptions(call).location)
      const danger = revocationDanger(ring, kidsOf(ring), now())
      if (danger) await call.confirm(danger)
    }
    const { result, actions } = await withKeys(call, (work) =>
      revoke(work, kidsOf(work.store.ring), { bits: bitsOf(call) }),
    )
    if (isDryRun(call)) return dryRunOutcome(call, actions)
    const { revoked } = result
    const { lines, affected } =
      revoked.length > 0 ? await affectedLines(call, revoked) : { lines: [], affected: null }
    return {
      exit: 0,
      data: { ...result, affected, actions },
      text: stacked(
        ...actionLines(actions, terminal, now()),
        revoked.length > 0 &&
          terminal.line(
            'warn',
            `All tokens signed with ${revoked.join(', ')} are invalid.`,
            'Open pages get a new token at their next request. Tell visitors who must sign in again. Check the logs for misuse of the key.',
          ),
        ...lines,
      ),
    }
  },
}
