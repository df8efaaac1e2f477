import { reconcile, type Reconciliation } from '../keys/reconcile.js'
import { rotate, type Rotation } from '../keys/rotate.js'
import { DRY_RUN_FLAG, isDryRun, type Command } from './command.js'
import { actionLines } from './key-action-text.js'
import { stacked, type Shown } from './shown.js'
import {
  API_SETTINGS,
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
import type { Terminal } from './terminal.js'
import { momentAndDistance } from './time-text.js'

const FLAGS = { ...PROPAGATION_FLAG, ...BITS_FLAG, ...LIFE_FLAG, ...BY_HAND_FLAG, ...DRY_RUN_FLAG }
const SETTINGS = [...new Set<string>([...KEY_SETTINGS, ...API_SETTINGS])]

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'put a new key in the old one’s place',
  flags: { ...FLAGS, force: { meaning: 'start another rotation although the last one isn’t finished' } },
  settings: SETTINGS,
  notes: [
    'The new key is registered and seen in Kinescope’s list, then waits --propagation seconds before it signs. Nobody has to wait with it: running servers switch by the time in the ring, without a restart. The old key stays registered until every token signed with it is dead; then `keys reconcile` deletes it.',
    'Killed at any point, it goes on where it stopped when it is run again.',
  ],
  async run(call) {
    const { terminal, now, flags } = call
    const options = { propagationMs: propagationMs(call), bits: bitsOf(call), force: flags['force'] === true }
    const { result, actions } = await withKeys(call, (work) => rotate(work, options))
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
  summary: 'do whatever is due, and nothing else; for a daily cron job',
  flags: FLAGS,
  settings: SETTINGS,
  notes: [
    'Deletes keys whose last token is dead, finishes what a killed command began, and starts a rotation when two thirds of the signing key’s life are over. Keys that others registered are never touched.',
  ],
  async run(call) {
    const { terminal, now } = call
    const options = { propagationMs: propagationMs(call), bits: bitsOf(call) }
    const { result, actions } = await withKeys(call, (work) => reconcile(work, options))
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
            `${old} stays registered until its last token is dead`,
            '`kinescope-chat-server keys reconcile` deletes it then; run that daily',
          ),
        ]
      : []
  }
  const { kid, from, retiring } = rotation
  const when = Date.parse(from) > now ? `will sign from ${momentAndDistance(from, now)}` : 'signs already'
  return [
    terminal.line(
      'info',
      `a rotation is under way: ${kid} ${when}`,
      retiring.length === 0 ? undefined : 'for another one before it is finished, add --force',
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
        '`kinescope-chat-server setup --event ID` or `kinescope-chat-server keys generate` begins',
      )
}

const WHAT = { signs: 'signs from', removal: 'is deleted from', rotation: 'gets a successor from' } as const

function outlook({ missing, next }: Reconciliation, terminal: Terminal, now: number): Shown[] {
  return [
    ...missing.map((kid) =>
      terminal.line(
        'fail',
        `Kinescope doesn’t list ${kid}: its tokens are refused (key-not-registered)`,
        `if nobody meant to delete it: \`kinescope-chat-server keys register ${kid}\`; if it leaked: \`kinescope-chat-server keys revoke ${kid}\``,
      ),
    ),
    ...next.map(({ at, what, kid }) =>
      terminal.line('info', `${kid} ${WHAT[what]} ${momentAndDistance(at, now)}`),
    ),
  ]
}
