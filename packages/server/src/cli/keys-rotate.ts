import { reconcile, type Reconciliation } from '../keys/reconcile.js'
import { rotate, type Rotation } from '../keys/rotate.js'
import { DRY_RUN_FLAG, isDryRun, type Command } from './command.js'
import {
  actionLines,
  BITS_FLAG,
  bitsOf,
  BY_HAND_FLAG,
  KEY_SETTINGS,
  LIFE_FLAG,
  PROPAGATION_FLAG,
  propagationMs,
  dryRunOutcome,
  withKeys,
} from './key-command.js'
import { stacked, type Shown, momentAndDistance, type Terminal } from './terminal.js'

const FLAGS = { ...PROPAGATION_FLAG, ...BITS_FLAG, ...LIFE_FLAG, ...BY_HAND_FLAG, ...DRY_RUN_FLAG }

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'replace the signing key',
  flags: {
    ...FLAGS,
    force: {
      meaning: 'rotate although the last rotation isn’t finished, or Kinescope doesn’t list the signing key',
    },
  },
  settings: KEY_SETTINGS,
  notes: [
    'Registers a new key and finds it in Kinescope’s list. It signs after --propagation seconds. Running servers switch then, without a restart. The old key stays registered until its last token expires; then `keys reconcile` deletes it.',
    'If it is interrupted, run it again: it continues where it stopped.',
  ],
  async run(call) {
    const { terminal, now, flags } = call
    const options = { propagationMs: propagationMs(call), bits: bitsOf(call), force: flags['force'] === true }
    const { result, actions } = await withKeys(call, (work) => {
      terminal.progress('Checking the signing key')
      return rotate(work, options)
    })
    if (isDryRun(call)) return dryRunOutcome(call, actions)
    return {
      exit: 0,
      data: { ...result, actions },
      text: stacked(...actionLines(actions, terminal, now()), ...rotationLines(result, terminal, now())),
    }
  },
}

export const keysReconcile: Command = {
  name: 'keys reconcile',
  summary: 'do what is due; for a daily cron job',
  flags: FLAGS,
  settings: KEY_SETTINGS,
  notes: [
    'Deletes keys whose last token has expired, and finishes interrupted commands. Starts a rotation after two thirds of the signing key’s lifetime. It never changes keys that others registered.',
  ],
  async run(call) {
    const { terminal, now } = call
    const options = { propagationMs: propagationMs(call), bits: bitsOf(call) }
    const { result, actions } = await withKeys(call, (work) => reconcile(work, options), { rebuild: true })
    if (isDryRun(call)) return dryRunOutcome(call, actions)
    const lines = [
      ...actionLines(actions, terminal, now()),
      ...(result.rotation ? rotationLines(result.rotation, terminal, now()) : []),
    ]
    return {
      exit: result.missing.length + result.refused.length > 0 ? 1 : 0,
      data: { ...result, actions },
      text: stacked(
        ...(lines.length > 0 ? lines : [nothingDue(result, terminal)]),
        ...outlook(result, terminal, now()),
      ),
    }
  },
}

function rotationLines(rotation: Rotation, terminal: Terminal, now: number): Shown[] {
  if (rotation.rotation === 'set') {
    const old = rotation.instead.join(', ')
    return old
      ? [
          terminal.line(
            'info',
            `${old} stays registered until its last token expires`,
            '`kinescope-chat-server keys reconcile` deletes it then. Run that daily',
          ),
        ]
      : []
  }
  const { kid, from, retiring } = rotation
  const when = Date.parse(from) > now ? `will sign from ${momentAndDistance(from, now)}` : 'signs already'
  return [
    terminal.line(
      'info',
      `a rotation is in progress: ${kid} ${when}`,
      retiring.length === 0 ? undefined : 'to start another one now, add --force',
    ),
    ...retiring.map((old) =>
      terminal.line('info', `${old.kid} stays registered until ${momentAndDistance(old.removeAfter, now)}`),
    ),
  ]
}

function nothingDue({ next, missing }: Reconciliation, terminal: Terminal): Shown | null {
  if (missing.length > 0) return null
  return next.length > 0
    ? terminal.line('ok', 'nothing is due')
    : terminal.line(
        'info',
        'the ring is empty',
        'Run `kinescope-chat-server setup --event ID`, or `kinescope-chat-server keys generate`.',
      )
}

const WHAT = { signs: 'signs from', removal: 'is deleted from', rotation: 'gets a successor from' } as const

function outlook({ missing, next }: Reconciliation, terminal: Terminal, now: number): Shown[] {
  return [
    ...missing.map((kid) =>
      terminal.line(
        'fail',
        `Kinescope doesn’t list ${kid}: its tokens are rejected (key-not-registered)`,
        `If it was deleted by mistake, run \`kinescope-chat-server keys register ${kid}\`. If it leaked, run \`kinescope-chat-server keys revoke ${kid}\`.`,
      ),
    ),
    ...next.map(({ at, what, kid }) =>
      terminal.line('info', `${kid} ${WHAT[what]} ${momentAndDistance(at, now)}`),
    ),
  ]
}
