import { register } from '../keys/register.js'
import { adopt } from '../keys/steps.js'
import { DRY_RUN_FLAG, isDryRun, UsageProblem, textFlag, type Command } from './command.js'
import { givenFile } from './given-input.js'
import { actionLines, BY_HAND_FLAG, KEY_SETTINGS, LIFE_FLAG, dryRunOutcome, withKeys } from './key-command.js'
import { stacked } from './terminal.js'

export const keysRegister: Command = {
  name: 'keys register',
  args: ['[KID]'],
  summary: 'register keys at Kinescope; safe to repeat',
  flags: {
    ...BY_HAND_FLAG,
    adopt: { value: 'FILE', meaning: 'take a private key of another tool (PEM or JWK) into the ring first' },
    kid: {
      value: 'KID',
      meaning: 'the kid the adopted key is known by (default: its JWK’s, else a new one)',
    },
    ...LIFE_FLAG,
    ...DRY_RUN_FLAG,
  },
  settings: KEY_SETTINGS,
  notes: [
    'Without KID, it registers every key of the ring that Kinescope doesn’t list. If no key signs yet, the registered one does. Otherwise it is a spare for `keys rotate` or `keys revoke`.',
    'A lost response makes no second key: the command reads the list before and after.',
  ],
  async run(call) {
    const { terminal, now, args } = call
    const file = textFlag(call, 'adopt')
    const kid = textFlag(call, 'kid')
    if (kid !== undefined && file === undefined) {
      throw new UsageProblem('--kid names an adopted key', 'Add --adopt FILE, or write only the KID.')
    }
    if (file !== undefined && args[0] !== undefined) {
      throw new UsageProblem(
        '--adopt and KID can’t be combined',
        'Write --kid KID for the adopted key’s kid.',
      )
    }
    const text = file === undefined ? null : await givenFile(file, 'adopt')
    const { result, actions } = await withKeys(
      call,
      async (work) => {
        const adopted = text === null ? null : await adopt(work, { text, kid })
        return register(work, { kid: adopted?.kid ?? args[0] })
      },
      // the only way back for a key whose kid isn't its file's name
      { make: text !== null, rebuild: text !== null },
    )
    if (isDryRun(call)) return dryRunOutcome(call, actions)
    const keys = result.map(({ kid, remoteId, publishedAt, signFrom, expiresAt }) => ({
      kid,
      remoteId,
      publishedAt,
      signFrom,
      expiresAt,
    }))
    const spares = keys.filter(({ signFrom }) => signFrom === null)
    return {
      exit: 0,
      data: { keys, actions },
      text: stacked(
        ...actionLines(actions, terminal, now()),
        ...spares.map(({ kid }) =>
          terminal.line('info', `${kid} is a spare`, '`kinescope-chat-server keys rotate` signs with it'),
        ),
      ),
    }
  },
}
