import { keyState } from '../keys/key-state.js'
import { revoke } from '../keys/revoke.js'
import { UsageProblem, type Command } from './command.js'
import { actionLines } from './key-action-text.js'
import { stacked } from './shown.js'
import {
  API_SETTINGS,
  BITS_FLAG,
  bitsOf,
  BY_HAND_FLAG,
  KEY_SETTINGS,
  LIFE_FLAG,
  withKeys,
} from './key-command.js'

export const keysRevoke: Command = {
  name: 'keys revoke',
  args: ['[KID]'],
  summary: 'take a leaked key out of service at once',
  flags: {
    all: { meaning: 'every key of the ring: the whole directory leaked' },
    ...BITS_FLAG,
    ...LIFE_FLAG,
    ...BY_HAND_FLAG,
  },
  settings: [...new Set<string>([...KEY_SETTINGS, ...API_SETTINGS])],
  notes: [
    'Signs with the published spare, or a new registered key, from the same moment on, and deletes the old key at Kinescope. All tokens of the old key are dead then: every open page has to get a new one.',
  ],
  async run(call) {
    const { terminal, now, flags, args } = call
    const [kid] = args
    if ((kid === undefined) === (flags['all'] !== true)) {
      throw new UsageProblem(
        'keys revoke wants KID or --all',
        'Write: kinescope-chat keys revoke KID (see `kinescope-chat keys list`).',
      )
    }
    const { result, actions } = await withKeys(call, (work) => {
      const kids =
        kid !== undefined
          ? [kid]
          : work.store.ring.keys.filter((key) => keyState(key, now()) !== 'removed').map((key) => key.kid)
      return revoke(work, kids, { bits: bitsOf(call) })
    })
    return {
      exit: 0,
      data: { ...result, actions },
      text: stacked(
        ...actionLines(actions, terminal, now()),
        ...(result.revoked.length === 0
          ? []
          : [
              terminal.line(
                'warn',
                `All tokens signed with ${result.revoked.join(', ')} are dead.`,
                'Open pages get a new token when they ask next; the article adds: tell visitors who must sign in again, and look through the logs for what was done with the key.',
              ),
            ]),
      ),
    }
  },
}
