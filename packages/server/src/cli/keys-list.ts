import { readApiConfig } from '../config.js'
import { locationText } from '../keys/store/key-store.js'
import { missingFrom } from '../keys/reconcile.js'
import { readPresent } from '../keys/store/ring-store.js'
import { keyByKid } from '../keys/steps.js'
import { JwkApi, type RemoteKey } from '../kinescope/jwk-api.js'
import { settingFlags, type Call, type Command } from './command.js'
import { API_SETTINGS, KEY_SETTINGS, openApi, ringOptions } from './key-command.js'
import { publicJwkOf, viewKeys, type KeyView } from './key-view.js'
import { Shown, escapedJson, shown, stacked, type Text } from './shown.js'
import type { Terminal } from './terminal.js'
import { distanceText, momentAndDistance } from './time-text.js'

const SETTINGS = [...new Set<string>([...KEY_SETTINGS, ...API_SETTINGS])]

export const keysList: Command = {
  name: 'keys list',
  summary: 'the keys of the directory, their states, and what Kinescope lists',
  flags: { removed: { meaning: 'show removed keys too' } },
  settings: SETTINGS,
  notes: [
    'With an API token the list is compared with Kinescope’s; keys that others registered are shown as foreign.',
  ],
  async run(call) {
    const { terminal, now, flags } = call
    const { location } = ringOptions(call)
    const { ring } = await readPresent(location)
    const listed = await listAt(call)
    const views = viewKeys(ring, listed, now())
    const shown = flags['removed'] ? views : views.filter(({ state }) => state !== 'removed')
    const missing = listed ? missingFrom(listed, ring.keys, now()) : []
    const rows = shown.map((key) => row(key, terminal, now()))
    return {
      exit: missing.length > 0 ? 1 : 0,
      data: {
        directory: locationText(location),
        revision: ring.revision,
        keys: shown,
        missingAtKinescope: missing,
      },
      text: stacked(
        rows.length > 0
          ? terminal.table(
              [
                { title: '', inList: 'signs' },
                { title: 'KID' },
                { title: 'STATE' },
                { title: 'BITS', optional: true },
                { title: 'KINESCOPE' },
                { title: 'EXPIRES' },
                { title: 'NEXT' },
              ],
              rows,
            )
          : terminal.line(
              'info',
              `no keys in ${locationText(location)}`,
              '`kinescope-chat-server keys generate` makes one',
            ),
        ...missing.map((kid) =>
          terminal.line('fail', `Kinescope doesn’t list ${kid} (key-not-registered)`, MISSING),
        ),
      ),
    }
  },
}

export const keysShow: Command = {
  name: 'keys show',
  args: ['KID'],
  summary: 'one key with its public JWK and all its times',
  settings: SETTINGS,
  async run(call) {
    const { terminal, now, args } = call
    const { location } = ringOptions(call)
    const { ring } = await readPresent(location)
    const key = keyByKid(ring.keys, args[0]!)
    const listed = await listAt(call)
    const view = viewKeys(ring, listed, now()).find(({ kid }) => kid === key.kid)!
    const jwk = publicJwkOf(key)
    const time = (iso: string | null) => (iso === null ? null : momentAndDistance(iso, now()))
    return {
      exit: 0,
      data: { ...view, file: key.file, publicJwk: jwk },
      text: stacked(
        terminal.prose(shown`${terminal.colours.bold(key.kid)}  ${stateText(view, terminal)}`),
        terminal.facts([
          ['file', `${locationText(location)}/${key.file}`],
          ['size', `${key.bits} bits`],
          ['thumbprint', key.thumbprint],
          [
            'at Kinescope',
            view.atKinescope === null ? key.remoteId : view.atKinescope ? key.remoteId : 'not listed',
          ],
          ['made', time(key.createdAt)],
          ['registered', time(key.publishedAt)],
          ['signs from', time(key.signFrom)],
          ['signs until', time(key.signUntil)],
          ['goes', time(key.removeAfter)],
          ['revoked', time(key.revokedAt)],
          ['removed', time(key.removedAt)],
          ['expires', time(key.expiresAt)],
        ]),
        '',
        Shown.ours(escapedJson(jwk)),
      ),
    }
  },
}

const MISSING =
  'Its tokens are refused. If nobody meant to delete it: `kinescope-chat-server keys register KID`. If it was deleted because it leaked: `kinescope-chat-server keys revoke KID`.'

async function listAt(call: Call): Promise<RemoteKey[] | null> {
  if (readApiConfig(call.env, settingFlags(call)).apiToken === undefined) return null
  call.terminal.progress('Asking Kinescope which keys it has')
  return new JwkApi(openApi(call)).list()
}

function row(key: KeyView, terminal: Terminal, now: number): Text[] {
  const { kid, signs, bits, atKinescope, expiresAt } = key
  return [
    signs ? terminal.colours.green('▶') : ' ',
    kid,
    stateText(key, terminal),
    bits === null ? '' : String(bits),
    atKinescope === null ? '?' : atKinescope ? 'listed' : '–',
    expiresAt === null ? '' : distanceText(expiresAt, now),
    nextText(key, now),
  ]
}

function stateText({ state }: KeyView, { colours }: Terminal): Shown {
  switch (state) {
    case 'active':
      return colours.green(state)
    case 'expired':
    case 'revoked':
      return colours.red(state)
    case 'published':
    case 'retiring':
      return colours.yellow(state)
    case 'generated':
    case 'removed':
    case 'foreign':
      return colours.dim(state)
  }
}

function nextText({ state, signFrom, signUntil, removeAfter }: KeyView, now: number): string {
  if (state === 'active' && signUntil !== null) return `stops ${distanceText(signUntil, now)}`
  if (state === 'published') return signFrom === null ? 'spare' : `signs ${distanceText(signFrom, now)}`
  if (state === 'retiring' && removeAfter !== null) return `goes ${distanceText(removeAfter, now)}`
  if (state === 'generated') return 'register'
  if (state === 'revoked' || state === 'expired') return 'goes at the next reconcile'
  return ''
}
